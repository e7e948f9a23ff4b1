"""What was lost or changed in the store is noticed, named, and made again; it concerns its own artifact alone."""

# ruff: noqa: F811 (fixtures of another file are asked for by name)
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow.fs as pafs
import pytest
from click.testing import CliRunner

from livecc_assets.cli.main import main
from livecc_assets.core.errors import PassingError, UserError
from livecc_assets.store import Store
from livecc_assets.store.verify import verify
from tests.artifacts import write
from tests.store.test_artifacts import SCHEMA, root, rows, s3, store, writer  # noqa: F401


def table_of(store: Store, partition: str) -> str:
    found = store.current("words", partition)
    assert found is not None
    return next(file.key for file in found.manifest.files if file.name == "rows.parquet")


def _gone(store: Store, key: str) -> None:
    store.blobs.delete(key)


def _cut(store: Store, key: str) -> None:
    found = store.blobs.get(key)
    assert found is not None
    store.blobs.put(key, found[0][:-7])


def _flipped(store: Store, key: str) -> None:
    found = store.blobs.get(key)
    assert found is not None
    store.blobs.put(key, found[0][:40] + bytes([found[0][40] ^ 1]) + found[0][41:])


SPOILERS: dict[str, tuple[Callable[[Store, str], None], str]] = {
    "gone": (_gone, "is gone"), "cut": (_cut, "bytes instead of"), "flipped": (_flipped, "has other bytes than were written"),
}  # fmt: skip


@pytest.mark.parametrize("kind", sorted(SPOILERS))
def test_a_damaged_artifact_is_named_and_repair_has_it_made_again(store: Store, kind: str) -> None:
    spoil, words = SPOILERS[kind]
    for partition in "ab":
        write(store, "words", partition, rows(5), SCHEMA)
    assert [one.wrong for one in verify(store)] == ["", ""]
    spoil(store, table_of(store, "a"))
    (found,) = [one for one in verify(store) if one.wrong]
    assert found.place == "words/a/key" and words in found.wrong
    assert store.current("words", "a") is not None, "looking changes nothing"
    assert [one.wrong for one in verify(store, repair=True) if one.wrong] == [found.wrong]
    assert store.current("words", "a") is None
    again = write(store, "words", "a", rows(5), SCHEMA)
    assert [row["video_id"] for row in again.rows()] == [f"v{number}" for number in range(5)]
    assert {one.wrong for one in verify(store)} == {""}


@pytest.mark.parametrize("kind", ["gone", "cut"])
def test_what_is_gone_or_cut_is_seen_before_it_is_served(store: Store, kind: str) -> None:
    write(store, "words", "a", rows(5), SCHEMA)
    place = store.place("words", "a", "key")
    assert store.damage(place) is None and store.damage("words/a/other") is None
    SPOILERS[kind][0](store, table_of(store, "a"))
    found = store.damage(place)
    assert found is not None and SPOILERS[kind][1] in found.why
    assert found.etag == store.etag(place)


@pytest.mark.parametrize("kind", ["gone", "cut"])
def test_a_reader_of_a_damaged_table_is_told_in_one_line(store: Store, kind: str) -> None:
    write(store, "words", "a", rows(5), SCHEMA)
    SPOILERS[kind][0](store, table_of(store, "a"))
    found = store.current("words", "a")
    assert found is not None
    with pytest.raises(UserError, match=r"words\[a\].*gone or damaged.*livecc verify --repair"):
        list(found.rows())


