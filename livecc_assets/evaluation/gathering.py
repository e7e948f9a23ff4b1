"""Every experiment's scores, how they were got and their versions, as the leaderboard reads them."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from livecc_assets.evaluation import leaderboard as board
from livecc_assets.evaluation import single_scores
from livecc_assets.evaluation.board_formats import text
from livecc_assets.evaluation.board_page import page
from livecc_assets.evaluation.conditions import Conditions, Data, answer_conditions, commentary_conditions, events_data
from livecc_assets.evaluation.event_f1 import EventF1
from livecc_assets.evaluation.measures import MEASURES
from livecc_assets.evaluation.tables import add_text
from livecc_assets.runtime.task import Task
from livecc_assets.store.artifact import Artifact
from livecc_assets.store.manifest import digest

ANSWERS = "answers.jsonl"
#: Files of the leaderboard: the JSON document, and the single scores.
DOCUMENT, SINGLES = "leaderboard.json", "singles.parquet"
#: Assets whose rows are no scores.
_OTHERS = ("livesports_commentary", "livesports_judgements")


def gather(artifacts: Iterable[Artifact], events: Artifact | None) -> dict[str, board.ExperimentScores]:
    """Scores and commentary by experiment, which is their partition; with versions of them and of what they read.

    There are no events where other benchmarks alone were asked.
    """
    found: dict[str, dict[str, Artifact]] = {}
    for artifact in artifacts:
        found.setdefault(artifact.partition, {})[artifact.asset] = artifact
    scorer = EventF1(list(events.rows()) if events else [])
    data = events_data(events) if events else "published"
    return {name: _gathered(found[name], events, scorer, data) for name in sorted(found)}


def _gathered(
    by_asset: dict[str, Artifact], events: Artifact | None, scorer: EventF1, data: Data
) -> board.ExperimentScores:
    versions: dict[str, str] = {}
    for artifact in by_asset.values():
        pins = {f"{pin.asset}[{pin.partition}]": pin.data_version for pin in artifact.manifest.upstream}
        versions |= pins | {f"{artifact.asset}[{artifact.partition}]": artifact.data_version}
    said, judged = (by_asset.get(asset) for asset in _OTHERS)
    commentary = list(said.rows()) if said else []
    conditions: dict[str, Conditions] = {}
    singles: list[dict[str, Any]] = []
    chances: dict[str, float] = {}
    scores = {asset: one for asset, one in by_asset.items() if asset not in _OTHERS}
    # A score that is not made anew yet may be of earlier events, of which it is not known here what they were.
    pins = [pin for one in scores.values() for pin in one.manifest.upstream if pin.asset == "livesports_events"]
    scored_on = pins[0].data_version if pins else None
    now = data if events is None or scored_on in (None, events.data_version) else None
    for asset, score in scores.items():
        if asset == "livesports_cc_score":
            assert events is not None  # its judgements are of them
            own = conditions[asset] = commentary_conditions(score, said, judged, scored_on or "", now)
            if judged:
                ordered = any(row["metric"] == single_scores.GAP and row["value"] is not None for row in score.rows())
                singles += _based(own.basis, single_scores.judged(list(judged.rows()), own.rules, ordered))
            if said and now and any(scorer.truth.values()):
                singles += _based(digest(events.data_version), single_scores.named(commentary, scorer))
        else:
            own = conditions[asset] = answer_conditions(score, now)
            lines = single_scores.read_answers(score.path(ANSWERS).read_text("utf-8")) if ANSWERS in score.names else []
            for measure in (one for one in MEASURES if one.asset == asset):
                level = single_scores.chance(lines, measure.of or measure.name, measure.subset)
                chances |= {measure.name: level} if level is not None else {}
                if not measure.of:
                    singles += _based(own.basis, single_scores.answered(measure.name, lines, own.rules))
    rows = {asset: list(score.rows()) for asset, score in scores.items()}
    return board.ExperimentScores(rows, commentary, versions, conditions, chances, singles)


def write_board(task: Task, experiments: Mapping[str, board.ExperimentScores], events: board.Rows) -> None:
    """The rows, the document, the page as text, and every single score of every experiment."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = board.leaderboard_rows(experiments, events)
    document = board.document(rows, board.sight(experiments, rows))
    task.writer.extend(rows)
    add_text(task, DOCUMENT, json.dumps(document, indent=2))
    add_text(task, "leaderboard.txt", text(page(document)))
    singles = [{"experiment": name} | row for name, one in experiments.items() for row in one.singles]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / SINGLES
        pq.write_table(pa.Table.from_pylist(singles, single_scores.SCHEMA), path)
        task.writer.add_file(path, SINGLES)


def read_singles(found: Artifact) -> list[dict[str, Any]] | None:
    """The single scores behind a leaderboard; None for one that an earlier version made."""
    import pyarrow.parquet as pq

    return pq.read_table(found.path(SINGLES)).to_pylist() if SINGLES in found.names else None


def _based(basis: str, singles: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    return ({**one, "basis": basis} for one in singles)
