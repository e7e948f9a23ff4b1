"""Following a worker to its end: its states as they change, and its output on the way to the reader and the store."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace

from livecc_assets.core.redaction import redact
from livecc_assets.store.blobs import Blobs
from resources.launchers.base import Job, own_words, quote
from resources.launchers.identity import Context
from resources.launchers.leaving import end_if_cancelled, taken_along
from resources.launchers.log import Log
from resources.launchers.place import Place
from resources.launchers.status import Found, Status

#: Seconds between two questions to Dagster whether the run was cancelled.
CANCEL_SECONDS = 2.0
#: Seconds for the last lines of a worker that has ended.
LAST_WORDS = 30.0


class Follower:
    """A thread that reads a worker's output, and where the output is kept."""

    def __init__(self, place: Place, worker: Found, shown: bool = True) -> None:
        self.log = Log(shown)
        self._place, self._stop = place, threading.Event()
        self._thread = threading.Thread(target=place.follow, args=(worker, self.log, self._stop), daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def hear_out(self) -> None:
        """Wait for the last lines of a worker that has ended."""
        self._thread.join(LAST_WORDS)

    def close(self, blobs: Blobs, key: str) -> None:
        """Read no further, and keep what was read under ``key``."""
        self._stop.set()
        if self._thread.ident:
            self._thread.join(5)
        try:
            self.log.keep(blobs, key)
        except Exception as error:
            self._place.say(f"the log could not be kept as {key}: {redact(str(error))}")
        finally:
            self.log.close()


def follow_to_end(place: Place, context: Context, job: Job, worker: Found, blobs: Blobs, log_key: str) -> Status:
    """How the worker ended. Its states are told to the run as they change, its output is kept under ``log_key``."""
    follower = Follower(place, worker)
    try:
        with taken_along(place, context, job, worker.name, worker.attempt):
            follower.start()
            status = Status("waiting")
            for status in _states(place, context, job, worker):
                if status.news:
                    context.log.info(f"{job.name}: {status.news}")
            # A worker that never began, or was taken away, need not have an end to follow to.
            if not status.said_all:
                follower.hear_out()
        if status.state == "failed" and not status.said_all:
            tail = list(follower.log.tail)
            status = replace(status, news=own_words(status.code, tail) or f"{status.news}. {quote(tail)}")
        return status
    finally:
        follower.close(blobs, log_key)


def _states(place: Place, context: Context, job: Job, worker: Found) -> Iterator[Status]:
    """The worker's states as they change; the last one says how it ended."""
    last: Status | None = None
    asked = time.monotonic()
    while last is None or last.state in ("waiting", "running"):
        status = place.patiently(lambda: place.look(job, worker))
        if status != last:
            yield status
        last = status
        if status.state in ("waiting", "running"):
            time.sleep(place.interval)
            if time.monotonic() - asked > CANCEL_SECONDS:
                asked = time.monotonic()
                end_if_cancelled(context)
