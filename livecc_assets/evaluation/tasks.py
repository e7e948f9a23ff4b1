"""The benchmark's steps that need no model: events, questions, commentary score, leaderboard."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from livecc_assets.evaluation import leaderboard as board
from livecc_assets.evaluation.cc_score import cc_score_rows
from livecc_assets.evaluation.livesports import propose_events
from livecc_assets.evaluation.livesports_files import import_events, import_questions
from livecc_assets.evaluation.questions import propose_questions
from livecc_assets.runtime.worker import Task
from livecc_assets.store.artifact import Artifact
from livecc_assets.store.uris import local_path

PUBLISHED = "published"


def rows_of(task: Task, asset: str, columns: list[str] | None = None) -> Iterator[dict[str, Any]]:
    """Rows of all partitions of an input."""
    for artifact in task.inputs.get(asset, []):
        yield from artifact.rows(columns)


def livesports_events(task: Task) -> None:
    """Propose events from sentence clips, or import the published ones (`proposer: published`, `events_file`)."""
    if task.config.get("proposer") == PUBLISHED:
        task.writer.extend(import_events(local_path(task.config["events_file"])))
        return
    source = rows_of(task, "yt_cc_source", ["video_id", "truth"])
    task.writer.extend(propose_events(rows_of(task, "sentence_clips"), source, task.config))


def livesports_questions(task: Task) -> None:
    """Questions about the events' truth, or the published ones (`proposer: published`, `questions_file`)."""
    if task.config.get("proposer") == PUBLISHED:
        task.writer.extend(import_questions(local_path(task.config["questions_file"])))
        return
    task.writer.extend(propose_questions(rows_of(task, "livesports_events"), task.config))


def livesports_cc_score(task: Task) -> None:
    """Score rows of one experiment's commentary."""
    judged, commentary, events = (
        list(rows_of(task, asset)) for asset in ("livesports_judgements", "livesports_commentary", "livesports_events")
    )
    rows = cc_score_rows(judged, commentary, events, task.config)
    task.writer.extend(rows)
    task.writer.metadata |= headline(rows)


def leaderboard(task: Task) -> None:
    """Gather every experiment's scores; also writes leaderboard.json and leaderboard.txt."""
    events = list(rows_of(task, "livesports_events"))
    rows = board.leaderboard_rows(gather(task.inputs), events)
    task.writer.extend(rows)
    with tempfile.TemporaryDirectory() as folder:
        for name, content in (
            ("leaderboard.json", json.dumps(board.document(rows), indent=2)),
            ("leaderboard.txt", board.text(rows)),
        ):
            path = Path(folder) / name
            path.write_text(content, encoding="utf-8")
            task.writer.add_file(path, name)


def gather(inputs: dict[str, list[Artifact]]) -> dict[str, board.ExperimentScores]:
    """Score and commentary artifacts by experiment, which is their partition; with versions of them and of what they read."""
    scores: dict[str, dict[str, list[dict[str, Any]]]] = {}
    commentary: dict[str, list[dict[str, Any]]] = {}
    versions: dict[str, dict[str, str]] = {}
    for asset, artifacts in inputs.items():
        if asset == "livesports_events":
            continue
        for artifact in artifacts:
            name = artifact.partition
            pins = {f"{pin.asset}[{pin.partition}]": pin.data_version for pin in artifact.manifest.upstream}
            own = {f"{asset}[{name}]": artifact.data_version}
            versions.setdefault(name, {}).update(pins | own)
            if asset == "livesports_commentary":
                commentary[name] = list(artifact.rows())
            else:
                scores.setdefault(name, {})[asset] = list(artifact.rows())
    return {
        name: board.ExperimentScores(scores.get(name, {}), commentary.get(name, ()), versions[name])
        for name in sorted(versions)
    }


def headline(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Values over the whole benchmark, for the asset's page."""
    return {row["metric"]: row["value"] for row in rows if row["subset"] == "all" and row["value"] is not None}
