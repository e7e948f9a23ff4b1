"""What a file or folder that settings name holds, as a short text: equal content gives an equal text, wherever it lies."""

import hashlib
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any

from livecc_assets.store.manifest import digest
from livecc_assets.store.s3_client import reading, split
from livecc_assets.store.uris import local_path

#: What stands for a file that is not there (yet): whoever reads it says so.
ABSENT = "absent"
#: Seconds for which a changed file may change again without its time telling.
_YOUNG = 2.0


def content_of(address: str, cache: Path) -> str:
    """Identity of a file's bytes with its ending (readers go by that), or of the names and sizes in a folder or prefix.

    The sha256 of a local file is kept under ``cache`` for as long as size, times and inode stay, so that a file is read
    once. An S3 object is told by its entity tag and size. Raises UserError for an address that cannot be read at all.
    """
    if address.startswith("s3://"):
        return _stored(address)
    path = local_path(address)
    if path.is_dir():
        return _folder(_local_sizes(path))
    return f"{_sha256(path, cache)}{path.suffix.lower()}" if path.is_file() else ABSENT


def _sha256(path: Path, cache: Path) -> str:
    about = path.stat()
    identity = f"{path.resolve()} {about.st_size} {about.st_mtime_ns} {about.st_ctime_ns} {about.st_ino}"
    note = cache / "contents" / hashlib.sha256(identity.encode("utf-8", "surrogateescape")).hexdigest()[:32]
    with suppress(OSError):
        return note.read_text("ascii")
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if time.time() - about.st_mtime > _YOUNG:
        with suppress(OSError):  # without a place to write, it is read again next time
            note.parent.mkdir(parents=True, exist_ok=True)
            staged = note.with_name(f"{note.name}.{os.getpid()}-{secrets.token_hex(3)}")
            staged.write_text(found, "ascii")
            staged.replace(note)
    return found


def _folder(sizes: Iterator[tuple[str, int]]) -> str:
    return f"folder:{digest(sorted(sizes))}"


def _local_sizes(folder: Path) -> Iterator[tuple[str, int]]:
    """(name in the folder, size) of every file; links count as what they lead to, as hubs keep their files so."""
    for place, _, names in os.walk(folder):
        for name in names:
            path = Path(place, name)
            with suppress(OSError):  # a link that leads nowhere, or a file that was just taken away
                yield path.relative_to(folder).as_posix(), path.stat().st_size


def _stored(address: str) -> str:
    with reading(address, "the settings file that names it") as client:
        return _held(address, client)


def _held(address: str, client: Any) -> str:
    bucket, key = split(address)
    # The first key of all that begin so is the key itself, if there is such an object.
    first = client.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1).get("Contents", [])
    if key and first and first[0]["Key"] == key and not key.endswith("/"):
        tag = first[0]["ETag"].strip('"')
        return f"{tag}-{first[0]['Size']}{PurePosixPath(key).suffix.lower()}"
    prefix = f"{key.rstrip('/')}/" if key.strip("/") else ""
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    sizes = [(item["Key"][len(prefix) :], item["Size"]) for page in pages for item in page.get("Contents", [])]
    return _folder(iter(sizes)) if sizes else ABSENT
