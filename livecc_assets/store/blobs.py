"""Bytes under keys, in a local folder or an S3 prefix, with the one thing a commit needs: a conditional put."""

import fcntl
import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pyarrow.fs as pafs

from livecc_assets.core.errors import UserError
from livecc_assets.core.folders import made
from livecc_assets.core.shortage import writing
from livecc_assets.store.interface import Blobs, ConflictError, Listed
from livecc_assets.store.s3 import S3Blobs

__all__ = ["Blobs", "ConflictError", "Listed", "LocalBlobs", "S3Blobs", "open_blobs"]


class LocalBlobs(Blobs):
    """A folder. Links make creation atomic, a lock file makes replacement so."""

    def __init__(self, root: Path) -> None:
        self.folder = made(root).resolve()
        self.root = self.base = str(self.folder)
        self.fs = pafs.LocalFileSystem()

    def _path(self, key: str) -> Path:
        return self.folder / key

    def _staged(self, key: str, data: bytes) -> tuple[Path, Path]:
        target = self._path(key)
        with _staged_beside(target) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            return Path(file.name), target

    def get(self, key: str) -> tuple[bytes, str] | None:
        try:
            data = self._path(key).read_bytes()
        except FileNotFoundError:
            return None
        return data, hashlib.sha256(data).hexdigest()

    def put(self, key: str, data: bytes) -> None:
        staged, target = self._staged(key, data)
        staged.replace(target)

    def create(self, key: str, data: bytes) -> None:
        staged, target = self._staged(key, data)
        try:
            os.link(staged, target)
        except FileExistsError:
            raise ConflictError(key) from None
        finally:
            staged.unlink()
        _sync(target.parent)

    def replace(self, key: str, data: bytes, etag: str) -> None:
        with open(self.folder / ".lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            found = self.get(key)
            if found is None or found[1] != etag:
                raise ConflictError(key)
            self.put(key, data)

    def size(self, key: str) -> int | None:
        try:
            return self._path(key).stat().st_size
        except FileNotFoundError:
            return None

    def sync(self, key: str) -> None:
        path = self._path(key)
        _sync(path)
        for folder in path.parents:  # their entries, too: a folder may be as new as its file
            if folder == self.folder.parent:
                break
            _sync(folder)

    def listed(self, prefix: str) -> Iterator[Listed]:
        for folder, _, names in os.walk(self._path(prefix)):
            for name in names:
                path = Path(folder, name)
                if path == self.folder / ".lock":
                    continue
                try:
                    status = path.stat()
                except FileNotFoundError:  # another process removed it while we walked
                    continue
                yield Listed(str(path.relative_to(self.folder)), status.st_size, status.st_mtime)

    def folders(self, prefix: str) -> list[str]:
        path = self._path(prefix)
        return sorted(item.name for item in path.iterdir() if item.is_dir()) if path.is_dir() else []

    def delete(self, key: str) -> None:
        path = self._path(key)
        path.unlink(missing_ok=True)
        for parent in path.parents:  # empty folders are noise to whoever looks at the tree
            if parent == self.folder:
                break
            try:
                parent.rmdir()
            except OSError:  # something is in it, or another process was quicker
                break

    def upload(self, path: Path, key: str) -> str:
        target = self._path(key)
        digest = hashlib.sha256()
        with path.open("rb") as source, _staged_beside(target) as copy:
            while block := source.read(1 << 20):
                digest.update(block)
                copy.write(block)
        os.replace(copy.name, target)
        return digest.hexdigest()

    def local(self, key: str, cache: Path, sha256: str = "") -> Path:
        return self._path(key)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _staged_beside(target: Path) -> Iterator[IO[bytes]]:
    """A new file in the folder of ``target``, open; as readable for others as the umask says, which ``tempfile``'s is not.

    What cannot be written whole does not stay.
    """
    staged = target.with_name(f".staged-{os.getpid()}-{secrets.token_hex(4)}")
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        file = staged.open("xb")
    except FileNotFoundError:  # another process removed the folder in between, for it was empty
        target.parent.mkdir(parents=True, exist_ok=True)
        file = staged.open("xb")
    try:
        with writing(target), file:
            yield file
    except BaseException:
        staged.unlink(missing_ok=True)
        raise


def open_blobs(root: str) -> Blobs:
    """``s3://bucket/prefix`` or a local folder (created when missing)."""
    if root.startswith("s3://"):
        return S3Blobs(root)
    if "://" in root:
        raise UserError(f"LIVECC_ROOT={root}: only s3://… and local folders can hold artifacts")
    return LocalBlobs(Path(root).expanduser())
