"""Checkpoints: resumable ones that only this machine reads, and the finished model in the Hugging Face layout."""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from livecc_assets.models.links import led
from livecc_assets.models.qwen2_vl import TOKENIZER_FILES
from livecc_assets.store.manifest import digest
from livecc_assets.store.rows import Rejected
from livecc_assets.training.data import Cursor

RESUME = "resume.json"


@dataclass(frozen=True)
class ResumePoint:
    """A complete intermediate checkpoint: its DeepSpeed tag, the steps done, where each rank reads on, and the log so far."""

    tag: str
    step: int
    identity: str
    cursors: list[Cursor]
    log: list[dict[str, Any]]
    totals: dict[str, float] = field(default_factory=dict)
    window: dict[str, Any] = field(default_factory=dict)


def identity(config: Mapping[str, Any], rows: int, world_size: int) -> str:
    """What must be equal for a checkpoint to be continued: hyper-parameters, data and the number of ranks."""
    return digest(dict(config), rows, world_size)


def read_resume(folder: Path, expected: str) -> ResumePoint | None:
    """The last complete checkpoint in ``folder``, or None. DeepSpeed's own ``latest`` file is not trusted: it is written
    before the rest is safe."""
    path = folder / RESUME
    if not path.is_file():
        return None
    found = json.loads(path.read_text("utf-8"))
    if found["identity"] != expected or not (folder / found["tag"]).is_dir():
        return None
    cursors = [
        Cursor(one["position"], {int(index): Rejected(**row) for index, row in one["rejected"].items()})
        for one in found.pop("cursors")
    ]
    return ResumePoint(**found, cursors=cursors)


def write_resume(folder: Path, point: ResumePoint) -> None:
    """Makes ``point`` the one to resume from, at once and durably, then removes older checkpoints.

    Called by one rank after every rank has written its part.
    """
    staged = folder / f".{RESUME}.{os.getpid()}"
    with staged.open("w", encoding="utf-8") as file:
        json.dump(asdict(point), file)
        file.flush()
        os.fsync(file.fileno())
    staged.replace(folder / RESUME)
    for other in folder.glob("step-*"):
        if other.name != point.tag:
            shutil.rmtree(other, ignore_errors=True)


def write_model(model: Any, state: Mapping[str, Any] | None, init: Path, folder: Path) -> list[Path]:
    """The model with its configuration and the initial model's tokenizer and preprocessor files; returns the files.

    ``state`` are gathered weights where the model holds only a shard of them (ZeRO-3).
    """
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(str(folder), **({"state_dict": dict(state)} if state is not None else {}))
    copy_model_files(init, folder, TOKENIZER_FILES)
    return sorted(path for path in folder.rglob("*") if path.is_file())


def copy_model_files(source: Path, folder: Path, names: tuple[str, ...]) -> None:
    """Copies those of ``names`` that ``source`` has and ``folder`` has not. UserError where a link leads out of ``source``: a
    checkpoint is published, and would take along whatever file of this machine the link names."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        if (source / name).is_file() and not (folder / name).exists():
            shutil.copyfile(led(source / name, source), folder / name)