def test_a_file_of_a_checkpoint_that_is_cut_is_told_when_it_is_opened(tmp_path: Path) -> None:
    store = Store(str(tmp_path / "artefacts"), tmp_path / "cache")
    one = writer(store)
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(b"12345678")
    one.add_file(weights, "model.safetensors")
    one.commit()
    found = store.at("words/batch-a/k1")
    assert found is not None and found.path("model.safetensors").read_bytes() == b"12345678"
    found.path("model.safetensors").write_bytes(b"1234")
    with pytest.raises(UserError, match="gone or damaged"):
        found.path("model.safetensors")


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"{}", b'{"data_version": 1, "files": [{}]}', b"\xff\xfe"])
def test_a_manifest_that_cannot_be_read_is_that_artifacts_trouble_alone(store: Store, text: bytes) -> None:
    for partition in "ab":
        write(store, "words", partition, rows(2), SCHEMA)
    place = store.place("words", "a", "key")
    store.blobs.put(f"{place}/manifest.json", text)
    assert store.current("words", "a") is None and store.at(place) is None
    assert store.current("words", "b") is not None
    found = store.damage(place)
    assert found is not None and "its manifest cannot be read" in found.why
    again = store.write("words", "a", "key", SCHEMA, code_version="1", config={}, upstream=[], replaces=found.etag)
    again.extend(rows(2))
    again.commit()
    assert store.at(place) is not None and store.damage(place) is None


@pytest.mark.parametrize("text", [b"", b"[1]", b'{"other": 1}'])
def test_a_pointer_that_cannot_be_read_is_written_anew_by_the_next_run(store: Store, text: bytes) -> None:
    write(store, "words", "a", rows(2), SCHEMA)
    store.blobs.put("words/a/_current.json", text)
    assert store.pointer("words", "a") is None and store.current("words", "a") is None
    store.set_current("words", "a", store.place("words", "a", "key"))
    assert store.current("words", "a") is not None


def test_a_registration_that_cannot_be_read_names_its_file(store: Store) -> None:
    store.register_batch("a", {"uri": "/videos"})
    store.blobs.put("_batches/a.json", b"{")
    with pytest.raises(UserError, match=r"_batches/a\.json"):
        store.batch("a")


def test_a_commit_names_no_file_that_was_taken_away_meanwhile(store: Store, tmp_path: Path) -> None:
    one = writer(store)
    note = tmp_path / "note.txt"
    note.write_text("x")
    one.add_file(note, "note.txt")
    (key,) = [item.key for item in store.blobs.listed("words/") if item.key.endswith("note.txt")]
    store.blobs.delete(key)
    with pytest.raises(PassingError, match=r"note\.txt is gone, while it was being written; run it again"):
        one.commit()
    assert store.at("words/batch-a/k1") is None


def test_files_reach_the_disk_before_the_manifest_names_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(str(tmp_path / "artefacts"), tmp_path / "cache")
    done: list[str] = []
    sync, create = store.blobs.sync, store.blobs.create
    monkeypatch.setattr(store.blobs, "sync", lambda key: (done.append(key), sync(key)))
    monkeypatch.setattr(store.blobs, "create", lambda key, data: (done.append(key), create(key, data)))
    one = writer(store)
    one.extend(rows(3))
    done.clear()
    manifest = one.commit()
    assert done == [*(file.key for file in manifest.files), "words/batch-a/k1/manifest.json"]
    assert isinstance(store.blobs.fs, pafs.LocalFileSystem)


def test_the_command_tells_what_is_damaged_and_exits_with_1(tmp_path: Path) -> None:
    home = tmp_path / "home"
    store = Store(str(home / "artefacts"), home / "cache")
    write(store, "words", "a", rows(5), SCHEMA)
    call = ["--home", str(home), "verify"]
    sound = CliRunner().invoke(main, call)
    assert (sound.exit_code, sound.output) == (0, "1 artifacts, 0 damaged\n")
    _flipped(store, table_of(store, "a"))
    told = CliRunner().invoke(main, call)
    assert told.exit_code == 1
    assert told.output.splitlines()[0].startswith("damaged  words/a/key: words/a/key/part-")
    found = json.loads(CliRunner().invoke(main, [*call, "--json"]).stdout)
    assert found["artifacts"] == 1 and [one["place"] for one in found["damaged"]] == ["words/a/key"]
    repaired = CliRunner().invoke(main, [*call, "--repair"])
    assert repaired.exit_code == 0 and "the next job makes them again" in repaired.output
    assert store.current("words", "a") is None
