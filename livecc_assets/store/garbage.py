"""Garbage: bytes under the root that no manifest names and uploads that nobody finished, left by killed writers and by
losers of a race."""

import time
from collections.abc import Iterator

from livecc_assets.store.interface import Listed
from livecc_assets.store.manifest import Manifest
from livecc_assets.store.store import Store

#: Objects that are no artefact files: manifests, pointers, registered batches, the local lock.
_KEPT = ("/manifest.json", "/_current.json")


def collect(store: Store, older_than: float, delete: bool = False) -> Iterator[Listed]:
    """Objects of at least ``older_than`` seconds that no manifest names, and unfinished uploads; deleted when asked.

    The age protects a writer that is still at work: its files have no manifest yet.
    """
    now = time.time()
    for asset in store.blobs.folders(""):
        if asset.startswith(("_", ".")):
            continue
        listed = list(store.blobs.listed(f"{asset}/"))
        named: set[str] = set()
        for item in listed:
            if item.key.endswith("/manifest.json") and (found := store.blobs.get(item.key)):
                named.update(file.key for file in Manifest.from_json(found[0]).files)
        for item in listed:
            if item.key.endswith(_KEPT) or item.key in named or now - item.modified < older_than:
                continue
            if delete:
                store.blobs.delete(item.key)
            yield item
    yield from store.blobs.unfinished(older_than, delete)
