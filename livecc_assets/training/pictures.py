"""Pictures for the pages of the checkpoints."""

from typing import Any

from livecc_assets.media.charts import loss_curve
from livecc_assets.store.artefact import Artefact


def checkpoint(artefact: Artefact, config: dict[str, Any]) -> dict[str, bytes]:
    """The loss over the optimiser steps; nothing for a model that was taken by reference."""
    points = [(float(step), float(loss)) for step, loss in artefact.manifest.metadata.get("loss", [])]
    return {"loss curve": loss_curve({artefact.asset: points})} if points else {}
