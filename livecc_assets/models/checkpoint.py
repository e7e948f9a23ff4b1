"""From a checkpoint artifact to a folder that a loader takes."""

import json
from pathlib import Path

from livecc_assets.models.reference import resolve
from livecc_assets.store.artifact import Artifact

#: File of a checkpoint that was taken by reference instead of trained: ``{"model": reference}``.
REFERENCE = "reference.json"


def checkpoint_folder(artifact: Artifact, home: Path) -> Path:
    """Local folder with config, tokenizer and safetensors of ``livecc_base`` or ``livecc_instruct``."""
    if REFERENCE in artifact.names:
        return resolve(json.loads(artifact.path(REFERENCE).read_text("utf-8"))["model"], home)
    return artifact.folder()
