"""A worker's messages reach the store though it is away for a while; what cannot is told on standard error."""

# ruff: noqa: F811 (fixtures of another file are asked for by name)
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from livecc_assets.runtime import messages
from livecc_assets.runtime.messages import StoreChannel, chunk_key
from livecc_assets.store.blobs import Blobs, LocalBlobs, S3Blobs
from tests.store.s3_proxy import Proxy
from tests.store.test_s3 import blobs, bucket, endpoint, moto, server  # noqa: F401

PREFIX = "_messages/words/a/k/attempt"


class Away(LocalBlobs):
    """A folder that takes nothing for the first ``refusals`` puts; of the first ``lost`` of these, only the answer is lost."""

    def __init__(self, root: Path, refusals: float, lost: int = 0) -> None:
        super().__init__(root)
        self.refusals, self.lost, self.tried = refusals, lost, 0

    def put(self, key: str, data: bytes) -> None:
        self.tried += 1
        if self.tried <= self.lost:
            super().put(key, data)
        if self.tried <= self.refusals:
            raise OSError("the disk of secret-token-123456 is away")
        super().put(key, data)


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "LONGEST_PAUSE", 0.1)


def stored(blobs: Blobs) -> Iterator[int]:
    """Numbers of the messages, in the order of the chunks."""
    index = 1
    while found := blobs.get(chunk_key(PREFIX, index)):
        yield from (json.loads(line)["params"]["n"] for line in found[0].splitlines())
        index += 1


def say(channel: StoreChannel, number: int) -> None:
    channel.write_message({"__dagster_pipes_version": "0.1", "method": "log", "params": {"n": number}})  # type: ignore[arg-type]


def wait_for(blobs: Away, tries: int) -> None:
    deadline = time.monotonic() + 120
    while blobs.tried < tries:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_what_is_said_during_and_after_an_outage_arrives_in_order(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SERVICE_TOKEN", "secret-token-123456")
    blobs = Away(tmp_path, refusals=4)
    channel = StoreChannel(blobs, PREFIX, interval=0.01)
    with channel.buffered_upload_loop():
        for number in range(5):
            say(channel, number)
            wait_for(blobs, number + 1)
        say(channel, 5)
    assert list(stored(blobs)) == [0, 1, 2, 3, 4, 5]
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 2
    assert "messages wait" in told[0] and "is away" in told[0] and "secret-token" not in told[0]
    assert "takes messages again" in told[1]


def test_a_chunk_that_a_reader_may_have_read_takes_in_nothing_new(tmp_path: Path) -> None:
    blobs = Away(tmp_path, refusals=3, lost=1)
    channel = StoreChannel(blobs, PREFIX, interval=0.01)
    with channel.buffered_upload_loop():
        say(channel, 0)
        wait_for(blobs, 2)  # by then the first try has ended
        read = blobs.get(chunk_key(PREFIX, 1))
        say(channel, 1)
    assert read is not None and blobs.get(chunk_key(PREFIX, 1)) == read
    assert list(stored(blobs)) == [0, 1]


def test_last_words_are_tried_for_a_while_after_the_end_and_then_given_up_aloud(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    blobs = Away(tmp_path / "back", refusals=2)
    channel = StoreChannel(blobs, PREFIX, interval=60)  # so that all is said before the first upload
    with channel.buffered_upload_loop():
        say(channel, 0)
    assert list(stored(blobs)) == [0]
    monkeypatch.setattr(messages, "LAST_TRY", 0.5)
    blobs = Away(tmp_path / "gone", refusals=float("inf"))
    channel = StoreChannel(blobs, PREFIX, interval=60)
    began = time.monotonic()
    with channel.buffered_upload_loop():
        say(channel, 0)
    assert 0.4 < time.monotonic() - began < 30
    assert "its messages from chunk 1 on could not be stored" in capsys.readouterr().err
    tried = blobs.tried
    time.sleep(1.2)
    assert blobs.tried <= tried + 1, "nothing goes on in the background"


def test_on_s3_an_outage_longer_than_all_tries_of_one_put_costs_no_message(blobs: S3Blobs, server: Proxy) -> None:
    fault = server.fault("PUT", "messages-", (500, "InternalError"), times=20)  # one put has nine tries here
    channel = StoreChannel(blobs, PREFIX, interval=0.05)
    with channel.buffered_upload_loop():
        for number in range(3):
            say(channel, number)
            time.sleep(0.2)
    assert fault.done == 20
    assert list(stored(blobs)) == [0, 1, 2]
