"""From training sets to checkpoints: general instructions, LiveCC-Base and LiveCC-Instruct (paper 5.1, spec 2)."""

from typing import Any

from livecc_assets.graph.settings import Settings
from livecc_assets.graph.step import Step, same, section
from livecc_assets.store.store import Store


def _stage(settings: Settings, experiment: str, name: str) -> dict[str, Any]:
    """Hyper-parameters of a stage; a stage without data is carried by reference ("train": false)."""
    text = settings.experiments[experiment]
    stage, data = (text.stage1, text.live_cc) if name == "stage1" else (text.stage2, text.live_whisperx)
    return stage.as_config() | {"train": bool(data), "video": section(settings, "video")}


def _stage1(settings: Settings, store: Store, experiment: str) -> dict[str, Any]:
    return _stage(settings, experiment, "stage1")


def _stage2(settings: Settings, store: Store, experiment: str) -> dict[str, Any]:
    return _stage(settings, experiment, "stage2")


def _selection(name: str) -> Any:
    def pick(settings: Settings, store: Store, experiment: str) -> list[str]:
        chosen = getattr(settings.experiments[experiment], name)
        return [chosen] if chosen else []

    return pick


def _sources(settings: Settings, store: Store, experiment: str) -> list[str]:
    return sorted(settings.experiments[experiment].instructions)


def _instructions(settings: Settings, store: Store, source: str) -> dict[str, Any]:
    return {"source": source} | settings.profile.instructions[source].as_config()


_COVERS = ("livecc_assets.training", "livecc_assets.models.qwen2_vl", "livecc_assets.media.sampling")

STEPS = [
    Step(
        asset="general_instructions",
        group="instructions",
        partitioned_by="source",
        description="Image, multi-image and video question answering mixed into SFT (spec 2.7).",
        code_version="1",
        covers=("livecc_assets.training.tasks", "livecc_assets.sample.instructions"),
        config=_instructions,
        run="livecc_assets.training.tasks:general_instructions",
    ),
    Step(
        asset="livecc_base",
        group="checkpoints",
        partitioned_by="experiment",
        description="LiveCC-Base: streaming pre-training on Live-CC, vision frozen (stage 1). Experiments with the "
        "same data and hyper-parameters share one checkpoint.",
        code_version="1",
        covers=_COVERS,
        config=_stage1,
        upstream={"live_cc": _selection("live_cc")},
        models=lambda config: [config["init_model"]],
        worker="livecc_assets.training.worker",
        pool="gpu",
        schemas="livecc_assets.training.schemas",
        shared=True,
        pictures="livecc_assets.training.pictures:checkpoint",
    ),
    Step(
        asset="livecc_instruct",
        group="checkpoints",
        partitioned_by="experiment",
        description="LiveCC-Instruct: SFT on Live-WhisperX and general instructions, from LiveCC-Base (stage 2).",
        code_version="1",
        covers=_COVERS,
        config=_stage2,
        upstream={
            "livecc_base": same,
            "live_whisperx": _selection("live_whisperx"),
            "general_instructions": _sources,
        },
        worker="livecc_assets.training.worker",
        pool="gpu",
        schemas="livecc_assets.training.schemas",
        shared=True,
        pictures="livecc_assets.training.pictures:checkpoint",
    ),
]
