"""The orchestrator's side of ``livecc_assets.store.messages``: writes a worker's context, reads its messages."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dagster import PipesContextInjector, PipesMessageReader
from dagster._core.pipes.context import PipesMessageHandler
from dagster._core.pipes.utils import PipesBlobStoreMessageReader

from livecc_assets.store.blobs import Blobs
from livecc_assets.store.messages import PREFIX, ROOT, chunk_key, context_key
from livecc_assets.store.redaction import redacted


class StoreContextInjector(PipesContextInjector):
    """Writes the Pipes context under the attempt's prefix, unless a worker that already runs has read another one."""

    def __init__(self, blobs: Blobs, prefix: str, adopting: bool) -> None:
        self.blobs, self.prefix, self.adopting = blobs, prefix, adopting

    @contextmanager
    def inject_context(self, context: Any) -> Iterator[Any]:
        if not self.adopting:
            self.blobs.put(context_key(self.prefix), json.dumps(context).encode())
        yield {ROOT: self.blobs.root, PREFIX: self.prefix}

    def no_messages_debug_text(self) -> str:
        return f"The worker's context is {self.blobs.root}/{context_key(self.prefix)}."


class Redacting(PipesMessageReader):
    """Put before a message reader in a class's bases: what a worker reports comes to Dagster without secrets.

    Its log lines and the exception that ended it, with the traceback, go into the event log as they are otherwise.
    """

    @contextmanager
    def read_messages(self, handler: PipesMessageHandler) -> Iterator[Any]:
        take = handler.handle_message

        def handle_message(message: Any) -> None:
            take(redacted(message))

        handler.handle_message = handle_message
        with super().read_messages(handler) as params:
            yield params


class StoreMessageReader(Redacting, PipesBlobStoreMessageReader):
    """Reads numbered chunks from the first; an adopted worker's messages are replayed into the adopting run."""

    def __init__(self, blobs: Blobs, prefix: str, interval: float = 1.0) -> None:
        super().__init__(interval=interval)
        self.blobs, self.prefix = blobs, prefix

    @contextmanager
    def get_params(self) -> Iterator[Any]:
        yield {ROOT: self.blobs.root, PREFIX: self.prefix}

    def messages_are_readable(self, params: Any) -> bool:
        return True

    def download_messages_chunk(self, index: int, params: Any) -> str | None:
        try:
            found = self.blobs.get(chunk_key(self.prefix, index))
        except Exception as error:  # the store may be away for a while; an exception would end the reading thread
            logging.getLogger(__name__).warning("messages of %s cannot be read now: %s", self.prefix, error)
            return None
        return found[0].decode() if found else None

    def no_messages_debug_text(self) -> str:
        return f"Messages were expected under {self.blobs.root}/{self.prefix}."
