"""From training sets to checkpoints: general instructions, LiveCC-Base and LiveCC-Instruct (paper 5.1, spec 2)."""

from typing import Any

from livecc_assets.core.errors import UserError
from livecc_assets.graph.settings import Settings
from livecc_assets.graph.step import Step, same, section
from livecc_assets.store.store import Store


def _stage(settings: Settings, experiment: str, name: str) -> dict[str, Any]:
    """Hyper-parameters of a stage; a stage without data is carried by reference ("train": false)."""
    text = settings.experiments[experiment]
    stage = dict(text.get(name) or {})
    data = text.get({"stage1": "live_cc", "stage2": "live_whisperx"}[name])
    if not data and name == "stage1" and "init_model" not in stage:
        raise UserError(f"experiments/{experiment}.yaml: stage1 needs init_model, the model to start from")
    return stage | {"train": bool(data), "video": section(settings, "video")}


def _stage1(settings: Settings, store: Store, experiment: str) -> dict[str, Any]:
    return _stage(settings, experiment, "stage1")


def _stage2(settings: Settings, store: Store, experiment: str) -> dict[str, Any]:
    from livecc_assets.training.tasks import media_root

    about = settings.profile.get("instructions") or {}
    sources = [source for source in _sources(settings, store, experiment) if source in about]
    media = {source: media_root(about[source], settings.home, store.blobs) for source in sources}
    return _stage(settings, experiment, "stage2") | ({"media": media} if media else {})


def _selection(name: str) -> Any:
    def pick(settings: Settings, store: Store, experiment: str) -> list[str]:
        chosen = settings.experiments[experiment].get(name)
        return [chosen] if chosen else []

    return pick


def _sources(settings: Settings, store: Store, experiment: str) -> list[str]:
    text = settings.experiments[experiment]
    return sorted(text.get("instructions") or []) if text.get("live_whisperx") else []


def _instructions(settings: Settings, store: Store, source: str) -> dict[str, Any]:
    return {"source": source} | dict(section(settings, "instructions")[source])


_COVERS = ("livecc_assets.training", "livecc_assets.models.qwen2_vl", "livecc_assets.media.sampling")

STEPS = [
    Step(
        asset="general_instructions",
        group="instructions",
        partitioned_by="source",
        description="Image, multi-image and video question answering mixed into SFT (spec 2.7).",
        code_version="2",
        covers=("livecc_assets.training.tasks", "livecc_assets.sample.instructions"),
        config=_instructions,
        files=("jsonl",),
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
        places=("media.*",),
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
