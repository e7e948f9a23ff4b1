"""Artifacts and manifests on a local folder or S3, and the contract of the workers that write them."""

from livecc_assets.store.artifact import Artifact
from livecc_assets.store.manifest import Manifest, Upstream, digest
from livecc_assets.store.rows import Rejected
from livecc_assets.store.store import Store
from livecc_assets.store.writer import Writer

__all__ = ["Artifact", "Manifest", "Rejected", "Store", "Upstream", "Writer", "digest"]
