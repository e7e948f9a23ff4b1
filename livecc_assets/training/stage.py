"""One stage of training: LiveCC-Base or LiveCC-Instruct with DeepSpeed, and the model stored (method 2.7).

Runs as one process, or under torchrun as several that share the work; only the first of them writes the artifact.
"""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from livecc_assets.core.errors import UserError
from livecc_assets.models.checkpoint import REFERENCE, checkpoint_folder
from livecc_assets.models.reference import resolve
from livecc_assets.runtime.task import Task
from livecc_assets.store.artifact import Artifact
from livecc_assets.training.config import TrainingConfig
from livecc_assets.training.data import Source
from livecc_assets.training.rows import row_file

#: Assets whose rows are clips, and those whose rows are conversations.
CLIPS, CONVERSATIONS = ("live_cc", "live_whisperx"), ("general_instructions",)


def train_stage(task: Task) -> None:
    """Trains on every training set among the inputs, from the stage before it or from the configured model."""
    media = dict(task.config.get("media") or {})
    config = TrainingConfig.from_mapping({key: value for key, value in task.config.items() if key != "media"})
    inputs = [artifact for name in (*CLIPS, *CONVERSATIONS) for artifact in task.inputs.get(name, [])]
    metadata = task.writer.metadata
    metadata["data_versions"] = {f"{one.asset}/{one.partition}": one.data_version for one in _all(task)}
    metadata["initial_model"] = _initial_name(task, config)
    if not config.train or not inputs:
        _carry_on(task, config)
        return
    # Only now: a checkpoint taken by reference needs no torch.
    from livecc_assets.training.trainer import train

    work = task.home / "training" / task.input_key
    rows = task.home / "training" / "rows"
    sources = [
        Source(
            one.asset,
            row_file(one, rows),
            task.videos.address,
            one.asset in CONVERSATIONS,
            media.get(one.partition, "") if one.asset in CONVERSATIONS else "",
        )
        for one in inputs
    ]
    init = _initial_folder(task, config)
    task.progress(0, None, "loading the model and DeepSpeed")
    outcome = train(init, sources, config, task.home, work, lambda step, total, m: task.progress(step, total, "", **m))
    for rejected in outcome.rejected:
        task.writer.add(rejected)
    for path in outcome.files:
        task.writer.add_file(path, path.relative_to(work / "model").as_posix())
    metadata.update(outcome.facts)
    metadata["loss"] = [[entry["step"], round(entry["loss"], 5)] for entry in outcome.log]
    if outcome.log:
        metadata["final_loss"] = round(outcome.log[-1]["loss"], 5)
    metadata["skipped"] = len(outcome.rejected)
    if outcome.files:
        # Everything is stored; only the manifest is missing, and it is written next.
        shutil.rmtree(work, ignore_errors=True)


def _all(task: Task) -> Iterator[Artifact]:
    for artifacts in task.inputs.values():
        yield from artifacts


def _initial_name(task: Task, config: TrainingConfig) -> str:
    if base := task.inputs.get("livecc_base"):
        return f"livecc_base/{base[0].partition}@{base[0].data_version}"
    if not config.init_model:
        raise UserError("training: init_model is missing: name the model to start from, e.g. hub:Qwen/Qwen2-VL-7B")
    return config.init_model


def _initial_folder(task: Task, config: TrainingConfig) -> Path:
    """Folder of the model to start from: the stage before, where there is one."""
    if base := task.inputs.get("livecc_base"):
        return checkpoint_folder(base[0], task.home)
    return resolve(config.init_model, task.home)


def _carry_on(task: Task, config: TrainingConfig) -> None:
    """A stage without training: its checkpoint is the initial model, by reference where it has one."""
    reference = config.init_model
    if base := task.inputs.get("livecc_base"):
        if REFERENCE not in base[0].names:
            folder = base[0].folder()
            for path in sorted(folder.rglob("*")):
                if path.is_file():
                    task.writer.add_file(path, path.relative_to(folder).as_posix())
            return
        reference = json.loads(base[0].path(REFERENCE).read_text("utf-8"))["model"]
    path = task.home / "training" / f"{task.input_key}-{REFERENCE}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"model": reference}), "utf-8")
    task.writer.add_file(path, REFERENCE)
    path.unlink()
