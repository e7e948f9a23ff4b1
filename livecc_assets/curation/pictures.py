"""Pictures for the pages of clips, their text losses and the selected sets."""

from typing import Any

from livecc_assets.media.charts import funnel, histogram, loss_histogram
from livecc_assets.media.frames_strip import clip_strip
from livecc_assets.source.pictures import reasons
from livecc_assets.store.artifact import Artifact
from livecc_assets.store.videos import Videos

Drawn = dict[str, bytes | str]


def first_strip(artifact: Artifact) -> Drawn:
    """The first clip as a strip of frames under its words; nothing for an empty artifact."""
    row = next(artifact.rows(), None)
    return {"first clip": clip_strip(row, Videos(artifact.blobs).address)} if row else {}


def clips(artifact: Artifact, config: dict[str, Any]) -> Drawn:
    """What became a clip, how fast people speak, and one clip to look at."""
    speeds = [row["words_per_second"] for row in artifact.rows(["words_per_second"])]
    return {
        "funnel": funnel([("clips", artifact.count, reasons(artifact))]),
        "speed": histogram(speeds, title="Speed of speech", unit="words per second"),
        **first_strip(artifact),
    }


def losses(artifact: Artifact, config: dict[str, Any]) -> Drawn:
    """Distribution of the losses. The band belongs to the selections, so none is drawn here."""
    return {"losses": loss_histogram([row["loss"] for row in artifact.rows(["loss"])], None, None)}


def band_of(config: dict[str, Any]) -> tuple[float | None, float | None]:
    """The selection's loss band; None where a side is open."""
    low, high = config.get("loss") or (None, None)
    return low, high


def selected(artifact: Artifact, config: dict[str, Any]) -> Drawn:
    """The funnel, the losses of what was kept inside the selection's band, and one clip to look at."""
    kept = [row["loss"] for row in artifact.rows(["loss"]) if row["loss"] is not None]
    return {
        "funnel": funnel([("selected", artifact.count, reasons(artifact))]),
        "losses": loss_histogram(kept, *band_of(config), title="Text loss of the selected clips"),
        **first_strip(artifact),
    }
