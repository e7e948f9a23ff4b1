"""Commentary of an experiment's model over the benchmark (paper 4.2, method 4.2)."""

from typing import Any

from livecc_assets.commentary import pictures
from livecc_assets.graph.settings import Settings
from livecc_assets.graph.step import Only, section, step
from livecc_assets.runtime.task import Task
from livecc_assets.store.artifact import Artifact


def frames_as_trained(settings: Settings, experiment: str) -> dict[str, Any]:
    """The video settings, and whether the experiment's models were trained blind; they are then run blind, too."""
    return {"video": section(settings, "video"), "blank_frames": settings.experiments[experiment].blank_frames}


def published_videos(settings: Settings) -> dict[str, Any]:
    """The folder of the videos that a published benchmark came with; proposed events lie in source batches."""
    about = settings.profile.livesports
    return {"videos": about.videos} if about.proposer == "published" and about.videos else {}


def _commentary(settings: Settings, experiment: str) -> dict[str, Any]:
    own = settings.experiments[experiment]
    instruct = {"instruct": bool(own.live_whisperx) or own.instruct}
    run = section(settings, "commentary") | frames_as_trained(settings, experiment)
    run |= {"rule": own.rules} if own.rules else {}
    return run | instruct | own.commentary.as_config() | published_videos(settings)


@step(
    by="experiment",
    group="scores",
    version="4",
    settings=_commentary,
    files=("videos",),
    worker=True,
    pool="gpu",
    preview=pictures.commentary,
)
def livesports_commentary(task: Task, livecc_instruct: Artifact, livesports_events: Only) -> None:
    """The experiment's model comments every event of the benchmark, live, from what is visible so far (method 4.2)."""
    from livecc_assets.commentary.benchmark import comment_benchmark

    comment_benchmark(task, livecc_instruct, livesports_events)
