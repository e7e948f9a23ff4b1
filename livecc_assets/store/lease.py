"""A writer's sign of life: an object beside its files that is written again and again until it ends.

A table that a long step opens at its start may get its first rows days later; its age says nothing of its writer.
"""

import contextlib
import re
import threading

from livecc_assets.store.interface import Blobs, Listed

#: Seconds between two signs of life.
RENEWED = 300.0
#: Seconds after which a lease that was not renewed says that its writer is gone. Twelve of its signs may fail or be late.
LAPSED = 3600.0

_NAME = "lease-"
_ATTEMPT = re.compile(r"\d{8}T\d{6}-[0-9a-f]+-[0-9a-f]{6}")


class Lease:
    """Held from its making until :meth:`end`; a killed process stops renewing it."""

    def __init__(self, blobs: Blobs, place: str, attempt: str) -> None:
        self._blobs, self._key = blobs, f"{place}/{_NAME}{attempt}"
        self._ended = threading.Event()
        self._signing = threading.Lock()
        blobs.put(self._key, b"")
        threading.Thread(target=self._renew, name="lease", daemon=True).start()

    def _renew(self) -> None:
        while not self._ended.wait(RENEWED):
            # A sign that is on its way at the end must not arrive after the deletion.
            with self._signing, contextlib.suppress(Exception):  # the store is away: the next sign may come through
                if not self._ended.is_set():
                    self._blobs.put(self._key, b"")

    def end(self) -> None:
        """Give it back."""
        if not self._ended.is_set():
            self._ended.set()
            with self._signing:
                self._blobs.delete(self._key)


def attempt_of(key: str) -> str | None:
    """The writer's attempt that a key carries."""
    found = _ATTEMPT.search(key)
    return found[0] if found else None


def alive(item: Listed, now: float) -> str | None:
    """The attempt whose writer lives, where ``item`` is its lease and was renewed lately."""
    is_lease = item.key.rpartition("/")[2].startswith(_NAME)
    return attempt_of(item.key) if is_lease and now - item.modified < LAPSED else None
