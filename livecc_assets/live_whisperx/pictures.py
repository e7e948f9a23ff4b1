"""Pictures for the pages of the Live-WhisperX assets."""

from typing import Any

from livecc_assets.curation.pictures import Drawn, losses
from livecc_assets.curation.pictures import clips as sentence_clips
from livecc_assets.curation.pictures import selected as live_whisperx
from livecc_assets.media.charts import funnel, histogram
from livecc_assets.source.pictures import reasons
from livecc_assets.store.artifact import Artifact


def spoken_words(artifact: Artifact, config: dict[str, Any]) -> Drawn:
    """Videos whose speech was recognised, and why the others were not."""
    return {"funnel": funnel([("videos", artifact.count, reasons(artifact))])}


def active_speakers(artifact: Artifact, config: dict[str, Any]) -> Drawn:
    """Distribution of the ratios."""
    ratios = [row["ratio"] for row in artifact.rows(["ratio"])]
    return {"ratios": histogram(ratios, title=f"Active-speaker ratio ({config['scorer']})")}


__all__ = ["active_speakers", "live_whisperx", "losses", "sentence_clips", "spoken_words"]
