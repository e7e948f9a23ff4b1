"""A writer that lives keeps its files, however old they look; one that was killed does not."""

# ruff: noqa: F811 (fixtures of another file are asked for by name)
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from livecc_assets.store import Store, garbage, lease
from livecc_assets.store.garbage import collect
from livecc_assets.store.interface import Listed
from tests.store.test_artifacts import root, rows, s3, store, writer  # noqa: F401

TWO_DAYS = 2 * 86400.0


@pytest.fixture
def in_two_days(store: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """Two days later, at which the lease, unless it says so itself, was renewed a minute ago."""
    now = time.time() + TWO_DAYS
    monkeypatch.setattr(garbage.time, "time", lambda: now)
    listed = store.blobs.listed

    def renewed(prefix: str):
        for item in listed(prefix):
            young = item.key.rpartition("/")[2].startswith("lease-") and item.key not in store.dead  # type: ignore[attr-defined]
            yield replace(item, modified=now - 60) if young else item

    store.dead = set()  # type: ignore[attr-defined]
    monkeypatch.setattr(store.blobs, "listed", renewed)
    return store


def test_the_table_of_a_training_that_has_written_nothing_for_two_days_stays(in_two_days: Store) -> None:
    one = writer(in_two_days)
    assert list(collect(in_two_days, older_than=86400, delete=True)) == []
    one.extend(rows(3))
    one.commit()
    found = in_two_days.at("words/batch-a/k1")
    assert found is not None and found.count == 3
    assert [row["video_id"] for row in found.rows()] == ["v0", "v1", "v2"]


def test_what_a_killed_writer_left_goes_with_its_lease(in_two_days: Store) -> None:
    one = writer(in_two_days)
    one._lease._ended.set()  # it renews nothing any more, as a killed process
    in_two_days.dead = {one._lease._key}  # type: ignore[attr-defined]
    gone = {item.key for item in collect(in_two_days, older_than=86400, delete=True)}
    assert one._lease._key in gone
    assert list(in_two_days.blobs.listed("words/")) == []


def test_one_writers_lease_keeps_no_other_writers_files(in_two_days: Store) -> None:
    living, dead = writer(in_two_days), writer(in_two_days)
    dead._lease._ended.set()
    in_two_days.dead = {dead._lease._key}  # type: ignore[attr-defined]
    gone = {item.key for item in collect(in_two_days, older_than=86400, delete=True)}
    assert all(dead.attempt in key for key in gone) and gone
    assert any(living.attempt in item.key for item in in_two_days.blobs.listed("words/"))


def test_a_lease_is_renewed_until_its_writer_ends(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "RENEWED", 0.05)
    put, seen = store.blobs.put, list[str]()

    def noted(key: str, data: bytes) -> None:
        seen.append(key)
        if len(seen) == 2:
            raise ConnectionError("the store is away for a moment")
        put(key, data)

    monkeypatch.setattr(store.blobs, "put", noted)
    one = writer(store)
    deadline = time.monotonic() + 20
    while seen.count(one._lease._key) < 4 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert seen.count(one._lease._key) >= 4, "one failed sign does not end the others"
    one.commit()
    assert not [item for item in store.blobs.listed("words/") if "/lease-" in item.key]


def test_a_sign_that_is_on_its_way_at_the_end_is_waited_for(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "RENEWED", 0.01)
    put, signing = store.blobs.put, threading.Event()

    def slow(key: str, data: bytes) -> None:
        if "/lease-" in key and threading.current_thread().name == "lease":
            signing.set()
            time.sleep(0.2)
        put(key, data)

    monkeypatch.setattr(store.blobs, "put", slow)
    one = writer(store)
    assert signing.wait(10)
    one.abandon()
    time.sleep(0.3)
    assert not [item for item in store.blobs.listed("words/") if "/lease-" in item.key]


@pytest.mark.parametrize("end", ["commit", "abandon"])
def test_nothing_is_left_of_a_lease_that_was_given_back(store: Store, end: str) -> None:
    one = writer(store)
    assert [item.key for item in store.blobs.listed("words/") if "/lease-" in item.key] == [one._lease._key]
    getattr(one, end)()
    assert not [item for item in store.blobs.listed("words/") if "/lease-" in item.key]


def test_an_attempt_is_known_in_every_kind_of_key_and_a_lease_lapses() -> None:
    attempt = "20260101T000000-1f-abc123"
    for key in (f"a/b/k/part-{attempt}-00000.parquet", f"a/b/k/files-{attempt}/x/y.json", f"a/b/k/lease-{attempt}"):
        assert lease.attempt_of(key) == attempt
    assert lease.attempt_of("a/b/k/manifest.json") is None
    held = Listed(f"a/b/k/lease-{attempt}", 0, 1000.0)
    assert lease.alive(held, 1000.0 + lease.LAPSED - 1) == attempt
    assert lease.alive(held, 1000.0 + lease.LAPSED) is None
    assert lease.alive(Listed(f"a/b/k/part-{attempt}-00000.parquet", 0, 1000.0), 1000.0) is None


def test_files_beside_a_manifest_that_cannot_be_read_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(str(tmp_path / "artefacts"), tmp_path / "cache")
    one = writer(store)
    one.extend(rows(2))
    one.commit()
    store.blobs.put("words/batch-a/k1/manifest.json", b"")
    later = time.time() + TWO_DAYS
    monkeypatch.setattr(garbage.time, "time", lambda: later)
    assert list(collect(store, older_than=86400, delete=True)) == []
