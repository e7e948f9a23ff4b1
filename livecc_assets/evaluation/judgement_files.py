"""Judgement files as others publish them: whose winners they name, and the rows that are no verdict (method 4.3)."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from livecc_assets.core.errors import UserError
from livecc_assets.core.ids import id_fault, shown_id
from livecc_assets.core.text import brief
from livecc_assets.evaluation.files import read_records, require_columns
from livecc_assets.store.rows import Rejected

OPPONENT = "GPT-4o"
COLUMNS = ("video_event_id", "ab_winner", "ba_winner")
#: How this project names the two sides where a file does not name models.
OURS = {"model", "opponent"}
#: Winners of calls that brought no verdict.
_NONE = (None, "", "error")


class Judged(NamedTuple):
    """A file's verdicts: winners are 'model', 'opponent' or 'tie', and what could not be counted stands aside."""

    model: str
    opponent: str
    rows: list[dict[str, Any]]
    rejected: list[Rejected]
    canaries: dict[str, list[int]] | None = None


def read_judged(path: Path, model: str | None = None, opponent: str | None = None) -> Judged:
    """Verdicts {video_event_id, ab_winner, ba_winner}, winners named by model.

    Of two names the one that is not the opponent is the model. UserError where the file names a third, or neither.
    A row that is no verdict, or the second one of its event, is rejected as an error.
    """
    records = read_records(path)
    require_columns(path, records, COLUMNS, "expected a judgement file")
    model, opponent = _sides(path, records, model, opponent)
    side = {model: "model", opponent: "opponent", "tie": "tie"}
    rows: dict[str, dict[str, Any]] = {}
    rejected = []
    for number, record in enumerate(records, start=1):
        key, winners = record["video_event_id"], [record["ab_winner"], record["ba_winner"]]
        if fault := _fault(key, winners, rows):
            name = shown_id(key)
            rejected.append(Rejected(name, "error", fault[0], f"record {number}: {fault[1]}", name.rpartition("_")[0]))
            continue
        ab, ba = (side[winner] for winner in winners)
        rows[str(key)] = {"video_event_id": str(key), "ab_winner": ab, "ba_winner": ba}
    told = next((record["canaries"] for record in records if _are_canaries(record.get("canaries"))), None)
    return Judged(model, opponent, list(rows.values()), rejected, told)


def _are_canaries(found: Any) -> bool:
    """Whether these are a judge's canaries: by kind how many passed, of how many."""
    return isinstance(found, dict) and all(
        isinstance(one, list) and len(one) == 2 and all(isinstance(count, int) for count in one)
        for one in found.values()
    )


def _fault(key: Any, winners: list[Any], rows: dict[str, Any]) -> tuple[str, str] | None:
    """(Reason, detail) of a row that does not count."""
    if fault := id_fault(key):
        return "malformed_id", f"video_event_id {shown_id(key)!r} {fault}"
    for order, winner in zip(("ab_winner", "ba_winner"), winners, strict=True):
        if winner in _NONE:
            return "no_verdict", f"{order} is {winner!r}"
        if not isinstance(winner, str):
            return "malformed_winner", f"{order} is {brief(winner)!r}, no name"
    return ("duplicate", "the event was judged in a row before") if str(key) in rows else None


def _sides(path: Path, records: Iterable[dict[str, Any]], model: str | None, opponent: str | None) -> tuple[str, str]:
    winners = (record[order] for record in records for order in ("ab_winner", "ba_winner"))
    names = {name: None for name in winners if isinstance(name, str) and name not in ("tie", *_NONE)}
    if names and names.keys() <= OURS:
        if names.keys() & {model, opponent} == names.keys() or not (model or opponent):
            return model or "model", opponent or "opponent"
        return _renamed(records, model or "model", opponent or "opponent")
    opponent = opponent or OPPONENT
    others = [name for name in names if name != opponent]
    if model is None:
        if len(others) == 2 and opponent not in names:
            both = " and ".join(f"'{brief(name, 60)}'" for name in others)
            raise UserError(f"{path}: judged are {both}; name the opponent with --opponent")
        model = others[0] if others else "model"
    strange = [name for name in others if name != model]
    if strange:
        known = f"{model!r}, {opponent!r} or 'tie'"
        raise UserError(
            f"{path}: winner '{brief(strange[0], 60)}' is not {known}; name the two with --model and --opponent"
        )
    return model, opponent


def _renamed(records: Iterable[dict[str, Any]], model: str, opponent: str) -> tuple[str, str]:
    """Names for the sides of a file that calls them 'model' and 'opponent'."""
    names = {"model": model, "opponent": opponent}
    for record in records:
        for order in ("ab_winner", "ba_winner"):
            if isinstance(record[order], str):
                record[order] = names.get(record[order], record[order])
    return model, opponent
