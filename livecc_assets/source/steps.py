"""YT-CC-Source: the pool of captioned videos (spec 1.0), and the ids that must never train."""

from typing import Any

from livecc_assets.graph.settings import Settings
from livecc_assets.graph.step import Step, section, unpartitioned
from livecc_assets.store.store import Store


def _source_config(settings: Settings, store: Store, batch: str) -> dict[str, Any]:
    about = store.batch(batch)
    own = {"captions": about.get("captions", "required")}
    if about.get("category"):
        own["category"] = about["category"]
    return dict(section(settings, "source")) | own


def _listing(settings: Settings, store: Store, batch: str) -> str:
    from livecc_assets.source.tasks import batch_listing

    return batch_listing(store.batch(batch))


def _evaluation_config(settings: Settings, store: Store, partition: str) -> dict[str, Any]:
    """The profile's ``evaluation_videos``: ids, and files of one id a line. The sample world lists its own, once made."""
    config = dict(settings.profile.get("evaluation_videos") or {})
    files = dict(config.get("files") or {})
    if config.pop("sample_world", False):
        from livecc_assets.sample.published import published
        from livecc_assets.sample.world import evaluation_list

        if listed := published(evaluation_list(settings.home), store.blobs):
            files["sample-world"] = listed
    return config | {"files": files}


STEPS = [
    Step(
        asset="yt_cc_source",
        group="source",
        partitioned_by="batch",
        description="Videos of one source batch that pass the metadata and caption filters, with their captions "
        "(YT-CC-Source, paper 3.1). Media stay where they are; a row carries their sha256.",
        code_version="2",
        covers=("livecc_assets.source", "livecc_assets.media.opening", "livecc_assets.media.frames"),
        config=_source_config,
        models=lambda config: [config["caption_language_model"]],
        fingerprint=_listing,
        worker="livecc_assets.source.worker",
        pictures="livecc_assets.source.pictures:yt_cc_source",
    ),
    Step(
        asset="evaluation_videos",
        group="source",
        partitioned_by=None,
        description="Ids of every video that a benchmark uses; the selections keep them out of training (paper 4.1).",
        code_version="1",
        covers=("livecc_assets.source.tasks",),
        config=_evaluation_config,
        upstream={"livesports_events": unpartitioned},
        optional=frozenset({"livesports_events"}),
        files=("files.*",),
        run="livecc_assets.source.tasks:evaluation_videos",
    ),
]
