"""Dagster Pipes through the artifact store, for workers on other machines (docs/design.md, "Launchers").

A worker's context and messages lie under one prefix that is made of what it computes and of its attempt. Whoever adopts a
running worker reads its messages from the first one, so nothing depends on a log stream or on the process that started it.
"""

import io
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any, TypeVar

from dagster_pipes import (
    PipesBlobStoreMessageWriter,
    PipesBlobStoreMessageWriterChannel,
    PipesContextLoader,
    PipesMessageWriter,
    PipesMessageWriterChannel,
)

from livecc_assets.core.errors import UnreachableError
from livecc_assets.core.redaction import redact, redacted
from livecc_assets.core.text import printable
from livecc_assets.store.blobs import Blobs, open_blobs

T = TypeVar("T")

#: Keys of the bootstrap parameters: the store's root and the prefix under it.
ROOT, PREFIX = "livecc_root", "livecc_prefix"
#: Seconds between two uploads of messages.
INTERVAL = 2.0
#: Seconds between two tries of an upload that failed, at most.
LONGEST_PAUSE = 30.0
#: Seconds for which a worker that has ended still tries to bring its last messages to the store. One put bears with a pause
#: of a minute by itself (see ``core.retry.PAUSES``), and another try has to fit behind it.
LAST_TRY = 120.0


def chunk_key(prefix: str, index: int) -> str:
    """Where the chunk of messages with this number lies; numbers start at 1."""
    return f"{prefix}/messages-{index:06d}.json"


def context_key(prefix: str) -> str:
    """Where the worker's Pipes context lies."""
    return f"{prefix}/context.json"


def open_when_reachable(open_store: Callable[[], T]) -> T:
    """What ``open_store`` returns; where nothing answers, a worker asks again, for minutes.

    Its launcher reached that address a moment ago, so that a spelling mistake is not likely.
    """
    from livecc_assets.core.retry import retry_through_outage

    return retry_through_outage(open_store, lambda error: isinstance(error, UnreachableError))


class StoreContextLoader(PipesContextLoader):
    """Reads the context that ``resources.launchers.pipes.StoreContextInjector`` wrote."""

    @contextmanager
    def load_context(self, params: Any) -> Iterator[Any]:
        blobs = open_when_reachable(lambda: open_blobs(params[ROOT]))
        found = blobs.get(context_key(params[PREFIX]))
        if found is None:
            raise RuntimeError(
                f"{blobs.root}/{context_key(params[PREFIX])} is gone; start this worker through its launcher"
            )
        yield json.loads(found[0])


class StoreChannel(PipesBlobStoreMessageWriterChannel):
    """Writes chunks of messages as numbered objects, each of them until it is there.

    Dagster's own loop ends with the first upload that fails, and what a worker says in its remaining days would be lost.
    """

    def __init__(self, blobs: Blobs, prefix: str, interval: float = INTERVAL) -> None:
        super().__init__(interval=interval)
        self._blobs, self._prefix = blobs, prefix

    @contextmanager
    def buffered_upload_loop(self) -> Iterator[None]:
        """Messages are stored while the body runs; then for ``LAST_TRY`` seconds at most."""
        ending, over = Event(), Event()
        sender = Thread(target=self._send, args=(ending, over), name="messages", daemon=True)
        sender.start()
        try:
            yield
        finally:
            ending.set()
            sender.join(LAST_TRY)
            if sender.is_alive():  # asked before it is told to give up, for then it ends and counts on
                _say(f"its messages from chunk {self._counter} on could not be stored in {LAST_TRY:.0f} s and are lost")
            over.set()

    def _send(self, ending: Event, over: Event) -> None:
        while True:
            ended = ending.wait(self._interval)  # asked before the look at the queue, so that the last words are seen
            if messages := self.flush_messages():
                self._store("\n".join(json.dumps(message) for message in messages), ending, over)
                self._counter += 1
            elif ended:
                return

    def _store(self, chunk: str, ending: Event, over: Event) -> None:
        """Try until the chunk is stored. It takes in nothing new meanwhile: the store may have it though the answer was
        lost, and a reader that has read it looks for the next number."""
        import tenacity

        def pause(seconds: float) -> None:
            if ending.wait(seconds):  # from then on once a second, as long as there is time
                over.wait(1.0)

        def say_once(state: tenacity.RetryCallState) -> None:
            if state.attempt_number == 1 and state.outcome:
                _say(f"messages wait, for the store does not take them: {state.outcome.exception()}")

        tries = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(),  # whatever it is: no work ends over a message
            wait=tenacity.wait_exponential(multiplier=2 * self._interval, max=LONGEST_PAUSE),
            stop=tenacity.stop_when_event_set(over),
            sleep=pause,
            before_sleep=say_once,
            retry_error_callback=lambda state: None,
        )
        tries(lambda: self.upload_messages_chunk(io.StringIO(chunk), self._counter))
        if tries.statistics["attempt_number"] > 1 and not over.is_set():
            _say("the store takes messages again")

    def upload_messages_chunk(self, payload: io.StringIO, index: int) -> None:
        """Store one chunk. Secrets go out here, because only the worker knows every value of its environment."""
        kept = "\n".join(json.dumps(redacted(json.loads(line))) for line in payload)
        self._blobs.put(chunk_key(self._prefix, index), kept.encode())


class StoreMessageWriter(PipesBlobStoreMessageWriter[StoreChannel]):
    """Messages as objects of the artifact store."""

    def make_channel(self, params: Any) -> StoreChannel:
        return StoreChannel(open_when_reachable(lambda: open_blobs(params[ROOT])), params[PREFIX])


def _say(line: str) -> None:
    print(f"livecc: {printable(redact(line))}", file=sys.stderr, flush=True)


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
    """Whether this process reports and writes the artifact: the only one, or rank 0 under torchrun."""
    return int(os.environ.get("RANK", "0")) == 0
