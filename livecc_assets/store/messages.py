"""Dagster Pipes through the artifact store, for workers on other machines (design, "Launchers").

A worker's context and messages lie under one prefix that is made of what it computes and of its attempt. Whoever adopts a
running worker reads its messages from the first one, so nothing depends on a log stream or on the process that started it.
"""

import io
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dagster_pipes import (
    PipesBlobStoreMessageWriter,
    PipesBlobStoreMessageWriterChannel,
    PipesContextLoader,
    PipesMessageWriter,
    PipesMessageWriterChannel,
)

from livecc_assets.store.blobs import Blobs, open_blobs
from livecc_assets.store.redaction import redacted

#: Keys of the bootstrap parameters: the store's root and the prefix under it.
ROOT, PREFIX = "livecc_root", "livecc_prefix"
#: Seconds between two uploads of messages.
INTERVAL = 2.0


def chunk_key(prefix: str, index: int) -> str:
    """Where the chunk of messages with this number lies; numbers start at 1."""
    return f"{prefix}/messages-{index:06d}.json"


def context_key(prefix: str) -> str:
    """Where the worker's Pipes context lies."""
    return f"{prefix}/context.json"


class StoreContextLoader(PipesContextLoader):
    """Reads the context that ``resources.launchers.pipes.StoreContextInjector`` wrote."""

    @contextmanager
    def load_context(self, params: Any) -> Iterator[Any]:
        blobs = open_blobs(params[ROOT])
        found = blobs.get(context_key(params[PREFIX]))
        if found is None:
            raise RuntimeError(
                f"{blobs.root}/{context_key(params[PREFIX])} is gone; start this worker through its launcher"
            )
        yield json.loads(found[0])


class StoreChannel(PipesBlobStoreMessageWriterChannel):
    """Writes chunks of messages as numbered objects."""

    def __init__(self, blobs: Blobs, prefix: str, interval: float = INTERVAL) -> None:
        super().__init__(interval=interval)
        self._blobs, self._prefix = blobs, prefix

    def upload_messages_chunk(self, payload: io.StringIO, index: int) -> None:
        # Here, because only the worker knows every value of its environment. The store itself bears with a server that is
        # away for a minute.
        kept = "\n".join(json.dumps(redacted(json.loads(line))) for line in payload)
        self._blobs.put(chunk_key(self._prefix, index), kept.encode())


class StoreMessageWriter(PipesBlobStoreMessageWriter[StoreChannel]):
    """Messages as objects of the artifact store."""

    def make_channel(self, params: Any) -> StoreChannel:
        return StoreChannel(open_blobs(params[ROOT]), params[PREFIX])


class _SilentChannel(PipesMessageWriterChannel):
    def write_message(self, message: Any) -> None:
        pass


class SilentWriter(PipesMessageWriter[_SilentChannel]):
    """For the ranks of a torchrun world that are not the first: one process reports for all."""

    @contextmanager
    def open(self, params: Any) -> Iterator[_SilentChannel]:
        yield _SilentChannel()


def in_store(params: Any) -> bool:
    """Whether bootstrap parameters point into the artifact store."""
    return isinstance(params, dict) and ROOT in params


def is_lead() -> bool:
    """Whether this process reports and writes the artefact: the only one, or rank 0 under torchrun."""
    return int(os.environ.get("RANK", "0")) == 0
