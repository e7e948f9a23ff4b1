"""Pre-training data: caption words, clips, their scores, and the selection Live-CC (paper A1-A3)."""

from typing import Any

from livecc_assets.graph.settings import Settings
from livecc_assets.graph.step import Step, named_batches, part, same, section, unpartitioned
from livecc_assets.store.store import Store


def _recipe(settings: Settings, store: Store, selection: str) -> dict[str, Any]:
    recipe = dict(settings.selections[selection]["live_cc"])
    return recipe | {"batches": named_batches(recipe["batches"], store)}


def _batches(settings: Settings, store: Store, selection: str) -> list[str]:
    return _recipe(settings, store, selection)["batches"]


def _words_config(settings: Settings, store: Store, batch: str) -> dict[str, Any]:
    return {"rule": section(settings, "caption_clips")["rule"]}


STEPS = [
    Step(
        asset="caption_words",
        group="live_cc",
        partitioned_by="batch",
        description="Caption lines split into words with times (A1, spec 1.2).",
        code_version="2",
        covers=("livecc_assets.live_cc.words",),
        config=_words_config,
        upstream={"yt_cc_source": same},
        run="livecc_assets.live_cc.tasks:caption_words",
    ),
    Step(
        asset="caption_clips",
        group="live_cc",
        partitioned_by="batch",
        description="Clips of continuous speech with their previous words, title and speed (A1, spec 1.2).",
        code_version="2",
        covers=("livecc_assets.live_cc.clips",),
        config=part("caption_clips"),
        upstream={"caption_words": same},
        run="livecc_assets.live_cc.tasks:caption_clips",
        pictures="livecc_assets.live_cc.pictures:caption_clips",
    ),
    Step(
        asset="caption_clip_losses",
        group="live_cc",
        partitioned_by="batch",
        description="Text-only language-model loss of every clip's words given the title and the previous words "
        "(A2, spec 1.3). No threshold is applied here.",
        code_version="1",
        covers=("livecc_assets.curation.text_loss", "livecc_assets.models.text_lm"),
        config=part("text_loss"),
        upstream={"caption_clips": same},
        models=lambda config: [config["model"]],
        worker="livecc_assets.live_cc.worker",
        pool="gpu",
        pictures="livecc_assets.live_cc.pictures:losses",
    ),
    Step(
        asset="talking_head_scores",
        group="live_cc",
        partitioned_by="batch",
        description="How sure the scorer is that someone shows their face and talks, from 8 frames of each video "
        "(A3, spec 1.4). No threshold is applied here.",
        code_version="1",
        covers=("livecc_assets.live_cc.talking_head", "livecc_assets.models.faces"),
        config=part("talking_head"),
        upstream={"yt_cc_source": same},
        models=lambda config: [config["model"]],
        worker="livecc_assets.live_cc.worker",
        pool="gpu",
        pictures="livecc_assets.live_cc.pictures:talking_heads",
    ),
    Step(
        asset="live_cc",
        group="live_cc",
        partitioned_by="selection",
        description="Live-CC: the pre-training set. Joins clips with their scores, applies the selection's thresholds "
        "and ranks by distinct words; scores nothing.",
        code_version="2",
        covers=("livecc_assets.live_cc.selection", "livecc_assets.curation.criteria", "livecc_assets.curation.join"),
        config=_recipe,
        upstream={
            "caption_clips": _batches,
            "caption_clip_losses": _batches,
            "talking_head_scores": _batches,
            "evaluation_videos": unpartitioned,
        },
        admit=True,
        run="livecc_assets.live_cc.tasks:live_cc",
        pictures="livecc_assets.live_cc.pictures:live_cc",
    ),
]
