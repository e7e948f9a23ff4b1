"""A batch's folder as a whole, and the batch that is read from it."""

import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from livecc_assets.core.errors import AbsentFolderError, UserError
from livecc_assets.source import batch as reading
from livecc_assets.source import moving
from livecc_assets.source.batch import read_batch
from livecc_assets.source.candidates import Survey
from livecc_assets.source.folders import batch_listing, inbox_folders, listing_digest, look
from livecc_assets.source.ingest import scan, survey
from livecc_assets.source.schemas import SCHEMAS
from livecc_assets.store.artifact import Artifact
from livecc_assets.store.store import Store
from tests.artifacts import finished, new_store, task_of, write
from tests.source.conftest import CONFIG, Batch


def test_a_listing_changes_with_every_file_and_with_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "videos"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "a.mp4").write_bytes(b"1")
    seen = [listing_digest(str(folder))]
    (folder / "b.srt").write_bytes(b"2")
    seen.append(listing_digest(str(folder)))
    os.utime(folder / "b.srt", (1_000_000, 1_000_000))
    seen.append(listing_digest(str(folder)))
    (folder / "b.srt").rename(folder / "c.srt")
    seen.append(listing_digest(str(folder)))
    (folder / "c.srt").unlink()
    assert len(set(seen)) == 4
    assert listing_digest(str(folder)) == seen[0]
    assert listing_digest(f"file://{folder}/") == seen[0]
    (folder / "empty").mkdir()
    assert listing_digest(str(folder)) == seen[0], "a folder is no file"


def test_a_completion_marker_is_told_and_is_no_file_of_the_batch(batch: Batch, tmp_path: Path) -> None:
    batch.video("good.mp4")
    before = look(str(batch.folder))
    batch.write("deep/_SUCCESS", b"")
    within = look(str(batch.folder))
    assert (before.complete, within.complete) == (False, False)
    batch.write("_COMPLETE", b"")
    batch.write("_SUCCESS", b"")
    assert look(str(batch.folder)) == replace(within, complete=True)
    assert {row["id"] for row in _read(new_store(tmp_path), batch, tmp_path).rejected()} == {"deep/_SUCCESS"}


def test_a_folder_with_nothing_but_a_marker_is_empty(tmp_path: Path) -> None:
    assert look(str(tmp_path)).empty
    (tmp_path / "_SUCCESS").touch()
    assert look(str(tmp_path)).empty
    (tmp_path / "a.mp4").touch()
    assert not look(str(tmp_path)).empty


