"""Rows that are finished before their artifact is: kept beside it, so that a later attempt need not compute them again.

An artifact's place is named after all that decides its content. What one attempt computed there therefore holds for every
later one. Parts are in no manifest: no reader sees them, a commit removes them, and `livecc gc` takes what dead writers left.
"""

import contextlib
import hashlib
import json
import threading
import time
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from livecc_assets.core.errors import PassingError, UserError
from livecc_assets.store.interface import Blobs
from livecc_assets.store.rows import Note, Rejected, Row

#: The folder of parts in an artifact's place.
FOLDER = "parts"
#: A kill loses at most one row in so many.
SHARE = 20
#: Seconds for which finished rows wait at most, and bytes that wait together.
SECONDS, BYTES = 5.0, 8 * 2**20
#: So many small parts become one, so that the slowest step leaves few objects.
MERGED = 64
#: Goes into the parts' names: one that is written otherwise is not read.
_FORMAT = 2


def mark(number: int, unit: Any) -> bytes:
    """What a stretch of the work is known by: its place in the order, and what it is made from.

    That is told by its ``repr``, which must be the same in every process: no sets, no objects that show their address.
    """
    text = repr((number, unit))
    return hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=16).hexdigest().encode()


class Parts:
    """What earlier attempts finished of ``total`` items, and where this one keeps its own. Threads may use it at once.

    A part is named after the digest of its bytes. Equal writers can thus only write the same bytes under one name, and a
    damaged part is not read. ``unit``: items that are computed together. ``seconds``: how long a row may wait. ``writes``:
    False where another process of the same attempt does the writing.
    """

    def __init__(
        self, blobs: Blobs, folder: str, total: int, unit: int = 1, seconds: float = SECONDS, writes: bool = True
    ) -> None:
        self._blobs, self._folder, self._seconds, self._writes = blobs, folder, seconds, writes
        self._most, self._unit = max(1, total // SHARE), unit
        self._adding, self._writing = threading.Lock(), threading.Lock()
        self._waiting, self._items, self._bytes, self._since = list[bytes](), 0, 0, time.monotonic()
        self._small, self._small_lines, self._small_bytes = list[str](), list[bytes](), 0
        self._kept = {line.split(b" ", 1)[0]: line for line in self._read()}
        #: Items that earlier attempts finished.
        self.found = sum(int(line.split(b" ", 2)[1]) for line in self._kept.values())

    def _read(self) -> Iterable[bytes]:
        for item in self._blobs.listed(f"{self._folder}/"):
            stored = self._blobs.get(item.key)
            if stored is not None and item.key == self._key(stored[0]):
                yield from zlib.decompress(stored[0]).splitlines()

    def _key(self, data: bytes) -> str:
        return f"{self._folder}/{_FORMAT}-{hashlib.sha256(data).hexdigest()[:32]}"

    def take(self, mark: bytes) -> list[Row] | None:
        """The rows of a stretch that an earlier attempt finished, once."""
        line = self._kept.pop(mark, None)
        return None if line is None else [_row(*one) for one in json.loads(line.split(b" ", 2)[2])]

    def keep(self, mark: bytes, items: int, rows: Sequence[Row]) -> None:
        """Keep what was made of ``items`` items. Errors are not kept: what was in the way may be gone by the next attempt."""
        if not self._writes or any(not isinstance(row, dict) and row.kind == "error" for row in rows):
            return
        line = b"%b %d %b" % (mark, items, json.dumps([_plain(row) for row in rows], default=_python).encode())
        with self._adding:
            self._add([line], items)
            due = self._items + self._unit > self._most or self._bytes >= BYTES
        if due or time.monotonic() - self._since >= self._seconds:
            self.flush()

    def _add(self, lines: list[bytes], items: int) -> None:
        self._waiting += lines
        self._items += items
        self._bytes += sum(map(len, lines))

    def flush(self) -> None:
        """Write what waits. While the store is away it waits on."""
        with self._writing:
            with self._adding:
                lines, items, size = self._waiting, self._items, self._bytes
                self._waiting, self._items, self._bytes, self._since = [], 0, 0, time.monotonic()
            if not lines:
                return
            try:
                self._small.append(self._put(lines))
            except PassingError:
                with self._adding:
                    self._add(lines, items)
                return
            self._small_lines += lines
            self._small_bytes += size
            if len(self._small) >= MERGED or self._small_bytes >= BYTES:
                self._merge()

    def _put(self, lines: list[bytes]) -> str:
        data = zlib.compress(b"\n".join(lines))
        key = self._key(data)
        self._blobs.put(key, data)
        return key

    def _merge(self) -> None:
        """One part for many. It stands before they go; where they cannot go they say the same."""
        small, lines = self._small, self._small_lines
        self._small, self._small_lines, self._small_bytes = [], [], 0
        if len(small) > 1:
            with contextlib.suppress(UserError):
                self._put(lines)
                for key in small:
                    self._blobs.delete(key)

    def clear(self) -> None:
        """Remove all of them, for the manifest stands. What cannot be removed now is garbage for later."""
        with contextlib.suppress(UserError):
            for item in list(self._blobs.listed(f"{self._folder}/")):
                self._blobs.delete(item.key)


def _plain(row: Row) -> list[Any]:
    if isinstance(row, dict):
        return [0, row]
    return [1 if isinstance(row, Rejected) else 2, asdict(row)]


def _row(form: int, values: dict[str, Any]) -> Row:
    return (dict, Rejected, Note)[form](**values)


def _python(value: Any) -> Any:
    """A number of numpy's as Python's, which holds it exactly."""
    return value.item()
