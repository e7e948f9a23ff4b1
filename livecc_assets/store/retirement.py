"""What was made of retired batches goes in the end, where nothing was made from it that stands."""

import os
import time
from collections.abc import Collection, Iterator

from livecc_assets.store import lease
from livecc_assets.store.interface import Listed
from livecc_assets.store.manifest import DamagedError, Manifest
from livecc_assets.store.registry import retired_since
from livecc_assets.store.store import Store

#: Days after its retirement for which what was made of a batch stays, whatever it is needed for.
RETIRED_DAYS = 30.0
_MANIFEST, _POINTER = "manifest.json", "_current.json"


def collect_retired(store: Store, assets: Collection[str], older_than: float, delete: bool = False) -> Iterator[Listed]:
    """Stored files of batches that were retired ``older_than`` seconds ago; deleted when asked.

    ``assets`` are those that batches partition; a selection may have a batch's name. An artifact stays that something
    which stands was made from, in any depth: lineage leads to it. So does all that a living writer works at. A batch
    that is brought back is curated again; its registration stays.
    """
    now = time.time()
    gone = {name for name, since in retired_since(store.blobs).items() if now - since >= older_than}
    if not gone:
        return
    needed = _needed(store, {f"{asset}/{name}" for asset in assets for name in gone})
    for name in sorted(gone):
        # To read all manifests takes a while, in which somebody may have brought the batch back and used it.
        if now - retired_since(store.blobs).get(name, now) < older_than:
            continue
        for asset in assets:
            listed = list(store.blobs.listed(f"{asset}/{name}/"))
            kept = needed | {_place(item.key) for item in listed if lease.alive(item, now)}
            if (pointer := store.pointer(asset, name)) and pointer.place in kept:
                kept.add(f"{asset}/{name}/{_POINTER}")
            doomed = [item for item in listed if _place(item.key) not in kept]
            # First what makes an artifact visible: whoever is killed here leaves nameless bytes.
            for item in sorted(doomed, key=lambda item: (not item.key.endswith((_POINTER, _MANIFEST)), item.key)):
                if delete:
                    store.blobs.delete(item.key)
                yield item


def _needed(store: Store, going: set[str]) -> set[str]:
    """Places under ``going`` from which something was made that stays."""
    manifests = dict[str, Manifest]()
    for asset in store.assets():
        for item in store.blobs.listed(f"{asset}/"):
            if item.key.endswith(f"/{_MANIFEST}") and (found := store.blobs.get(item.key)):
                try:
                    manifests[_place(item.key)] = Manifest.from_json(found[0])
                except DamagedError:  # nobody can tell what it was made from; it is made again, or its own batch goes
                    continue
    queue = [place for place in manifests if os.path.dirname(place) not in going]
    seen = set(queue)
    while queue:
        made = manifests.get(queue.pop())
        for pin in made.upstream if made else ():
            place = store.place(pin.asset, pin.partition, pin.input_key)
            if place not in seen:
                seen.add(place)
                queue.append(place)
    return seen


def _place(key: str) -> str:
    """``asset/partition/input key`` of a stored object; a pointer is at no place."""
    return "/".join(key.split("/")[:3])
