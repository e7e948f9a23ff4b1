"""What a worker is called: the name under which it is adopted, and where its messages lie in the store."""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import dagster as dg

from resources.launchers.base import Job

#: Most characters of one folder's name in the store.
FOLDER_CHARACTERS = 120

Context = dg.OpExecutionContext | dg.AssetExecutionContext


def asset_of(context: Context) -> str:
    """The asset that a step makes (``a/b`` for a key of several parts); for several at once, or for none, the op."""
    keys = list(context.selected_asset_keys) if context.has_assets_def else []
    return keys[0].to_user_string() if len(keys) == 1 else str(context.op_execution_context.op_handle)


def partition_of(context: Context) -> str:
    """The partition that a step makes; FIRST...LAST for a range of them, '' where there is none."""
    if context.has_partition_key:
        return context.partition_key
    if context.has_partition_key_range:
        return f"{context.partition_key_range.start}...{context.partition_key_range.end}"
    return ""


def key_of(module: str, extras: Mapping[str, Any]) -> str:
    """A key for work that is described by its extras alone."""
    text = json.dumps([module, extras], sort_keys=True, default=str)
    return _digest(text)


def worker_name(job: Job) -> str:
    """The name under which a worker for this work is found again: 63 characters of DNS label at most.

    It covers the store's root, the asset, the partition and the key, so that a worker for other inputs has another name.
    """
    identity = "\n".join((job.root, job.asset, job.partition, job.key))
    asset = re.sub("[^a-z0-9]+", "-", job.asset.lower())[:36].strip("-")
    return f"livecc-{asset}-{_digest(identity)}"


def message_prefix(job: Job, attempt: str) -> str:
    """Where context, messages and log of an attempt lie in the store."""
    return "/".join(("_messages", *map(_folder, (job.asset, job.partition, job.key)), attempt))


def _folder(name: str) -> str:
    """A name as that of one folder: an asset's key may have slashes, and without partitions there is no name."""
    quoted = quote(name, safe=" ") or "-"
    if len(quoted) > FOLDER_CHARACTERS:
        quoted = f"{quoted[: FOLDER_CHARACTERS - 17]}-{_digest(name)}"
    return f"%2E{quoted[1:]}" if quoted.startswith(".") else quoted


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
