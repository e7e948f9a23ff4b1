"""The files of a local folder or an S3 prefix, each with what tells its versions apart."""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePosixPath

from livecc_assets.core.errors import MediaError, UserError
from livecc_assets.source.walking import Entry, local_entries
from livecc_assets.store.s3_client import reading, split
from livecc_assets.store.uris import local_path

#: Objects asked for in one request; the service gives no more than this.
PAGE_SIZE = 1000
#: Empty files directly in a folder with which a writer says that it is complete (Hadoop's convention); no part of what it holds.
MARKERS = frozenset({"_SUCCESS", "_COMPLETE"})
#: Largest sidecar file. Twelve hours of captions with a time on every word have a quarter of that.
SIDECAR_BYTES = 16 * 1024**2


def entries(folder_uri: str, follow_links: bool = False) -> list[Entry]:
    """Every file below a local folder or an s3:// prefix, by name, but for completion markers.

    Links that leave the folder are entries with a ``trouble``, unless ``follow_links``. Raises AbsentFolderError when there
    is no such folder, UserError when its own name is not UTF-8 or S3 does not list it.
    """
    return entries_and_marker(folder_uri, follow_links)[0]


def entries_and_marker(folder_uri: str, follow_links: bool = False) -> tuple[list[Entry], bool]:
    """:func:`entries`, and whether the folder holds a completion marker."""
    if _readable(folder_uri) != folder_uri:
        raise UserError(f"{_readable(folder_uri)}: the name of this folder is not UTF-8; rename it")
    found = _s3_entries(folder_uri) if folder_uri.startswith("s3://") else local_entries(folder_uri, follow_links)
    named = sorted(map(_with_readable_name, found), key=lambda entry: entry.name)
    files = [entry for entry in named if entry.name not in MARKERS or entry.trouble]
    return files, len(files) < len(named)


def read_small(uri: str, limit: int = SIDECAR_BYTES) -> bytes:
    """A sidecar file's bytes. Raises MediaError("too_large") above ``limit`` bytes."""
    path = local_path(uri)
    if path.stat().st_size > limit:
        name = uri.rsplit("/", 1)[-1]
        raise MediaError("too_large", f"{name} is larger than {limit} bytes; captions and metadata are never so large")
    return path.read_bytes()


def file_sha256(uri: str) -> tuple[str, int]:
    """(sha256 in hex, size in bytes) of a file, read in pieces."""
    with local_path(uri).open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
        return digest.hexdigest(), file.tell()


def _readable(name: str) -> str:
    """A name, which Linux takes as any bytes, with those that are no UTF-8 as ``\\xe9``: neither tables nor FFmpeg take them."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _with_readable_name(entry: Entry) -> Entry:
    name = _readable(entry.name)
    if name == entry.name:
        return entry
    return replace(
        entry, name=name, trouble=("name_encoding", f"the name of {name} is not UTF-8; rename it or its folder")
    )


def _s3_entries(folder_uri: str) -> Iterator[Entry]:
    bucket, prefix = split(folder_uri)
    prefix = prefix.rstrip("/") + "/" if prefix.rstrip("/") else ""
    where = {"Bucket": bucket, "Prefix": prefix, "PaginationConfig": {"PageSize": PAGE_SIZE}}
    with reading(folder_uri, "the address") as client:
        found = (
            item
            for page in client.get_paginator("list_objects_v2").paginate(**where)
            for item in page.get("Contents", [])
        )
        for item in found:
            name = item["Key"][len(prefix) :]
            if not name or name.endswith("/"):
                continue  # the marker that some tools write for an empty folder
            trouble = None
            if ".." in PurePosixPath(name).parts or name.startswith("/"):
                trouble = ("outside_folder", f"{name} has a path that leaves the prefix; rename the object")
            yield Entry(name, f"s3://{bucket}/{item['Key']}", item["Size"], item["ETag"], trouble)
