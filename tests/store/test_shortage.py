"""A disk that is full leaves nothing by halves: no artifact, no staged file, no lease, no piece of a table."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pytest

from livecc_assets.live_cc import records
from livecc_assets.store import blobs
from livecc_assets.store.store import Store
from livecc_assets.store.writer import Writer
from tests.artifacts import new_store

SCHEMA = pa.schema([("text", pa.string())])


def full(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return new_store(tmp_path)


def writer(store: Store) -> Writer:
    return store.write("words", "b", "k", SCHEMA, code_version="1", config={}, upstream=[])


def left(store: Store) -> list[str]:
    return [item.key for item in store.blobs.listed("words/")]


def test_an_object_that_cannot_be_written_whole_leaves_nothing_and_the_old_one_stands(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.blobs.put("words/x", b"old")
    monkeypatch.setattr(blobs.os, "fsync", full)
    with pytest.raises(OSError, match="No space left") as caught:
        store.blobs.put("words/x", b"new")
    assert caught.value.filename == str(Path(store.root, "words/x"))
    assert left(store) == ["words/x"] and (store.blobs.get("words/x") or [None])[0] == b"old"


def test_a_file_that_cannot_be_stored_whole_leaves_nothing(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path(tmp_path, "weights").write_bytes(b"0" * 10)
    one = writer(store)
    monkeypatch.setattr(blobs.hashlib, "sha256", lambda: SimpleNamespace(update=full))
    with pytest.raises(OSError, match="No space left"):
        one.add_file(tmp_path / "weights", "weights")
    assert not [key for key in left(store) if "files-" in key]


@pytest.mark.parametrize("where", ["_look_after", "_whole"])
def test_a_commit_that_fails_before_the_manifest_removes_its_files_and_its_lease(
    where: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = writer(store)
    one.add({"text": "goal"})
    monkeypatch.setattr(Writer, where, full)
    with pytest.raises(OSError, match="No space left"):
        one.commit()
    assert left(store) == [] and store.at("words/b/k") is None


def test_a_commit_whose_manifest_may_stand_keeps_the_files_that_it_names(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = writer(store)
    one.add({"text": "goal"})
    create: Callable[..., None] = type(store.blobs).create

    def created_and_then_failed(*arguments: object) -> None:
        create(*arguments)
        full()

    monkeypatch.setattr(type(store.blobs), "create", created_and_then_failed)
    with pytest.raises(OSError, match="No space left"):
        one.commit()
    found = store.at("words/b/k")
    assert found is not None and list(found.rows()) == [{"text": "goal"}]


def test_an_attempt_that_ends_without_a_manifest_keeps_its_rows_and_nothing_else(store: Store) -> None:
    one = writer(store)
    parts = one.parts(40)
    parts.keep(b"a", 1, [{"text": "goal"}])
    one.abandon()
    (part,) = left(store)
    assert "/parts/" in part


def test_an_export_that_cannot_be_written_leaves_no_draft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "to_record", full)
    with pytest.raises(OSError, match="No space left"):
        records.write_records([{}], tmp_path / "set.jsonl")
    assert list(tmp_path.iterdir()) == []
