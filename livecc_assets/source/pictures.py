"""Pictures for the pages of the source assets."""

from collections import Counter
from typing import Any

from livecc_assets.media.charts import funnel
from livecc_assets.store.artifact import Artifact


def reasons(artifact: Artifact) -> dict[str, int]:
    """Rejected rows by reason, without their kind."""
    counts = Counter[str]()
    for name, count in artifact.manifest.reasons.items():
        counts[name.partition(":")[2]] += count
    return dict(counts)


def yt_cc_source(artifact: Artifact, config: dict[str, Any]) -> dict[str, bytes]:
    """Files of the batch that became source videos, and why the others did not."""
    return {"funnel": funnel([("videos", artifact.count, reasons(artifact))])}
