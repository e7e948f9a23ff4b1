"""Garbage: bytes under the root that no manifest names and uploads that nobody finished, left by killed writers and by
losers of a race; what workers said and runs spent a long time ago; and paid replies, where an age of them is given."""

import time
from collections.abc import Iterator
from itertools import groupby

from livecc_assets.store import lease, parts
from livecc_assets.store.interface import Listed
from livecc_assets.store.manifest import DamagedError, Manifest
from livecc_assets.store.store import Store

#: Objects that are no artifact files: manifests, pointers, registered batches, the local lock.
_KEPT = ("/manifest.json", "/_current.json")
#: Where launchers keep what passes between them and a worker: one folder an attempt, of context, messages and log.
MESSAGES = "_messages/"
#: Days for which that stays readable after the last word.
MESSAGE_DAYS = 30.0
#: Where clients of chat models keep what they paid for, and what runs spent in a day (`models.chat_replies`, `chat_budget`).
REPLIES, SPENT = "_replies/", "_spent/"


def collect(
    store: Store,
    older_than: float,
    delete: bool = False,
    messages_older_than: float = MESSAGE_DAYS * 86400,
    replies_older_than: float | None = None,
) -> Iterator[Listed]:
    """Objects of at least ``older_than`` seconds that no manifest names, and unfinished uploads; deleted when asked.

    A writer that is still at work, whose files have no manifest yet, holds a lease. It protects the parts of its place, too,
    whoever wrote them. The age protects the others. What lies beside a manifest that cannot be read stays: nobody can tell
    what it names. Messages, and what was spent in a day, go by an age of their own. Replies were paid for: they go only
    where an age is given for them, and a run that needs one later asks anew.
    """
    now, alive = time.time(), set[str]()
    for asset in store.assets():
        listed = list(store.blobs.listed(f"{asset}/"))
        leases = {item.key: attempt for item in listed if (attempt := lease.alive(item, now))}
        alive |= set(leases.values())
        worked_on = tuple(f"{key.rpartition('/')[0]}/{parts.FOLDER}/" for key in leases)
        named, unknown = set[str](), set[str]()
        for item in listed:
            if item.key.endswith("/manifest.json") and (found := store.blobs.get(item.key)):
                try:
                    named.update(file.key for file in Manifest.from_json(found[0]).files)
                except DamagedError:
                    unknown.add(item.key.removesuffix("manifest.json"))
        for item in listed:
            if item.key.endswith(_KEPT) or item.key in named or now - item.modified < older_than:
                continue
            if lease.attempt_of(item.key) in alive or item.key.startswith((*worked_on, *unknown)):
                continue
            if delete:
                store.blobs.delete(item.key)
            yield item
    yield from _old_messages(store, messages_older_than, delete)
    yield from _old(store, SPENT, messages_older_than, delete)
    if replies_older_than is not None:
        yield from _old(store, REPLIES, replies_older_than, delete)
    yield from store.blobs.unfinished(older_than, delete, lambda key: lease.attempt_of(key) in alive)


def _old_messages(store: Store, older_than: float, delete: bool) -> Iterator[Listed]:
    """The folders of attempts to which nothing was added for so long. Whoever adopts a worker that has run for weeks reads
    its messages from the first, so that a folder goes as a whole."""
    now = time.time()
    for _, attempt in groupby(store.blobs.listed(MESSAGES), key=lambda item: item.key.rpartition("/")[0]):
        folder = list(attempt)
        if now - max(item.modified for item in folder) < older_than:
            continue
        for item in folder:
            if delete:
                store.blobs.delete(item.key)
            yield item


def _old(store: Store, folder: str, older_than: float, delete: bool) -> Iterator[Listed]:
    """The objects of a folder that were written so long ago."""
    now = time.time()
    for item in list(store.blobs.listed(folder)):
        if now - item.modified >= older_than:
            if delete:
                store.blobs.delete(item.key)
            yield item
