"""SFT data: speech recognised, cut at sentences, scored, given queries, and the selection Live-WhisperX (paper B1-B6)."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any

from livecc_assets.curation.recipe import batches_of, recipe_of
from livecc_assets.graph.settings import Settings
from livecc_assets.graph.step import Only, section, step
from livecc_assets.live_whisperx import pictures
from livecc_assets.runtime.task import Task
from livecc_assets.store.artifact import Artifact

#: The tables of all batches that the selection is made of; a batch whose checks failed is left out.
Selected = Annotated[Sequence[Artifact], batches_of("live_whisperx")]


def _asr(settings: Settings, batch: str) -> dict[str, Any]:
    return section(settings, "asr") | {"categories": settings.profile.categories}


@step(
    by="batch",
    version="3",
    settings=_asr,
    models=("model",),
    worker=True,
    pool="gpu",
    preview=pictures.spoken_words,
)
def spoken_words(task: Task, yt_cc_source: Artifact) -> None:
    """Words with times by speech recognition, for videos of the wanted categories (B1-B2, method 1.5-1.6)."""
    from livecc_assets.live_whisperx import asr
    from livecc_assets.store.videos import COLUMNS

    config = task.config
    task.progress(0, yt_cc_source.count, f"loading {config['model']}")
    recogniser = asr.FasterWhisper.load(config, task.home)
    videos = yt_cc_source.rows(["video_id", *COLUMNS, "title", "category", "duration"])
    address, categories = task.videos.address, config["categories"]
    hear = partial(
        asr.spoken_words,
        address_of=address,
        recogniser=recogniser,
        categories=categories,
        rule=config.get("rule", "corrected"),
    )
    task.writer.extend(task.resumable(videos, hear, yt_cc_source.count, "videos heard"))
    task.writer.metadata |= {"model": config["model"], "engine": "faster-whisper, word times without alignment"}


@step(by="batch", version="1", settings="sentence_clips", preview=pictures.sentence_clips)
def sentence_clips(task: Task, spoken_words: Artifact) -> None:
    """Clips that start at a sentence, with everything said before (B3, method 1.7)."""
    from livecc_assets.live_cc import columns
    from livecc_assets.live_whisperx import clips

    videos = spoken_words.batches(batch_rows=columns.ROWS)
    task.writer.add_pieces(clips.clip_tables(videos, task.config))


@step(
    by="batch",
    version="2",
    settings="text_loss",
    models=("model",),
    worker=True,
    pool="gpu",
    preview=pictures.losses,
)
def sentence_clip_losses(task: Task, sentence_clips: Artifact) -> None:
    """Text-only loss of every sentence clip, without context (B4, method 1.3). No threshold is applied here."""
    from livecc_assets.curation.text_loss import score_clips

    score_clips(task, sentence_clips)


@step(
    by="batch",
    version="3",
    settings="active_speaker",
    models=("model", "voice_model", "face_model"),
    worker=True,
    pool="gpu",
    preview=pictures.active_speakers,
)
def active_speaker_ratios(task: Task, sentence_clips: Artifact) -> None:
    """Share of the clip in which somebody in view is speaking (B5, method 1.8). No threshold is applied here."""
    from livecc_assets.live_whisperx import active_speaker

    config = task.config
    scorer = active_speaker.load_scorer(config, task.home)
    rule = config.get("rule", "corrected")
    words = ["words"] if rule == "released" else []
    clips = sentence_clips.rows(["clip_id", "video_id", "batch", "path", "start", "end", *words])
    watch = partial(active_speaker.active_speaker_ratios, address_of=task.videos.address, scorer=scorer, rule=rule)
    task.writer.extend(task.resumable(clips, watch, sentence_clips.count, "clips watched"))
    task.writer.metadata |= {"scorer": config["scorer"], "model": config["model"]} | active_speaker.substitute(config)


@step(
    by="batch",
    version="2",
    settings="queries",
    unkeyed=("base_url", "api_key_env", "workers", "timeout", "retry_refused", "price", "budget"),
    worker=True,
    pool="judge",
)
def commentary_queries(task: Task, sentence_clips: Artifact) -> None:
    """A generic request that would elicit this style of commentary, for clips that pass the quality gate (B6, method 1.9)."""
    from livecc_assets.live_whisperx import queries

    config = task.config
    writer = queries.load_writer(config, task.writer.blobs)
    clips = sentence_clips.rows(["clip_id", "video_id", "category", "words", "words_per_second"])
    paid = config["writer"] == "openai"
    workers = config.get("workers") or (16 if paid else 1)
    ask = partial(queries.commentary_queries, write=writer)
    asked = task.resumable(clips, ask, sentence_clips.count, "clips judged", at_once=workers, paid=paid)
    task.writer.extend(asked)
    task.writer.metadata |= {"writer": config.get("model") or config["writer"]} | queries.substitute(config)


@step(by="batch", version="1", settings="language", models=("model",), worker=True)
def language_scores(task: Task, sentence_clips: Artifact) -> None:
    """Detected language of the clip's words and the detector's certainty (method 1.10)."""
    from livecc_assets.live_whisperx import language
    from livecc_assets.source.language import detector

    clips = sentence_clips.rows(["clip_id", "video_id", "words"])
    read = partial(language.language_scores, detect=detector(task.config["model"], task.home))
    task.writer.extend(task.resumable(clips, read, sentence_clips.count, "clips read"))
    task.writer.metadata["model"] = task.config["model"]


@step(by="selection", version="1", settings=recipe_of("live_whisperx"), leaves_out=True, preview=pictures.live_whisperx)
def live_whisperx(
    task: Task,
    sentence_clips: Selected,
    sentence_clip_losses: Selected,
    active_speaker_ratios: Selected,
    commentary_queries: Selected,
    language_scores: Selected,
    evaluation_videos: Only,
) -> None:
    """Live-WhisperX: the SFT set (B1-B6, method 1.10).

    Joins sentence clips with their four scores and applies the selection's thresholds; scores nothing.
    """
    from livecc_assets.curation.inputs import evaluation_ids
    from livecc_assets.live_whisperx import selection

    batches = selection.sentence_batches(
        sentence_clips, sentence_clip_losses, active_speaker_ratios, commentary_queries, language_scores
    )
    task.writer.add_pieces(selection.join_live_whisperx(batches, task.config, evaluation_ids(evaluation_videos)))
    task.writer.metadata["batches"] = [batch.name for batch in batches]
