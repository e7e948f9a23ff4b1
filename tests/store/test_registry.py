"""Registered batches, where their videos lie, and the number that a root's layout carries."""

import json
import logging
from pathlib import Path

import pytest

from livecc_assets.core.errors import UserError
from livecc_assets.store import layout, registry
from livecc_assets.store.blobs import ConflictError, LocalBlobs
from livecc_assets.store.store import Store
from livecc_assets.store.videos import COLUMNS, Videos, own_path, video_columns
from tests.artifacts import new_store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return new_store(tmp_path)


def test_a_batch_may_be_registered_again_as_it_is_and_not_as_another(store: Store) -> None:
    about = {"uri": "/videos", "captions": "optional"}
    store.register_batch("a", about)
    store.register_batch("a", dict(reversed(about.items())))
    with pytest.raises(UserError, match="batch a already stands for /videos; choose another --batch name"):
        store.register_batch("a", {"uri": "/others", "captions": "optional"})
    assert store.batch("a") == about


def test_a_batch_that_moved_is_registered_by_its_new_place(store: Store) -> None:
    store.register_batch("a", {"uri": "/videos", "captions": "optional"})
    registry.relocate(store.blobs, "a", "/new", {"now": "before"})
    assert store.batch("a") == {"uri": "/new", "captions": "optional", "listing": {"now": "before"}}
    store.register_batch("a", {"uri": "/new", "captions": "optional"})
    assert store.batch("a")["listing"] == {"now": "before"}, "what the move noted stays"
    with pytest.raises(UserError, match="already stands for /new"):
        store.register_batch("a", {"uri": "/videos", "captions": "optional"})
    registry.relocate(store.blobs, "a", "/third", {})
    assert "listing" not in store.batch("a"), "of another place's listing nothing is left"


def test_two_moves_at_the_same_moment_are_told(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.register_batch("a", {"uri": "/videos"})

    def lost(*arguments: object) -> None:
        raise ConflictError("changed")

    monkeypatch.setattr(LocalBlobs, "replace", lost)
    with pytest.raises(UserError, match="batch a was moved by another process at the same moment"):
        registry.relocate(store.blobs, "a", "/new", {})
    assert store.batch("a") == {"uri": "/videos"}


def test_an_unknown_batch_is_told_with_those_that_there_are_and_how_to_add_one(store: Store) -> None:
    with pytest.raises(UserError, match=r"^there is no batch 'a'; register another with: livecc ingest"):
        store.batch("a")
    for number in range(12):
        store.register_batch(f"b{number:02d}", {"uri": "/videos"})
    for name in ("a", "", "../a", "b00/b01"):
        with pytest.raises(UserError) as told:
            store.batch(name)
        assert "there are b00, b01, b02, b03, b04, b05, b06, b07, b08, b09 and 2 more; register" in str(told.value)


def test_a_name_that_cannot_be_a_partition_is_refused_and_one_that_lies_there_is_passed_over(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("a...b", "all", "a\nb", "-a"):
        with pytest.raises(UserError, match="the name"):
            store.register_batch(name, {"uri": "/videos"})
    assert store.batches() == []
    store.register_batch("good", {"uri": "/videos"})
    store.blobs.put("_batches/a...b.json", b"{}")
    with caplog.at_level(logging.WARNING):
        assert store.batches() == ["good"]
    assert "batch 'a...b' is passed over: its name holds '..'" in caplog.text


# -- videos --------------------------------------------------------------------------------------------------------------


def test_a_video_lies_where_its_batch_says_now(store: Store) -> None:
    row = {"batch": "a", "path": "deep/c.mp4"}
    store.register_batch("a", {"uri": "/videos/"})
    assert Videos(store.blobs).address(row) == "/videos/deep/c.mp4"
    registry.relocate(store.blobs, "a", "s3://films/in", {})
    assert Videos(store.blobs).address(row) == "s3://films/in/deep/c.mp4"
    with pytest.raises(UserError, match="there is no batch 'b'; there are a;"):
        Videos(store.blobs).address(row | {"batch": "b"})


def test_a_video_without_a_batch_lies_in_the_benchmarks_folder_or_at_its_own_address(store: Store) -> None:
    row = {"batch": "", "path": "c.mp4"}
    assert Videos(store.blobs, "s3://bench/videos/").address(row) == "s3://bench/videos/c.mp4"
    assert Videos(store.blobs).address(row) == "c.mp4"
    assert own_path(row) == "c.mp4"


def test_a_batchs_registration_is_read_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.register_batch("a", {"uri": "/videos"})
    reads, real = list[str](), LocalBlobs.get
    monkeypatch.setattr(LocalBlobs, "get", lambda self, key: reads.append(key) or real(self, key))
    videos = Videos(store.blobs)
    for name in ("b.mp4", "c.mp4"):
        videos.address({"batch": "a", "path": name})
    assert reads == ["_batches/a.json"]


def test_every_table_of_videos_has_the_same_columns_and_only_a_benchmarks_digest_may_be_null() -> None:
    usual, own = video_columns(), video_columns(own_folder=True)
    assert tuple(field.name for field in usual) == tuple(field.name for field in own) == COLUMNS
    assert [field.nullable for field in usual] == [False] * 3
    assert [field.nullable for field in own] == [False, False, True]
    assert all(field.metadata[b"doc"] for field in (*usual, *own))


# -- layout --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "no json", "[1]", "{}", '{"layout": "one"}', '{"layout": null}'])
def test_a_layout_number_that_cannot_be_read_is_not_taken_for_this_versions(tmp_path: Path, text: str) -> None:
    (tmp_path / layout.KEY).write_text(text)
    for look in (lambda: layout.check(LocalBlobs(tmp_path)), lambda: layout.check_folder(tmp_path)):
        with pytest.raises(UserError, match="earlier version, without a layout number"):
            look()


def test_messages_samples_and_hidden_files_are_no_state(tmp_path: Path) -> None:
    for name in ("_sample/a.mp4", "_messages/1.json", ".DS_Store"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
    layout.check_folder(tmp_path)
    layout.check(LocalBlobs(tmp_path))
    layout.check_folder(tmp_path / "gone")
    assert not (tmp_path / "gone").exists()
    (tmp_path / "live_cc").mkdir()
    (tmp_path / "live_cc" / "x.parquet").write_text("x")
    for look in (lambda: layout.check(LocalBlobs(tmp_path)), lambda: layout.check_folder(tmp_path)):
        with pytest.raises(UserError, match="this version reads layout"):
            look()


def test_whoever_claims_a_root_second_reads_what_the_first_wrote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blobs, real = LocalBlobs(tmp_path), LocalBlobs.create

    def beaten(self: LocalBlobs, key: str, data: bytes) -> None:
        (tmp_path / layout.KEY).write_text(json.dumps({"layout": number}))
        real(self, key, data)

    monkeypatch.setattr(LocalBlobs, "create", beaten)
    number = layout.LAYOUT
    layout.claim(blobs)
    (tmp_path / layout.KEY).unlink()
    number = layout.LAYOUT + 1
    with pytest.raises(UserError, match=f"with layout {number}"):
        layout.claim(blobs)
