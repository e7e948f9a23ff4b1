"""Bytes under keys, in a local folder or an S3 prefix, with the one thing a commit needs: a conditional put."""

import fcntl
import hashlib
import os
import shutil
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.fs as pafs

from livecc_assets.errors import UserError


class ConflictError(Exception):
    """The key changed (or appeared) since it was read; nothing was written."""


@dataclass(frozen=True)
class Listed:
    """One stored object: key relative to the root, size in bytes, modification time (Unix seconds)."""

    key: str
    size: int
    modified: float


class Blobs(ABC):
    """Where artefacts live. ``fs`` and ``base`` serve pyarrow; everything else is small objects and whole files."""

    root: str
    fs: pafs.FileSystem
    base: str

    def arrow_path(self, key: str) -> str:
        """``key`` as pyarrow's filesystem names it."""
        return f"{self.base}/{key}"

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
    def listed(self, prefix: str) -> Iterator[Listed]:
        """All objects whose key starts with ``prefix`` (a folder name ending in /, or '')."""

    @abstractmethod
    def folders(self, prefix: str) -> list[str]:
        """Names directly under the folder ``prefix`` that are folders themselves."""

    @abstractmethod
    def delete(self, key: str) -> None:
        """Remove the object; a key that is not there is no error."""

    @abstractmethod
    def upload(self, path: Path, key: str) -> None:
        """Store a local file."""

    @abstractmethod
    def local(self, key: str, cache: Path) -> Path:
        """A local file with the object's bytes: the object itself where it is local, else a copy under ``cache``."""


class LocalBlobs(Blobs):
    """A folder. Links make creation atomic, a lock file makes replacement so."""

    def __init__(self, root: Path) -> None:
        root.mkdir(parents=True, exist_ok=True)
        self.folder = root.resolve()
        self.root = self.base = str(self.folder)
        self.fs = pafs.LocalFileSystem()

    def _path(self, key: str) -> Path:
        return self.folder / key

    def _staged(self, key: str, data: bytes) -> tuple[Path, Path]:
        target = self._path(key)
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".staged-")
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        return Path(name), target

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

    def replace(self, key: str, data: bytes, etag: str) -> None:
        with open(self.folder / ".lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            found = self.get(key)
            if found is None or found[1] != etag:
                raise ConflictError(key)
            self.put(key, data)

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
            if parent == self.folder or any(parent.iterdir()):
                break
            parent.rmdir()

    def upload(self, path: Path, key: str) -> None:
        target = self._path(key)
        target.parent.mkdir(parents=True, exist_ok=True)
        staged = target.with_name(f".staged-{os.getpid()}-{target.name}")
        shutil.copyfile(path, staged)
        staged.replace(target)

    def local(self, key: str, cache: Path) -> Path:
        return self._path(key)


class S3Blobs(Blobs):
    """A prefix of an S3 bucket. Credentials and AWS_ENDPOINT_URL come from the environment, as for any AWS tool."""

    def __init__(self, root: str, client: Any = None) -> None:
        import boto3
        from botocore.config import Config

        bucket, _, prefix = root.removeprefix("s3://").partition("/")
        self.bucket, self.prefix = bucket, prefix.strip("/")
        self.root = f"s3://{bucket}/{self.prefix}".rstrip("/")
        self.base = f"{bucket}/{self.prefix}".rstrip("/")
        self.client = client or boto3.client(
            "s3", config=Config(retries={"mode": "standard", "max_attempts": 6}, connect_timeout=10, read_timeout=60)
        )
        endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
        region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
        self.fs = pafs.S3FileSystem(endpoint_override=endpoint, region=region)
        try:
            self.client.head_bucket(Bucket=bucket)
        except self.client.exceptions.ClientError as error:
            code = error.response["Error"]["Code"]
            raise UserError(
                f"{root}: the bucket cannot be used ({code}); create it, or check LIVECC_ROOT and your AWS credentials"
            ) from None

    def _key(self, key: str) -> str:
        return f"{self.prefix}/{key}" if self.prefix else key

    def _put(self, key: str, data: bytes, **condition: str) -> None:
        try:
            self.client.put_object(Bucket=self.bucket, Key=self._key(key), Body=data, **condition)
        except self.client.exceptions.ClientError as error:
            if error.response["Error"]["Code"] in ("PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"):
                raise ConflictError(key) from None
            raise

    def get(self, key: str) -> tuple[bytes, str] | None:
        try:
            found = self.client.get_object(Bucket=self.bucket, Key=self._key(key))
        except self.client.exceptions.NoSuchKey:
            return None
        return found["Body"].read(), found["ETag"]

    def put(self, key: str, data: bytes) -> None:
        self._put(key, data)

    def create(self, key: str, data: bytes) -> None:
        self._put(key, data, IfNoneMatch="*")

    def replace(self, key: str, data: bytes, etag: str) -> None:
        self._put(key, data, IfMatch=etag)

    def _pages(self, prefix: str, **options: str) -> Iterator[dict[str, Any]]:
        pages = self.client.get_paginator("list_objects_v2")
        yield from pages.paginate(Bucket=self.bucket, Prefix=self._key(prefix), **options)

    def listed(self, prefix: str) -> Iterator[Listed]:
        skip = len(self._key(""))
        for page in self._pages(prefix):
            for item in page.get("Contents", []):
                yield Listed(item["Key"][skip:], item["Size"], item["LastModified"].timestamp())

    def folders(self, prefix: str) -> list[str]:
        pages = self._pages(prefix, Delimiter="/")
        found = (item["Prefix"] for page in pages for item in page.get("CommonPrefixes", []))
        return sorted(name.rstrip("/").rsplit("/", 1)[-1] for name in found)

    def delete(self, key: str) -> None:
        self.client.delete_object(Bucket=self.bucket, Key=self._key(key))

    def upload(self, path: Path, key: str) -> None:
        self.client.upload_file(str(path), self.bucket, self._key(key))

    def local(self, key: str, cache: Path) -> Path:
        target = cache / hashlib.sha256(self.root.encode()).hexdigest()[:12] / key
        if not target.exists():  # keys are immutable: a file that is there is the right one
            target.parent.mkdir(parents=True, exist_ok=True)
            staged = target.with_name(f".staged-{os.getpid()}-{target.name}")
            self.client.download_file(self.bucket, self._key(key), str(staged))
            staged.replace(target)
        return target


def open_blobs(root: str) -> Blobs:
    """``s3://bucket/prefix`` or a local folder (created when missing)."""
    if root.startswith("s3://"):
        return S3Blobs(root)
    if "://" in root:
        raise UserError(f"LIVECC_ROOT={root}: only s3://… and local folders can hold artefacts")
    return LocalBlobs(Path(root).expanduser())
