"""Artefacts and manifests on a local folder or S3, and the contract of the workers that write them."""

from livecc_assets.store.artefact import Artefact
from livecc_assets.store.manifest import Manifest, Upstream, digest
from livecc_assets.store.rows import Rejected
from livecc_assets.store.store import Store
from livecc_assets.store.writer import Writer

__all__ = ["Artefact", "Manifest", "Rejected", "Store", "Upstream", "Writer", "digest"]
