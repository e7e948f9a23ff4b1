"""Pictures for the pages of the source assets."""

from typing import Any

from livecc_assets.media.charts import funnel
from livecc_assets.store.artefact import Artefact


def reasons(artefact: Artefact) -> dict[str, int]:
    """Rejected rows by reason, without their kind."""
    return {name.partition(":")[2]: count for name, count in artefact.manifest.reasons.items()}


def yt_cc_source(artefact: Artefact, config: dict[str, Any]) -> dict[str, bytes]:
    """Files of the batch that became source videos, and why the others did not."""
    return {"funnel": funnel([("videos", artefact.count, reasons(artefact))])}
