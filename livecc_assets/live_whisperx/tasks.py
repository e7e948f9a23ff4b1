"""The stage's light steps: no model, so they run where the orchestrator runs."""

from livecc_assets.curation.inputs import evaluation_ids
from livecc_assets.live_whisperx import clips, selection
from livecc_assets.runtime.worker import Task


def sentence_clips(task: Task) -> None:
    """Recognised words to clips that start at a sentence."""
    (source,) = task.inputs["spoken_words"]
    task.writer.extend(clips.sentence_clips(source.rows(), task.config))


def live_whisperx(task: Task) -> None:
    """Clips and scores to the training set."""
    batches = selection.sentence_batches(task.inputs)
    for piece in selection.join_live_whisperx(batches, task.config, evaluation_ids(task.inputs)):
        task.writer.add_table(piece.rows)
        task.writer.add_rejected(piece.rejected)
    task.writer.metadata["batches"] = [batch.name for batch in batches]
