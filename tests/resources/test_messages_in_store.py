"""The orchestrator reads all of a worker's messages, however many wait and though the store is away for a while."""

import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from livecc_assets.runtime.messages import chunk_key
from livecc_assets.store.blobs import LocalBlobs
from resources.launchers import pipes
from resources.launchers.pipes import StoreMessageReader

PREFIX = "_messages/words/a/k/attempt"


class Handler:
    """What Dagster's own handler of messages is to a reader."""

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self.received_closed_message = False
        self.errors: list[Any] = []

    def handle_message(self, message: Any) -> None:
        if message["params"]["n"] is None:
            raise RuntimeError("a message that nobody can handle")
        self.numbers.append(message["params"]["n"])
        self.received_closed_message |= message["method"] == "closed"

    def report_pipes_framework_exception(self, origin: str, error: Any) -> None:
        self.errors.append(error)


class Busy(LocalBlobs):
    """A folder that counts how many chunks are read at once, and that can be away."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.away = threading.Event()
        self.gets = self.now = self.most = 0
        self.lock = threading.Lock()

    def get(self, key: str) -> tuple[bytes, str] | None:
        with self.lock:
            self.gets += 1
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(0.002)
        with self.lock:
            self.now -= 1
        if self.away.is_set():
            raise OSError("the store is away")
        return super().get(key)


@pytest.fixture
def blobs(tmp_path: Path) -> Busy:
    return Busy(tmp_path)


def say(blobs: LocalBlobs, first: int, last: int, method: str = "log") -> None:
    for number in range(first, last + 1):
        line = {"__dagster_pipes_version": "0.1", "method": method, "params": {"n": number}}
        blobs.put(chunk_key(PREFIX, number), json.dumps(line).encode())


@pytest.fixture(autouse=True)
def _no_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    # Dagster's own wait for last words would hide what a reader that is slow misses.
    monkeypatch.setattr("dagster._core.pipes.utils.WAIT_FOR_LOGS_AFTER_EXECUTION_INTERVAL", 0)


def test_a_worker_that_was_adopted_after_hours_and_ends_at_once_loses_no_message(
    blobs: Busy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipes, "AT_ONCE", 100)
    say(blobs, 1, 700)
    handler = Handler()
    with StoreMessageReader(blobs, PREFIX, interval=0.0).read_messages(handler):  # type: ignore[arg-type]
        pass
    assert handler.numbers == list(range(1, 701))
    assert handler.errors == []
    assert 1 < blobs.most <= pipes.THREADS


def test_a_turn_reads_all_that_is_there_and_asks_little_for_nothing(blobs: Busy) -> None:
    reader = StoreMessageReader(blobs, PREFIX)
    assert reader.download_messages(None, {}) is None
    assert blobs.gets == 1
    say(blobs, 1, 40)
    found = reader.download_messages(None, {})
    assert found is not None
    assert found[0] == 41
    assert [json.loads(line)["params"]["n"] for line in found[1].split("\n")] == list(range(1, 41))
    say(blobs, 41, 41)
    blobs.gets = 0
    found = reader.download_messages(found[0], {})
    assert found is not None and found[0] == 42
    assert blobs.gets == 3
    assert reader.download_messages(found[0], {}) is None


def test_what_lies_in_a_store_that_is_away_at_the_end_is_read_when_it_is_back(blobs: Busy) -> None:
    say(blobs, 1, 50)
    blobs.away.set()
    handler = Handler()
    threading.Timer(3.0, blobs.away.clear).start()
    with StoreMessageReader(blobs, PREFIX, interval=0.0).read_messages(handler):  # type: ignore[arg-type]
        pass
    assert handler.numbers == list(range(1, 51))


def test_a_store_that_stays_away_holds_up_the_end_for_a_bounded_time(
    blobs: Busy, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(pipes, "PATIENCE", 0.5)
    blobs.away.set()
    handler, began = Handler(), time.monotonic()
    with StoreMessageReader(blobs, PREFIX, interval=0.0).read_messages(handler):  # type: ignore[arg-type]
        pass
    assert time.monotonic() - began < 120
    assert "messages of" in caplog.text and "from chunk 1 on could not be read" in caplog.text


def test_the_end_waits_for_nothing_after_the_workers_goodbye(blobs: Busy) -> None:
    say(blobs, 1, 3)
    say(blobs, 4, 4, "closed")
    handler = Handler()
    with StoreMessageReader(blobs, PREFIX, interval=0.0).read_messages(handler):  # type: ignore[arg-type]
        while not handler.received_closed_message:
            time.sleep(0.05)
        blobs.away.set()  # would be waited for otherwise
        ended = time.monotonic()
    assert time.monotonic() - ended < 60
    assert handler.numbers == [1, 2, 3, 4]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_the_end_waits_for_no_thread_that_an_error_ended(blobs: Busy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipes, "AT_ONCE", 100)
    blobs.put(chunk_key(PREFIX, 1), b'{"__dagster_pipes_version": "0.1", "method": "log", "params": {"n": null}}')
    say(blobs, 2, 600)
    handler, began = Handler(), time.monotonic()
    with StoreMessageReader(blobs, PREFIX, interval=0.0).read_messages(handler):  # type: ignore[arg-type]
        pass
    assert len(handler.errors) == 1
    assert time.monotonic() - began < 120
