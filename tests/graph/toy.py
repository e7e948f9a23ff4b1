"""A graph of four small steps with the shape of the real one: batch → batch (worker) → selection → all."""

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import pyarrow as pa

from livecc_assets.core.errors import AbsentFolderError, UserError
from livecc_assets.graph.settings import Settings
from livecc_assets.graph.step import step, steps_of
from livecc_assets.runtime.task import Task
from livecc_assets.runtime.worker import run
from livecc_assets.store.artifact import Artifact
from livecc_assets.store.rows import Rejected
from livecc_assets.store.store import Store

SCHEMAS = {
    "numbers": pa.schema([("video_id", pa.string()), ("value", pa.int64())]),
    "doubled": pa.schema([("video_id", pa.string()), ("value", pa.int64())]),
    "picked": pa.schema([("batch", pa.string()), ("video_id", pa.string()), ("value", pa.int64())]),
}


def _calls(home: Path, name: str) -> None:
    with (home / "calls.txt").open("a") as file:
        file.write(name + "\n")


def _content(settings: Settings, store: Store, batch: str) -> str:
    folder = Path(store.batch(batch)["uri"])
    if not folder.is_dir():
        raise AbsentFolderError(f"{folder}: the batch's folder is gone")
    return (folder / "numbers.json").read_text()


@step(by="batch", version="1", group="toy", schemas="toy", registered=("uri",), fingerprint=_content)
def numbers(task: Task) -> None:
    """toy numbers"""
    _calls(task.home, "numbers")
    for value in json.loads(Path(task.config["uri"], "numbers.json").read_text()):
        if value is None:
            task.writer.add(Rejected("v?", "error", "broken", "not a number", "v?"))
        else:
            task.writer.add({"video_id": f"v{value}", "value": value})


@step(by="batch", version="1", group="toy", schemas="toy", worker="toy")
def doubled(task: Task, numbers: Artifact) -> None:
    """toy doubled"""
    _calls(task.home, "doubled")
    pause = task.home / "pause.txt"
    if pause.exists():
        time.sleep(float(pause.read_text()))
    while (task.home / "gate.txt").exists():
        time.sleep(0.05)
    trouble = task.home / "trouble.txt"
    if trouble.exists():
        raise RuntimeError(trouble.read_text())
    mistake = task.home / "mistake.txt"
    if mistake.exists():
        raise UserError(mistake.read_text())
    for done, row in enumerate(numbers.rows(), 1):
        task.progress(done, numbers.count)
        task.writer.add(row | {"value": 2 * row["value"]})


def _recipe(settings: Settings, selection: str) -> dict[str, Any]:
    wanted = settings.selections[selection].live_cc
    assert wanted is not None
    return {"batches": wanted.batches, "at_least": wanted.size}


def _batches(settings: Settings, store: Store, selection: str) -> list[str]:
    return _recipe(settings, selection)["batches"]


@step(by="selection", version="1", group="toy", schemas="toy", settings=_recipe, leaves_out=True)
def picked(task: Task, doubled: Annotated[Sequence[Artifact], _batches]) -> None:
    """toy picked"""
    _calls(task.home, "picked")
    for artifact in doubled:
        for row in artifact.rows():
            if row["value"] >= task.config["at_least"]:
                task.writer.add({"batch": artifact.partition} | row)
            else:
                detail = f"{row['value']} is below {task.config['at_least']}"
                task.writer.add(Rejected(row["video_id"], "filtered", "too_small", detail, row["video_id"]))


STEPS = steps_of(sys.modules[__name__])

if __name__ == "__main__":
    run(STEPS)
