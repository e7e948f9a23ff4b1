"""What a place that keeps artifacts must offer: bytes under keys, and the conditional put that a commit needs."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import pyarrow.fs as pafs


class ConflictError(Exception):
    """The key changed (or appeared) since it was read; nothing was written."""


@dataclass(frozen=True)
class Listed:
    """One stored object: key relative to the root, size in bytes, modification time (Unix seconds).

    ``unfinished``: no object yet but the parts of an upload that nobody completed; no reader can see them.
    """

    key: str
    size: int
    modified: float
    unfinished: bool = False


class Blobs(ABC):
    """Where artifacts live. ``fs`` and ``base`` serve pyarrow; everything else is small objects and whole files."""

    root: str
    fs: pafs.FileSystem
    base: str

    def arrow_path(self, key: str) -> str:
        """``key`` as pyarrow's filesystem names it."""
        return f"{self.base}/{key}"

    def explained(self) -> AbstractContextManager[None]:
        """Around every use of ``fs``: errors of its server become one line for people."""
        return nullcontext()

    @abstractmethod
    def get(self, key: str) -> tuple[bytes, str] | None:
        """The object and its entity tag, or None."""

    @abstractmethod
    def put(self, key: str, data: bytes) -> None:
        """Write or replace the object, whole or not at all."""

    @abstractmethod
    def create(self, key: str, data: bytes) -> None:
        """Write the object only if the key is free (``If-None-Match: *``); ConflictError otherwise."""

    @abstractmethod
    def replace(self, key: str, data: bytes, etag: str) -> None:
        """Write the object only if it still has ``etag`` (``If-Match``); ConflictError otherwise."""

    @abstractmethod
    def size(self, key: str) -> int | None:
        """Bytes of the object, or None where there is none."""

    def sync(self, key: str) -> None:  # noqa: B027 (nothing to do is what an object store does)
        """Return only when the object would survive a power cut. An object store answers no put before."""

    @abstractmethod
    def listed(self, prefix: str) -> Iterator[Listed]:
        """All objects whose key starts with ``prefix`` (a folder name ending in /, or '')."""

    @abstractmethod
    def folders(self, prefix: str) -> list[str]:
        """Names directly under the folder ``prefix`` that are folders themselves."""

    @abstractmethod
    def delete(self, key: str) -> None:
        """Remove the object; a key that is not there is no error."""

    @abstractmethod
    def upload(self, path: Path, key: str) -> str:
        """Store a local file; the sha256 (hexadecimal) of the bytes that were stored."""

    @abstractmethod
    def local(self, key: str, cache: Path, sha256: str = "") -> Path:
        """A local file with the object's bytes: the object itself where it is local, else a copy under ``cache``.

        A copy is compared with ``sha256`` when it is made, if one is given: UserError where they differ.
        """

    def unfinished(
        self, older_than: float, delete: bool = False, spare: Callable[[str], bool] = lambda key: False
    ) -> Iterator[Listed]:
        """Uploads that nothing was added to for ``older_than`` seconds, but those of keys that ``spare`` holds back; aborted
        when asked. A folder has none."""
        return iter(())
