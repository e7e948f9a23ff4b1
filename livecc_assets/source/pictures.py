"""Pictures for the pages of the source assets."""

from typing import Any

from livecc_assets.media.charts import funnel
from livecc_assets.store.artifact import Artifact


def reasons(artifact: Artifact) -> dict[str, int]:
    """Rejected rows by reason, without their kind."""
    return {name.partition(":")[2]: count for name, count in artifact.manifest.reasons.items()}


def yt_cc_source(artifact: Artifact, config: dict[str, Any]) -> dict[str, bytes]:
    """Files of the batch that became source videos, and why the others did not."""
    return {"funnel": funnel([("videos", artifact.count, reasons(artifact))])}
