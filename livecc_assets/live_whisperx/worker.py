"""Worker of the Live-WhisperX stage: the steps that need a model or an endpoint."""

from collections.abc import Callable

from livecc_assets.live_cc.worker import losses_main
from livecc_assets.runtime.worker import Task, run
from livecc_assets.store.videos import COLUMNS


def spoken_words(task: Task) -> None:
    """Speech recognition. Config: the ``asr`` section and ``categories``."""
    from livecc_assets.live_whisperx import asr

    (source,) = task.inputs["yt_cc_source"]
    task.progress(0, source.count, f"loading {task.config['model']}")
    recogniser = asr.FasterWhisper.load(task.config, task.home)
    task.writer.extend(
        asr.spoken_words(
            source.rows(["video_id", *COLUMNS, "title", "category"]),
            task.videos.address,
            recogniser,
            task.config.get("categories"),
            lambda done: task.progress(done, source.count, "videos heard"),
        )
    )
    task.writer.metadata |= {"model": task.config["model"], "engine": "faster-whisper, word times without alignment"}


def active_speaker_ratios(task: Task) -> None:
    """Who is seen speaking. Config: scorer (face-and-voice | light-asd), model, voice_model."""
    from livecc_assets.live_whisperx import active_speaker

    (clips,) = task.inputs["sentence_clips"]
    scorer = active_speaker.load_scorer(task.config, task.home)
    task.writer.extend(
        active_speaker.active_speaker_ratios(
            clips.rows(["clip_id", "video_id", "batch", "path", "start", "end"]),
            task.videos.address,
            scorer,
            lambda done: task.progress(done, clips.count, "clips watched"),
        )
    )
    task.writer.metadata |= {"scorer": task.config["scorer"], "model": task.config["model"]}
    if task.config["scorer"] == "face-and-voice":
        task.writer.metadata["substitute"] = "seconds with a face in view and a voice, in place of Light-ASD"


def commentary_queries(task: Task) -> None:
    """Requests that would elicit the commentary. Config: writer (template | openai), model, base_url, workers."""
    from livecc_assets.live_whisperx import queries

    (clips,) = task.inputs["sentence_clips"]
    writer = queries.load_writer(task.config)
    task.writer.extend(
        queries.commentary_queries(
            clips.rows(["clip_id", "video_id", "category", "words", "words_per_second"]),
            writer,
            task.config.get("workers", 16 if task.config["writer"] == "openai" else 1),
            lambda done: task.progress(done, clips.count, "clips judged"),
        )
    )
    task.writer.metadata["writer"] = task.config.get("model", task.config["writer"])
    if task.config["writer"] == "template":
        task.writer.metadata["substitute"] = "requests by category and pace, in place of the paper's GPT-4o"


def language_scores(task: Task) -> None:
    """Language of each clip's words. Config: model."""
    from livecc_assets.live_whisperx import language
    from livecc_assets.source.language import detector

    (clips,) = task.inputs["sentence_clips"]
    task.writer.extend(
        language.language_scores(
            clips.rows(["clip_id", "video_id", "words"]),
            detector(task.config["model"], task.home),
            lambda done: task.progress(done, clips.count, "clips read"),
        )
    )
    task.writer.metadata["model"] = task.config["model"]


MAINS: dict[str, Callable[[Task], None]] = {
    "spoken_words": spoken_words,
    "sentence_clip_losses": losses_main("sentence_clips"),
    "active_speaker_ratios": active_speaker_ratios,
    "commentary_queries": commentary_queries,
    "language_scores": language_scores,
}

if __name__ == "__main__":
    run(MAINS)
