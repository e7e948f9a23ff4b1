"""Pre-training data: caption words, clips, their scores, and the selection Live-CC (paper A1-A3, method 1.2-1.4)."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any

from livecc_assets.curation.recipe import batches_of, recipe_of
from livecc_assets.graph.settings import Settings
from livecc_assets.graph.step import Only, step
from livecc_assets.live_cc import pictures
from livecc_assets.runtime.task import Task
from livecc_assets.store.artifact import Artifact

#: The tables of all batches that the selection is made of; a batch whose checks failed is left out.
Selected = Annotated[Sequence[Artifact], batches_of("live_cc")]


def _rule(settings: Settings, batch: str) -> dict[str, Any]:
    return {"rule": settings.profile.caption_clips.rule}


@step(by="batch", version="2", settings=_rule)
def caption_words(task: Task, yt_cc_source: Artifact) -> None:
    """Caption lines split into words with times; what is not spoken is left out and counted by kind (A1, method 1.2)."""
    from collections import Counter

    from livecc_assets.live_cc import columns, words

    videos = yt_cc_source.batches(columns=words.READ, batch_rows=columns.ROWS)
    dropped: Counter[str] = Counter()
    task.writer.add_pieces(words.word_tables(videos, task.config["rule"], dropped))
    task.writer.metadata["dropped"] = dict(sorted(dropped.items()))


@step(by="batch", version="1", settings="caption_clips", preview=pictures.caption_clips)
def caption_clips(task: Task, caption_words: Artifact) -> None:
    """Clips of continuous speech with their previous words, title and speed (A1, method 1.2)."""
    from livecc_assets.live_cc import clips, columns

    videos = caption_words.batches(batch_rows=columns.ROWS)
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
def caption_clip_losses(task: Task, caption_clips: Artifact) -> None:
    """Text-only language-model loss of every clip's words given the title and the previous words (A2, method 1.3).

    No threshold is applied here.
    """
    from livecc_assets.curation.text_loss import score_clips

    score_clips(task, caption_clips)


@step(
    by="batch",
    version="2",
    settings="talking_head",
    models=("model",),
    worker=True,
    pool="gpu",
    preview=pictures.talking_heads,
)
def talking_head_scores(task: Task, yt_cc_source: Artifact) -> None:
    """How sure the scorer is that someone shows their face and talks, from 8 frames of each video (A3, method 1.4).

    No threshold is applied here.
    """
    from livecc_assets.live_cc import talking_head

    config = task.config
    task.progress(0, yt_cc_source.count, f"loading {config['model']}")
    scorer = talking_head.load_scorer(config, task.home)
    videos = yt_cc_source.rows(["video_id", "batch", "path"])
    frames = config.get("frames", 8)
    score = partial(talking_head.talking_head_scores, address_of=task.videos.address, scorer=scorer, frames=frames)
    task.writer.extend(task.resumable(videos, score, yt_cc_source.count, "videos scored"))
    task.writer.metadata |= {"scorer": config["scorer"], "model": config["model"]} | talking_head.substitute(config)


@step(by="selection", version="1", settings=recipe_of("live_cc"), leaves_out=True, preview=pictures.live_cc)
def live_cc(
    task: Task,
    caption_clips: Selected,
    caption_clip_losses: Selected,
    talking_head_scores: Selected,
    evaluation_videos: Only,
) -> None:
    """Live-CC: the pre-training set (A1-A3, method 1.4).

    Joins clips with their scores, applies the selection's thresholds and ranks by distinct words; scores nothing.
    """
    from livecc_assets.curation.inputs import evaluation_ids
    from livecc_assets.live_cc import selection

    batches = selection.clip_batches(caption_clips, caption_clip_losses, talking_head_scores)
    task.writer.add_pieces(selection.join_live_cc(batches, task.config, evaluation_ids(evaluation_videos)))
    task.writer.metadata["batches"] = [batch.name for batch in batches]
