"""Rows of inputs, headline values and text files of the evaluation's artifacts."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from livecc_assets.runtime.task import Task
from livecc_assets.store.artifact import Artifact

#: What a score's note says of the published code's defects.
RELEASED = "released rules"


def rows_of(artifacts: Iterable[Artifact], columns: list[str] | None = None) -> Iterator[dict[str, Any]]:
    """Rows of all partitions of an input."""
    for artifact in artifacts:
        yield from artifact.rows(columns)


def headline(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Values over the whole benchmark, for the asset's page."""
    return {row["metric"]: row["value"] for row in rows if row["subset"] == "all" and row["value"] is not None}


def with_rule(rows: list[dict[str, Any]], rule: str | None) -> list[dict[str, Any]]:
    """The rows of a score; under ``released`` each note says so."""
    if rule != "released":
        return rows
    return [row | {"note": "; ".join(filter(None, (row["note"], RELEASED)))} for row in rows]


def add_text(task: Task, name: str, text: str) -> None:
    """Add a text file to the artifact."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_text(text, encoding="utf-8")
        task.writer.add_file(path, name)