def test_a_file_that_comes_while_a_batch_is_read_shows_as_a_change_later(
    batch: Batch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch.video("good.mp4")

    def late(uri: str, follow_links: bool) -> Survey:
        found = survey(uri, follow_links)
        batch.write("late.txt", b"1")
        return found

    monkeypatch.setattr(reading, "survey", late)
    made = _read(new_store(tmp_path), batch, tmp_path)
    assert made.manifest.metadata["listing"] != listing_digest(str(batch.folder))


def test_a_folder_that_is_gone_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(AbsentFolderError, match="the batch's folder is gone; bring it back, or take the batch out"):
        listing_digest(str(tmp_path / "gone"))


def test_after_a_move_a_listing_stands_for_the_one_of_before_until_it_changes(tmp_path: Path) -> None:
    folder = tmp_path / "videos"
    folder.mkdir()
    now = listing_digest(str(folder))
    about = {"uri": str(folder), "listing": {now: "of before"}}
    assert batch_listing(about) == "of before"
    assert batch_listing({"uri": str(folder)}) == now
    (folder / "a.mp4").write_bytes(b"1")
    assert batch_listing(about) == listing_digest(str(folder)) != "of before"


def test_an_inbox_is_its_folders_by_name_and_no_files(tmp_path: Path) -> None:
    for name in ("b", "a"):
        (tmp_path / name / "deep").mkdir(parents=True)
    (tmp_path / "notes.txt").write_text("no batch")
    assert inbox_folders(str(tmp_path)) == {"a": str(tmp_path / "a"), "b": str(tmp_path / "b")}
    with pytest.raises(UserError, match=r"LIVECC_INBOX=.*gone: no such folder; create it"):
        inbox_folders(str(tmp_path / "gone"))


# -- a batch is read -----------------------------------------------------------------------------------------------------


def _read(store: Store, batch: Batch, home: Path, **config: Any) -> Artifact:
    if "films" not in store.batches():
        store.register_batch("films", {"uri": str(batch.folder)})
    task = task_of(store, home, "yt_cc_source", "films", SCHEMAS["yt_cc_source"], CONFIG | config)
    read_batch(task)
    return finished(task, store)


def test_the_batchs_category_is_for_videos_whose_metadata_name_none(batch: Batch, tmp_path: Path) -> None:
    batch.video("named.mp4")
    batch.video("unnamed.mp4", info={"title": "A match", "language": "en"})
    made = _read(new_store(tmp_path), batch, tmp_path, category="Gaming")
    assert {row["path"]: row["category"] for row in made.rows()} == {"named.mp4": "Sports", "unnamed.mp4": "Gaming"}
    other = _read(new_store(tmp_path / "other"), batch, tmp_path)
    assert {row["category"] for row in other.rows()} == {"Sports", None}


def test_every_file_is_a_row_or_is_rejected_and_the_manifest_notes_what_was_listed(
    batch: Batch, tmp_path: Path
) -> None:
    batch.video("good.mp4")
    batch.video("silent.mp4", captions=False)
    batch.write("broken.mp4", b"no video")
    made = _read(new_store(tmp_path), batch, tmp_path)
    assert [(row["batch"], row["path"]) for row in made.rows()] == [("films", "good.mp4")]
    assert {(row["id"], row["kind"]) for row in made.rejected()} >= {("broken", "error"), ("silent", "filtered")}
    assert made.manifest.metadata["listing"] == listing_digest(str(batch.folder))
    assert made.manifest.metadata["beside"] == moving.contents_of(scan(str(batch.folder)))


# -- a batch moves -------------------------------------------------------------------------------------------------------


def _rows_of(folder: Path, store: Store) -> Artifact:
    """The columns of ``yt_cc_source`` by which a move is checked."""
    import pyarrow as pa

    from livecc_assets.source.listing import file_sha256

    schema = pa.schema([("path", pa.string()), ("sha256", pa.string()), ("size_bytes", pa.int64())])
    rows = []
    for path in sorted(folder.rglob("*.mp4")):
        digest, size = file_sha256(str(path))
        rows.append({"path": path.relative_to(folder).as_posix(), "sha256": digest, "size_bytes": size})
    about = {"listing": listing_digest(str(folder)), "beside": moving.contents_of(scan(str(folder)))}
    return write(store, "yt_cc_source", "films", rows, schema, metadata=about)


@pytest.fixture
def films(tmp_path: Path) -> Path:
    folder = tmp_path / "films"
    for name, content in (("a.mp4", b"aaaa"), ("deep/b.mp4", b"bbbb"), ("a.srt", b"1"), ("a.info.json", b"{}")):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def test_a_copy_is_the_same_and_its_bytes_are_compared_one_video_after_the_other(films: Path, tmp_path: Path) -> None:
    artifact, copy = _rows_of(films, new_store(tmp_path)), shutil.copytree(films, tmp_path / "copy")
    told: list[tuple[int, int]] = []
    found = moving.compare(artifact, str(copy), lambda done, total: told.append((done, total)))
    assert found.same
    assert (found.videos, found.missing, found.different) == (2, [], [])
    assert told == [(0, 2), (1, 2)]


@pytest.mark.parametrize(
    ("name", "content", "same_videos"),
    [("a.mp4", b"aaab", False), ("a.mp4", b"a", False), ("a.srt", b"2", True), ("new.srt", b"3", True)],
)
def test_another_byte_anywhere_is_not_the_same(
    films: Path, tmp_path: Path, name: str, content: bytes, same_videos: bool
) -> None:
    artifact, copy = _rows_of(films, new_store(tmp_path)), shutil.copytree(films, tmp_path / "copy")
    (copy / name).write_bytes(content)
    found = moving.compare(artifact, str(copy))
    assert not found.same
    assert found.different == ([] if same_videos else ["a.mp4"])
    assert found.missing == []


def test_a_batch_that_was_never_read_moves_and_is_never_called_the_same(films: Path, tmp_path: Path) -> None:
    found = moving.compare(None, str(films))
    assert not found.made
    assert not found.same
    store = new_store(tmp_path)
    store.register_batch("films", {"uri": str(tmp_path / "before"), "captions": "optional"})
    moving.move(store, "films", str(films), found)
    assert store.batch("films") == {"uri": str(films), "captions": "optional"}


def test_an_empty_folder_is_no_place_for_a_batch(films: Path, tmp_path: Path) -> None:
    store, empty = new_store(tmp_path), tmp_path / "empty"
    store.register_batch("films", {"uri": str(films)})
    empty.mkdir()
    with pytest.raises(UserError, match="holds no files; copy the videos of batch films there first"):
        moving.move(store, "films", str(empty), moving.Comparison())
    assert store.batch("films")["uri"] == str(films)
