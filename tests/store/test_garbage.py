"""What `livecc gc` takes: bytes that no manifest names, and what workers said a long time ago."""

# ruff: noqa: F811 (fixtures of another file are asked for by name)
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from livecc_assets.cli.upkeep import gc
from livecc_assets.models import chat_budget
from livecc_assets.models.chat_endpoint import Reply
from livecc_assets.models.chat_replies import Replies
from livecc_assets.runtime.messages import chunk_key, context_key
from livecc_assets.store import Store, garbage
from livecc_assets.store.blobs import S3Blobs
from livecc_assets.store.garbage import MESSAGE_DAYS, collect
from tests.store.test_s3 import blobs, bucket, endpoint, moto, server  # noqa: F401

DAY = 86400.0
OLD, RUNNING = "_messages/words/a/k/attempt-1", "_messages/words/a/k/attempt-2"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "artefacts"), tmp_path / "cache")


@pytest.fixture
def said(store: Store) -> Callable[[str, float], None]:
    def at(key: str, days_ago: float) -> None:
        store.blobs.put(key, b"{}")
        when = time.time() - days_ago * DAY
        os.utime(Path(store.root, key), (when, when))

    return at


def keys(store: Store, messages_older_than: float = MESSAGE_DAYS * DAY) -> list[str]:
    return sorted(item.key for item in collect(store, older_than=DAY, messages_older_than=messages_older_than))


def test_an_attempts_messages_go_when_nothing_was_added_for_a_month(store: Store, said) -> None:
    old = [context_key(OLD), f"{OLD}/log.txt", chunk_key(OLD, 1), chunk_key(OLD, 2)]
    for key in old:
        said(key, 31)
    for key in (context_key(RUNNING), chunk_key(RUNNING, 1)):
        said(key, 60)  # a worker that has run for two months; who adopts it reads from here
    said(chunk_key(RUNNING, 2), 29)
    said("_batches/a.json", 400)
    assert keys(store) == old
    assert len(keys(store, messages_older_than=20 * DAY)) == 7
    assert len(list(collect(store, older_than=DAY, delete=True))) == 4
    left = {item.key for item in store.blobs.listed("")}
    assert left == {context_key(RUNNING), chunk_key(RUNNING, 1), chunk_key(RUNNING, 2), "_batches/a.json"}
    assert not Path(store.root, OLD).exists()


def test_young_messages_stay_whatever_the_age_of_other_garbage(store: Store, said) -> None:
    said(chunk_key(OLD, 1), 2)
    said("words/a/k/part-1.parquet", 2)
    assert keys(store) == ["words/a/k/part-1.parquet"]


def test_paid_replies_stay_until_an_age_is_named_and_what_was_spent_goes_with_the_messages(store: Store, said) -> None:
    replies = Replies(store.blobs, "judge")
    for prompt, days in (("old", 400), ("young", 10)):
        replies.put(prompt, {}, Reply("A"))
        said_again = replies.key(prompt, {})
        when = time.time() - days * DAY
        os.utime(Path(store.root, said_again), (when, when))
    for day, days in (("2026-01-01", 31), ("2026-01-31", 1)):
        said(f"{chat_budget.FOLDER}{day}/1-a.json", days)
    assert keys(store) == [f"{chat_budget.FOLDER}2026-01-01/1-a.json"]
    taken = collect(store, older_than=DAY, delete=True, replies_older_than=90 * DAY)
    assert replies.key("old", {}) in {item.key for item in taken}
    assert replies.get("old", {}) is None
    assert replies.get("young", {}) == Reply("A")


def test_the_command_has_the_same_month_as_the_store() -> None:
    (option,) = [one for one in gc.params if one.name == "days"]
    assert option.default == MESSAGE_DAYS


def test_folders_of_messages_on_s3_are_taken_one_by_one(
    blobs: S3Blobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(blobs.root, tmp_path / "cache")
    for prefix in (OLD, RUNNING):
        for key in (context_key(prefix), chunk_key(prefix, 1), f"{prefix}/log.txt"):
            store.blobs.put(key, b"{}")
    assert list(collect(store, older_than=0)) == []
    now = time.time()
    monkeypatch.setattr(garbage.time, "time", lambda: now + 31 * DAY)
    assert len(list(collect(store, older_than=0, delete=True))) == 6
    assert list(store.blobs.listed("_messages/")) == []
