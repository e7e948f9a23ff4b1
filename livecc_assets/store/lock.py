"""One computation for each input key: whoever comes second waits for the first and gets what it made.

The lock is an object beside the artifact, which its holder writes anew again and again. It saves work, no more: a commit is
conditional, so that two holders, which a stopped process that wakes up again can bring about, do no harm.
"""

import contextlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from livecc_assets.core.processes import is_gone, this_process
from livecc_assets.store.interface import Blobs, ConflictError

#: Seconds between two signs of the holder's life.
RENEWED = 15.0
#: Seconds without a sign, on the clock of whoever waits, after which the holder counts as gone.
LAPSED = 90.0
#: Seconds between two looks of whoever waits.
LOOK = 1.0


@dataclass
class _Lock:
    """``holder`` is told to those who wait. Each sign carries ``token``, and a number that no other sign has."""

    blobs: Blobs
    key: str
    holder: str
    token: str

    def sign(self) -> bytes:
        about = {"holder": self.holder, "process": this_process(), "token": self.token, "sign": secrets.token_hex(4)}
        return json.dumps(about).encode()

    def taken(self, done: Callable[[], bool], waits: Callable[[str], None]) -> bool:
        """Whether it was taken; False when what it guards was done by another holder."""
        last, since, told = "", time.monotonic(), False
        while True:
            with contextlib.suppress(ConflictError):
                self.blobs.create(self.key, self.sign())
                return True
            found = self.blobs.get(self.key)
            if found is None:  # given back in between
                continue
            if done():
                return False
            if found[1] != last:
                last, since = found[1], time.monotonic()
            other = _read(found[0])
            if is_gone(other.get("process", "")) or time.monotonic() - since > LAPSED:
                with contextlib.suppress(ConflictError):
                    self.blobs.replace(self.key, self.sign(), last)
                    return True
                continue
            if not told:
                waits(other.get("holder", ""))
                told = True
            time.sleep(LOOK)

    def renew(self, ended: threading.Event) -> None:
        while not ended.wait(RENEWED):
            with contextlib.suppress(Exception):  # the store is away: the next sign may come through
                if (etag := self._mine()) is None:
                    return
                self.blobs.replace(self.key, self.sign(), etag)

    def give_back(self) -> None:
        if self._mine() is not None:
            self.blobs.delete(self.key)

    def _mine(self) -> str | None:
        """Its entity tag, unless another holder took it because signs failed to come."""
        found = self.blobs.get(self.key)
        return found[1] if found and _read(found[0]).get("token") == self.token else None


def _read(data: bytes) -> dict[str, str]:
    """What a sign says; nothing where it is damaged, so that it lapses."""
    try:
        found = json.loads(data)
        return found if isinstance(found, dict) else {}
    except ValueError:
        return {}


@contextmanager
def locked(
    blobs: Blobs, place: str, holder: str, done: Callable[[], bool], waits: Callable[[str], None] = lambda holder: None
) -> Iterator[bool]:
    """Hold the lock of a place. True: do the work. False: another holder did it meanwhile, as ``done`` says.

    ``waits`` is told once for whom one waits. A killed holder is waited for no longer on its own machine, and for
    ``LAPSED`` seconds elsewhere. Raises what the store raises.
    """
    lock = _Lock(blobs, f"{place}/lock", holder, secrets.token_hex(8))
    if not lock.taken(done, waits):
        yield False
        return
    ended = threading.Event()
    signs = threading.Thread(target=lock.renew, args=(ended,), name="lock", daemon=True)
    signs.start()
    try:
        yield not done()  # it may have been done just before
    finally:
        ended.set()
        signs.join()
        with contextlib.suppress(Exception):  # the store is away: it lapses
            lock.give_back()
