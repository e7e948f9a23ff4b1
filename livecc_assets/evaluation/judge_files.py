"""Judging two files of commentary against a file of events, outside any experiment (method 4.3).

The same judges, prompts and rows as the asset `livesports_judgements`. Winners are written by name, as in published files.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from livecc_assets.core.errors import UserError
from livecc_assets.evaluation.files import read_records
from livecc_assets.evaluation.judge import Judge, Texts, judgements
from livecc_assets.evaluation.livesports_files import import_events
from livecc_assets.evaluation.opponent import captions_file, name_of, predictions_file
from livecc_assets.runtime.resuming import flowing
from livecc_assets.store.rows import Rejected

Row = dict[str, Any]


class Pair(NamedTuple):
    """Two commentaries of the same events, by key, with the names under which they win; events that cannot be used."""

    events: list[Row]
    unusable: list[Rejected]
    model: str
    said: Texts
    opponent: str
    others: Texts


def read_pair(predictions: Path, opponent: Path, events: Path, model_name: str = "", opponent_name: str = "") -> Pair:
    """The three files. Raises UserError for one that cannot be used, and for two names that cannot be told apart.

    An event's `truth`, which published files lack, is taken along for the judge `event-f1`.
    """
    names = model_name or name_of(str(predictions)), opponent_name or name_of(str(opponent))
    if names[0] == names[1] or "tie" in names:
        raise UserError(f"{names[0]!r} and {names[1]!r} would not tell who won; choose --name and --opponent-name")
    rows = list(import_events(events))
    found = [row for row in rows if not isinstance(row, Rejected)]
    if not found:
        first = next((f": {row.detail}" for row in rows if isinstance(row, Rejected)), "")
        raise UserError(f"{events}: not one event can be used{first}; expected the config LiveSports_3K_CC")
    truths = {(str(one["video_id"]), str(one["event_id"])): one.get("truth") for one in read_records(events)}
    found = [row | {"truth": truths.get((row["video_id"], str(row["event_id"])))} for row in found]
    unusable = [row for row in rows if isinstance(row, Rejected)]
    return Pair(found, unusable, names[0], predictions_file(predictions), names[1], captions_file(opponent, found))


def judged(judge: Judge, pair: Pair) -> Iterator[Row | Rejected]:
    """A judgement row, or the reason why there is none, for each event in order; as many at once as the judge takes."""

    def one(event: Row) -> list[Row | Rejected]:
        return list(judgements(judge, pair.said, [event], pair.opponent, pair.others))

    for rows in flowing(pair.events, one, judge.workers):
        yield from rows


def published(row: Row, pair: Pair, canaries: Mapping[str, Any] | None = None) -> Row:
    """A judgement row as published files have it, winners by name, with what else is known beside: of the judge, how it did on
    its canaries."""
    names = {"model": pair.model, "opponent": pair.opponent, "tie": "tie"}
    votes = json.loads(row["votes"]) if row["votes"] else None
    return {
        "video_event_id": row["video_event_id"],
        "ab_winner": names[row["ab_winner"]],
        "ba_winner": names[row["ba_winner"]],
        "judge": row["judge"],
        "model": pair.model,
        "opponent": pair.opponent,
        "score_model": row["score_model"],
        "score_opponent": row["score_opponent"],
        **({"canaries": dict(canaries)} if canaries else {}),
        "votes": votes and {judge: [names[call] for call in calls] for judge, calls in votes.items()},
    }


def errors_beside(output: Path) -> Path:
    """Where the events without a verdict are listed."""
    return output.with_name(f"{output.stem}.errors.jsonl")


def write_files(
    output: Path,
    rows: Sequence[Row],
    errors: Sequence[Rejected],
    pair: Pair,
    canaries: Mapping[str, Any] | None = None,
) -> None:
    """The verdicts, and beside them the events without one, if there are any; each file whole or not at all."""
    _write(output, (published(row, pair, canaries) for row in rows))
    beside = errors_beside(output)
    beside.unlink(missing_ok=True)
    if errors:
        _write(beside, ({"video_event_id": one.id, "reason": one.reason, "detail": one.detail} for one in errors))


def _write(path: Path, rows: Iterable[Row]) -> None:
    draft = path.with_name(f".{path.name}.part")
    draft.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    draft.replace(path)
