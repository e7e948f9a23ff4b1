"""SFT data: speech recognised, cut at sentences, scored, given queries, and the selection Live-WhisperX (B1-B6)."""

from typing import Any

from livecc_assets.graph.settings import Settings
from livecc_assets.graph.step import Step, named_batches, part, same, section, unpartitioned
from livecc_assets.store.store import Store


def _recipe(settings: Settings, store: Store, selection: str) -> dict[str, Any]:
    recipe = dict(settings.selections[selection]["live_whisperx"])
    return recipe | {"batches": named_batches(recipe["batches"], store)}


def _batches(settings: Settings, store: Store, selection: str) -> list[str]:
    return _recipe(settings, store, selection)["batches"]


def _asr_config(settings: Settings, store: Store, batch: str) -> dict[str, Any]:
    return dict(section(settings, "asr")) | {"categories": section(settings, "categories")}


def _local_models(config: dict[str, Any]) -> list[str]:
    return [config[key] for key in ("model", "voice_model", "face_model") if ":" in str(config.get(key, ""))]


_SCORES = ("sentence_clip_losses", "active_speaker_ratios", "commentary_queries", "language_scores")


def _scorer(asset: str, description: str, covers: tuple[str, ...], config: str, **options: Any) -> Step:
    return Step(
        asset=asset,
        group="live_whisperx",
        partitioned_by="batch",
        description=description,
        code_version="1",
        covers=covers,
        config=part(config),
        upstream={"sentence_clips": same},
        models=_local_models,
        **options,
    )


STEPS = [
    Step(
        asset="spoken_words",
        group="live_whisperx",
        partitioned_by="batch",
        description="Words with times by speech recognition, for videos of the wanted categories (B1-B2, spec 1.5-1.6).",
        code_version="2",
        covers=("livecc_assets.live_whisperx.asr", "livecc_assets.media.audio"),
        config=_asr_config,
        upstream={"yt_cc_source": same},
        models=lambda config: [config["model"]],
        worker="livecc_assets.live_whisperx.worker",
        pool="gpu",
        pictures="livecc_assets.live_whisperx.pictures:spoken_words",
    ),
    Step(
        asset="sentence_clips",
        group="live_whisperx",
        partitioned_by="batch",
        description="Clips that start at a sentence, with everything said before (B3, spec 1.7).",
        code_version="2",
        covers=("livecc_assets.live_whisperx.clips",),
        config=part("sentence_clips"),
        upstream={"spoken_words": same},
        run="livecc_assets.live_whisperx.tasks:sentence_clips",
        pictures="livecc_assets.live_whisperx.pictures:sentence_clips",
    ),
    _scorer(
        "sentence_clip_losses",
        "Text-only loss of every sentence clip, without context (B4, spec 1.3). No threshold is applied here.",
        ("livecc_assets.curation.text_loss", "livecc_assets.models.text_lm"),
        "text_loss",
        worker="livecc_assets.live_whisperx.worker",
        pool="gpu",
        pictures="livecc_assets.live_whisperx.pictures:losses",
    ),
    _scorer(
        "active_speaker_ratios",
        "Share of the clip in which somebody in view is speaking (B5, spec 1.8). No threshold is applied here.",
        ("livecc_assets.live_whisperx.active_speaker", "livecc_assets.models.faces"),
        "active_speaker",
        worker="livecc_assets.live_whisperx.worker",
        pool="gpu",
        pictures="livecc_assets.live_whisperx.pictures:active_speakers",
    ),
    _scorer(
        "commentary_queries",
        "A generic request that would elicit this style of commentary, for clips that pass the quality gate (B6, spec 1.9).",
        ("livecc_assets.live_whisperx.queries",),
        "queries",
        worker="livecc_assets.live_whisperx.worker",
        pool="judge",
    ),
    _scorer(
        "language_scores",
        "Detected language of the clip's words and the detector's certainty (spec 1.10).",
        ("livecc_assets.live_whisperx.language", "livecc_assets.source.language"),
        "language",
        worker="livecc_assets.live_whisperx.worker",
    ),
    Step(
        asset="live_whisperx",
        group="live_whisperx",
        partitioned_by="selection",
        description="Live-WhisperX: the SFT set. Joins sentence clips with their four scores and applies the "
        "selection's thresholds; scores nothing.",
        code_version="2",
        covers=(
            "livecc_assets.live_whisperx.selection",
            "livecc_assets.curation.criteria",
            "livecc_assets.curation.join",
        ),
        config=_recipe,
        upstream={name: _batches for name in ("sentence_clips", *_SCORES)} | {"evaluation_videos": unpartitioned},
        admit=True,
        run="livecc_assets.live_whisperx.tasks:live_whisperx",
        pictures="livecc_assets.live_whisperx.pictures:live_whisperx",
    ),
]
