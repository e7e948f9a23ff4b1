"""Pictures for the pages of the Live-WhisperX assets."""

from typing import Any

from livecc_assets.live_cc import pictures as live_cc_pictures
from livecc_assets.live_cc.pictures import Drawn
from livecc_assets.media.charts import funnel, histogram
from livecc_assets.source.pictures import reasons
from livecc_assets.store.artifact import Artifact

losses = live_cc_pictures.losses
sentence_clips = live_cc_pictures.caption_clips
live_whisperx = live_cc_pictures.live_cc


def spoken_words(artifact: Artifact, config: dict[str, Any]) -> Drawn:
    """Videos whose speech was recognised, and why the others were not."""
    return {"funnel": funnel([("videos", artifact.count, reasons(artifact))])}


def active_speakers(artifact: Artifact, config: dict[str, Any]) -> Drawn:
    """Distribution of the ratios."""
    ratios = [row["ratio"] for row in artifact.rows(["ratio"])]
    return {"ratios": histogram(ratios, title=f"Active-speaker ratio ({config['scorer']})")}


__all__ = ["active_speakers", "live_whisperx", "losses", "sentence_clips", "spoken_words"]
