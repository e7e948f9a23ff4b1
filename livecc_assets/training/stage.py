"""One stage of training: LiveCC-Base or LiveCC-Instruct with DeepSpeed, and the model stored (method 2.7).

Runs as one process, or under torchrun as several that share the work; only the first of them writes the artifact.
"""

import json
import shutil
from collections.abc import Sequence

from livecc_assets.core.errors import UserError
from livecc_assets.models.checkpoint import REFERENCE, checkpoint_folder
from livecc_assets.models.reference import digest, resolve
from livecc_assets.models.tuning import write_tuning
from livecc_assets.runtime.task import Task
from livecc_assets.store.artifact import Artifact
from livecc_assets.training.config import TrainingConfig
from livecc_assets.training.data import Source
from livecc_assets.training.rows import row_file

#: The asset whose rows are conversations; those of the others are clips.
CONVERSATIONS = "general_instructions"


def train_stage(task: Task, base: Artifact | None, sets: Sequence[Artifact]) -> None:
    """Trains on the training sets, from the checkpoint of the stage before or, without one, from the configured model."""
    media = dict(task.config.get("media") or {})
    config = TrainingConfig.from_mapping({key: value for key, value in task.config.items() if key != "media"})
    metadata = task.writer.metadata
    metadata["data_versions"] = {
        f"{one.asset}/{one.partition}": one.data_version for one in (*([base] if base else ()), *sets)
    }
    metadata["initial_model"] = _initial_name(base, config)
    if not config.train or not sets:
        _carry_on(task, base, config)
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
            one.asset == CONVERSATIONS,
            media.get(one.partition, "") if one.asset == CONVERSATIONS else "",
        )
        for one in sets
    ]
    init = checkpoint_folder(base, task.home) if base else resolve(config.init_model, task.home)
    task.progress(0, None, "loading the model and DeepSpeed")
    outcome = train(init, sources, config, task.home, work, lambda step, total, m: task.progress(step, total, "", **m))
    for rejected in outcome.rejected:
        task.writer.add(rejected)
    if outcome.files:  # on the first rank alone
        tuning = write_tuning(work / "model", task.asset == "livecc_instruct")
        outcome.files.append(tuning)
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


def _initial_name(base: Artifact | None, config: TrainingConfig) -> str:
    if base:
        return f"{base.asset}/{base.partition}@{base.data_version}"
    if not config.init_model:
        raise UserError("training: init_model is missing: name the model to start from, e.g. hub:Qwen/Qwen2-VL-7B")
    return config.init_model


def _carry_on(task: Task, base: Artifact | None, config: TrainingConfig) -> None:
    """A stage without training: its checkpoint is the initial model, by reference where it has one."""
    reference = config.init_model
    if base:
        if REFERENCE not in base.names:
            folder = base.folder()
            for path in sorted(folder.rglob("*")):
                if path.is_file():
                    task.writer.add_file(path, path.relative_to(folder).as_posix())
            return
        reference = json.loads(base.path(REFERENCE).read_text("utf-8"))["model"]
    path = task.home / "training" / f"{task.input_key}-{REFERENCE}"
    path.parent.mkdir(parents=True, exist_ok=True)
    # With the digest, or other weights under the same name would be this checkpoint to all that is made from it.
    path.write_text(json.dumps({"model": reference, "digest": digest(reference)}), "utf-8")
    task.writer.add_file(path, REFERENCE)
    path.unlink()
