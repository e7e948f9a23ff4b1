"""The stage's light steps: no model, so they run where the orchestrator runs."""

from livecc_assets.live_cc import clips, selection, words
from livecc_assets.runtime.worker import Task
from livecc_assets.store.videos import COLUMNS


def caption_words(task: Task) -> None:
    """Caption lines to timed words."""
    (source,) = task.inputs["yt_cc_source"]
    columns = ["video_id", *COLUMNS, "title", "category", "subtitles", "caption_words"]
    task.writer.extend(words.caption_words(source.rows(columns), task.config.get("rule", "corrected")))


def caption_clips(task: Task) -> None:
    """Timed words to clips."""
    (source,) = task.inputs["caption_words"]
    task.writer.extend(clips.caption_clips(source.rows(), task.config))


def live_cc(task: Task) -> None:
    """Clips and scores to the training set."""
    batches = selection.clip_batches(task.inputs)
    for piece in selection.join_live_cc(batches, task.config, selection.evaluation_ids(task.inputs)):
        task.writer.add_table(piece.rows)
        task.writer.add_rejected(piece.rejected)
    task.writer.metadata["batches"] = [batch.name for batch in batches]
