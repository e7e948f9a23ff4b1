"""From training sets to checkpoints: general instructions, LiveCC-Base and LiveCC-Instruct (paper 5.1, method 2)."""

from collections.abc import Sequence
from typing import Annotated, Any

from livecc_assets.graph.settings import Settings
from livecc_assets.graph.settings.experiment import Training
from livecc_assets.graph.step import section, step
from livecc_assets.runtime.task import Task
from livecc_assets.store.artifact import Artifact
from livecc_assets.store.store import Store
from livecc_assets.training import pictures


def _source(settings: Settings, source: str) -> dict[str, Any]:
    return {"source": source} | settings.profile.instructions[source].as_config()


def _stage(settings: Settings, stage: Training, data: str | None) -> dict[str, Any]:
    """Hyper-parameters of a stage; a stage without data is carried by reference ("train": false)."""
    return stage.as_config() | {"train": bool(data), "video": section(settings, "video")}


def _stage1(settings: Settings, name: str) -> dict[str, Any]:
    experiment = settings.experiments[name]
    return _stage(settings, experiment.stage1, experiment.live_cc)


def _stage2(settings: Settings, name: str) -> dict[str, Any]:
    experiment = settings.experiments[name]
    return _stage(settings, experiment.stage2, experiment.live_whisperx)


def _media(settings: Settings, store: Store, name: str) -> dict[str, Any]:
    """Where the pictures and clips of each source of instructions lie."""
    from livecc_assets.training.instructions import media_root

    about = settings.profile.instructions
    sources = [source for source in _sources(settings, store, name) if source in about]
    roots = {source: media_root(about[source].as_config(), settings.home, store.blobs) for source in sources}
    return {"media": roots} if roots else {}


def _live_cc(settings: Settings, store: Store, experiment: str) -> list[str]:
    chosen = settings.experiments[experiment].live_cc
    return [chosen] if chosen else []


def _live_whisperx(settings: Settings, store: Store, experiment: str) -> list[str]:
    chosen = settings.experiments[experiment].live_whisperx
    return [chosen] if chosen else []


def _sources(settings: Settings, store: Store, experiment: str) -> list[str]:
    return sorted(settings.experiments[experiment].instructions)


@step(by="source", group="instructions", version="1", settings=_source, files=("jsonl",))
def general_instructions(task: Task) -> None:
    """Image, multi-image and video question answering mixed into SFT (method 2.7)."""
    from livecc_assets.training.instructions import instruction_rows

    task.writer.extend(instruction_rows(task))


@step(
    by="experiment",
    group="checkpoints",
    version="3",
    settings=_stage1,
    models=("init_model",),
    worker=True,
    pool="gpu",
    shared=True,
    preview=pictures.checkpoint,
)
def livecc_base(task: Task, live_cc: Annotated[Sequence[Artifact], _live_cc]) -> None:
    """LiveCC-Base: streaming pre-training on Live-CC, vision frozen (stage 1, method 2.7).

    Experiments with the same data and hyper-parameters share one checkpoint.
    """
    from livecc_assets.training.stage import train_stage

    train_stage(task, None, live_cc)


@step(
    by="experiment",
    group="checkpoints",
    version="3",
    settings=_stage2,
    found=_media,
    places=("media.*",),
    worker=True,
    pool="gpu",
    shared=True,
    preview=pictures.checkpoint,
)
def livecc_instruct(
    task: Task,
    livecc_base: Artifact,
    live_whisperx: Annotated[Sequence[Artifact], _live_whisperx],
    general_instructions: Annotated[Sequence[Artifact], _sources],
) -> None:
    """LiveCC-Instruct: SFT on Live-WhisperX and general instructions, from LiveCC-Base (stage 2, method 2.7)."""
    from livecc_assets.training.stage import train_stage

    train_stage(task, livecc_base, [*live_whisperx, *general_instructions])
