"""Pictures for the pages of the Live-CC assets."""

from typing import Any

from livecc_assets.curation.pictures import Drawn, losses
from livecc_assets.curation.pictures import clips as caption_clips
from livecc_assets.curation.pictures import selected as live_cc
from livecc_assets.media.charts import histogram
from livecc_assets.store.artifact import Artifact


def talking_heads(artifact: Artifact, config: dict[str, Any]) -> Drawn:
    """Distribution of the scores."""
    scores = [row["score"] for row in artifact.rows(["score"])]
    return {"scores": histogram(scores, title=f"Talking-head score ({config['scorer']})")}


__all__ = ["caption_clips", "live_cc", "losses", "talking_heads"]
