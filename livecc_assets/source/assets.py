"""YT-CC-Source, the pool of captioned videos (method 1.0), and the ids that must never train."""

from collections.abc import Mapping
from typing import Any

from livecc_assets.graph.settings import Settings
from livecc_assets.graph.step import Only, step
from livecc_assets.runtime.task import Task
from livecc_assets.source import pictures
from livecc_assets.store.store import Store


def _listing(settings: Settings, store: Store, batch: str) -> str:
    from livecc_assets.source.folders import batch_listing

    return batch_listing(store.batch(batch))


@step(
    by="batch",
    version="3",
    settings="source",
    registered=("captions", "category", "follow_links"),
    fingerprint=_listing,
    models=("caption_language_model",),
    worker=True,
    preview=pictures.yt_cc_source,
)
def yt_cc_source(task: Task) -> None:
    """Videos of one source batch that pass the metadata and caption filters, with their captions (YT-CC-Source, paper 3.1).

    Media stay where they are; a row carries their sha256.
    """
    from livecc_assets.source.batch import read_batch

    read_batch(task)


def _lists(settings: Settings, store: Store, partition: str) -> Mapping[str, Any]:
    from livecc_assets.source.named_lists import named_lists

    return {"files": named_lists(settings, store)}


@step(by=None, version="1", settings="evaluation_videos", found=_lists, files=("files.*",))
def evaluation_videos(task: Task, livesports_events: Only | None = None) -> None:
    """Ids of every video that a benchmark uses; the selections keep them out of training (paper 4.1)."""
    from livecc_assets.source.evaluation_lists import evaluation_ids

    task.writer.extend(evaluation_ids(task.config, livesports_events))
