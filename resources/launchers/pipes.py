"""The orchestrator's side of ``livecc_assets.runtime.messages``: writes a worker's context, reads its messages."""

import json
import logging
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import takewhile
from typing import Any

from dagster import (
    PipesBlobStoreMessageReader,
    PipesClientCompletedInvocation,
    PipesContextInjector,
    PipesMessageHandler,
    PipesMessageReader,
    PipesSession,
)

from livecc_assets.core.redaction import redacted
from livecc_assets.runtime.messages import PREFIX, ROOT, chunk_key, context_key
from livecc_assets.store.blobs import Blobs

#: Chunks that are handed on at one turn, and of these, how many are fetched at a time.
AT_ONCE, THREADS = 1000, 16
#: Seconds for which the end of a session waits for a store that gives no further chunk.
PATIENCE = 300.0


class StoreContextInjector(PipesContextInjector):
    """Writes the Pipes context under the attempt's prefix, unless a worker that already runs has read another one."""

    def __init__(self, blobs: Blobs, prefix: str, adopting: bool) -> None:
        self.blobs, self.prefix, self.adopting = blobs, prefix, adopting

    @contextmanager
    def inject_context(self, context_data: Any) -> Iterator[Any]:
        if not self.adopting:
            self.blobs.put(context_key(self.prefix), json.dumps(context_data).encode())
        yield {ROOT: self.blobs.root, PREFIX: self.prefix}

    def no_messages_debug_text(self) -> str:
        return f"The worker's context is {self.blobs.root}/{context_key(self.prefix)}."


class Redacting(PipesMessageReader):
    """Put before a message reader in a class's bases: what a worker reports comes to Dagster without secrets.

    Its log lines and the exception that ended it, with the traceback, go into the event log as they are otherwise.
    """

    #: Whether the worker said goodbye, and no exception was the reason.
    ended_well = False

    @contextmanager
    def read_messages(self, handler: PipesMessageHandler) -> Iterator[Any]:
        take = handler.handle_message

        def handle_message(message: Any) -> None:
            take(redacted(message))
            if message["method"] == "closed":
                self.ended_well = "exception" not in (message["params"] or {})

        handler.handle_message = handle_message
        with super().read_messages(handler) as params:
            yield params


class StoreMessageReader(Redacting, PipesBlobStoreMessageReader):
    """Reads numbered chunks from the first; an adopted worker's messages are replayed into the adopting run.

    Dagster's reader takes one chunk a turn and ends ten seconds after the worker: of one that is hours old, or whose store
    was away, it would miss the last messages.
    """

    def __init__(self, blobs: Blobs, prefix: str, interval: float = 1.0) -> None:
        super().__init__(interval=interval)
        self.blobs, self.prefix = blobs, prefix
        self._read_all = threading.Event()
        self._thread: threading.Thread | None = None

    @contextmanager
    def read_messages(self, handler: PipesMessageHandler) -> Iterator[Any]:
        with super().read_messages(handler) as params:
            yield params
            self._read_rest(handler)

    def _read_rest(self, handler: PipesMessageHandler) -> None:
        """Wait until a turn found no further chunk: the worker has ended, and no other will come."""
        self._read_all.clear()
        read, deadline = self.counter, time.monotonic() + PATIENCE
        while not handler.received_closed_message and not self._read_all.wait(0.1):
            if self._thread and not self._thread.is_alive():
                return  # its error is told already
            if self.counter != read:
                read, deadline = self.counter, time.monotonic() + PATIENCE
            if time.monotonic() > deadline:
                logging.getLogger(__name__).warning(
                    "messages of %s from chunk %d on could not be read in %.0f s", self.prefix, read, PATIENCE
                )
                return

    def download_messages(self, cursor: int | None, params: Any) -> tuple[int, str] | None:
        """The text of the next chunks: of all that are there, or of ``AT_ONCE`` and a few more."""
        self._thread = threading.current_thread()
        chunks: list[str] = []
        width = 1  # most turns find one chunk or none; where there are more, ever more are asked for
        try:
            while len(chunks) < AT_ONCE:
                found = self._chunks(self.counter + len(chunks), width, params)
                chunks += found
                if len(found) < width:
                    self._read_all.set()
                    break
                width = min(width * 2, THREADS)
        except Exception as error:  # the store may be away for a while; an exception would end the reading thread
            logging.getLogger(__name__).warning("messages of %s cannot be read now: %s", self.prefix, error)
        self.counter += len(chunks)
        return (self.counter, "\n".join(chunks)) if chunks else None

    def _chunks(self, first: int, width: int, params: Any) -> list[str]:
        """Chunks from this number on, up to the first that is not there."""
        if width == 1:
            asked = [self.download_messages_chunk(first, params)]
        else:
            numbers = range(first, first + width)
            with ThreadPoolExecutor(width) as pool:
                asked = list(pool.map(lambda index: self.download_messages_chunk(index, params), numbers))
        return [chunk for chunk in takewhile(bool, asked) if chunk]

    @contextmanager
    def get_params(self) -> Iterator[Any]:
        yield {ROOT: self.blobs.root, PREFIX: self.prefix}

    def messages_are_readable(self, params: Any) -> bool:
        return True

    def download_messages_chunk(self, index: int, params: Any) -> str | None:
        found = self.blobs.get(chunk_key(self.prefix, index))
        return found[0].decode() if found else None

    def no_messages_debug_text(self) -> str:
        return f"Messages were expected under {self.blobs.root}/{self.prefix}."


def nothing_to_do(context: Any) -> PipesClientCompletedInvocation:
    """What a launcher returns where no worker was needed: no report, and Dagster's own materialization of the asset."""
    handler = PipesMessageHandler(context, _NoMessages())
    return PipesClientCompletedInvocation(PipesSession({}, handler, {}, {}, context))  # type: ignore[typeddict-item]


class _NoMessages(PipesMessageReader):
    @contextmanager
    def read_messages(self, handler: PipesMessageHandler) -> Iterator[Any]:
        yield {}

    def no_messages_debug_text(self) -> str:
        return "No worker was needed."
