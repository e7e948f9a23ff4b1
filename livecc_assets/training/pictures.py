"""Pictures for the pages of the checkpoints."""

from typing import Any

from livecc_assets.media.charts import loss_curve
from livecc_assets.store.artifact import Artifact


def checkpoint(artifact: Artifact, config: dict[str, Any]) -> dict[str, bytes]:
    """The loss over the optimiser steps; nothing for a model that was taken by reference."""
    points = [(float(step), float(loss)) for step, loss in artifact.manifest.metadata.get("loss", [])]
    return {"loss curve": loss_curve({artifact.asset: points})} if points else {}
