"""A graph of four small steps with the shape of the real one: batch → batch (worker) → selection → all."""

import json
import time
from pathlib import Path
from typing import Any

import pyarrow as pa

from livecc_assets.core.errors import UserError
from livecc_assets.graph.settings import Settings
from livecc_assets.graph.step import Step, same
from livecc_assets.runtime.worker import Task, run
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


def numbers(task: Task) -> None:
    _calls(task.home, "numbers")
    for value in json.loads(Path(task.config["uri"], "numbers.json").read_text()):
        if value is None:
            task.writer.add(Rejected("v?", "error", "broken", "not a number", "v?"))
        else:
            task.writer.add({"video_id": f"v{value}", "value": value})


def doubled(task: Task) -> None:
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
    (source,) = task.inputs["numbers"]
    for done, row in enumerate(source.rows(), 1):
        task.progress(done, source.count)
        task.writer.add(row | {"value": 2 * row["value"]})


def picked(task: Task) -> None:
    _calls(task.home, "picked")
    for artifact in task.inputs["doubled"]:
        for row in artifact.rows():
            if row["value"] >= task.config["at_least"]:
                task.writer.add({"batch": artifact.partition} | row)
            else:
                detail = f"{row['value']} is below {task.config['at_least']}"
                task.writer.add(Rejected(row["video_id"], "filtered", "too_small", detail, row["video_id"]))


def _batch_config(settings: Settings, store: Store, batch: str) -> dict[str, Any]:
    return {"uri": store.batch(batch)["uri"]}


def _content(settings: Settings, store: Store, batch: str) -> str:
    return Path(store.batch(batch)["uri"], "numbers.json").read_text()


def _recipe(settings: Settings, store: Store, selection: str) -> dict[str, Any]:
    wanted = settings.selections[selection].live_cc
    assert wanted is not None
    return {"batches": wanted.batches, "at_least": wanted.size}


def _batches(settings: Settings, store: Store, selection: str) -> list[str]:
    return _recipe(settings, store, selection)["batches"]


def _step(asset: str, by: Any, **options: Any) -> Step:
    options.setdefault("config", lambda settings, store, partition: {})
    options.setdefault("code_version", "1")
    return Step(asset, "toy", by, f"toy {asset}", covers=(), schemas="toy", **options)


STEPS = {
    step.asset: step
    for step in (
        _step("numbers", "batch", config=_batch_config, fingerprint=_content, run="toy:numbers"),
        _step("doubled", "batch", upstream={"numbers": same}, worker="toy"),
        _step("picked", "selection", config=_recipe, upstream={"doubled": _batches}, admit=True, run="toy:picked"),
    )
}

if __name__ == "__main__":
    run({"doubled": doubled})
