"""The store on a local folder and on S3 (moto's server), through the same tests."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from livecc_assets.core.errors import UserError
from livecc_assets.store import Rejected, Store
from livecc_assets.store.blobs import ConflictError, LocalBlobs
from livecc_assets.store.garbage import collect
from livecc_assets.store.writer import Writer

SCHEMA = pa.schema([pa.field("video_id", pa.string(), nullable=False), pa.field("value", pa.float64())])


@pytest.fixture(scope="module")
def s3() -> Iterator[None]:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    settings = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    import boto3

    boto3.client("s3").create_bucket(Bucket="livecc")
    yield
    server.stop()
    for name, value in before.items():
        os.environ.pop(name) if value is None else os.environ.__setitem__(name, value)


@pytest.fixture(params=["local", "s3"])
def root(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "local":
        return str(tmp_path / "artefacts")
    request.getfixturevalue("s3")
    return f"s3://livecc/{tmp_path.name}"


@pytest.fixture
def store(root: str, tmp_path: Path) -> Store:
    return Store(root, tmp_path / "cache")


def writer(store: Store, key: str = "k1", **options: object) -> Writer:
    defaults: dict[str, object] = {"code_version": "1", "config": {}, "upstream": []}
    return store.write("words", "batch-a", key, SCHEMA, **(defaults | options))  # type: ignore[arg-type]


def rows(count: int) -> list[dict[str, object]]:
    return [{"video_id": f"v{number}", "value": number / 2} for number in range(count)]


def test_rows_and_rejected_rows_come_back_as_written(store: Store) -> None:
    one = writer(store)
    one.extend(rows(3000))
    one.add(Rejected("v9000", "error", "undecodable", "the file is broken", "v9000"))
    manifest = one.commit()
    found = store.at("words/batch-a/k1")
    assert found is not None
    assert list(found.rows()) == rows(3000)
    assert [row["reason"] for row in found.rejected()] == ["undecodable"]
    assert (manifest.rows, manifest.rejected, manifest.reasons) == (3000, 1, {"error:undecodable": 1})


def test_reading_streams_over_row_groups(store: Store) -> None:
    one = writer(store)
    one.extend(rows(5000))
    one.commit()
    found = store.at("words/batch-a/k1")
    assert found is not None
    sizes = [batch.num_rows for batch in found.batches(columns=["video_id"])]
    assert sum(sizes) == 5000
    assert max(sizes) <= 1024


def test_nothing_is_visible_before_commit(store: Store) -> None:
    one = writer(store)
    one.extend(rows(2000))
    assert store.at("words/batch-a/k1") is None
    assert store.current("words", "batch-a") is None
    assert store.partitions("words") == []
    one.commit()
    assert store.at("words/batch-a/k1") is not None


def test_of_two_racing_writers_one_wins_and_the_losers_bytes_are_never_read(store: Store) -> None:
    first, second = writer(store), writer(store)
    first.extend(rows(10))
    second.extend(rows(99))
    won, lost = second.commit(), first.commit()
    assert won.attempt == lost.attempt == second.attempt
    found = store.at("words/batch-a/k1")
    assert found is not None
    assert found.count == len(list(found.rows())) == 99
    garbage = {item.key for item in collect(store, older_than=0)}
    assert garbage
    assert all(first.attempt in key for key in garbage)


def test_garbage_collection_deletes_only_what_no_manifest_names(store: Store) -> None:
    kept, lost = writer(store), writer(store)
    kept.extend(rows(10))
    kept.commit()
    lost.extend(rows(5))
    lost.commit()
    assert list(collect(store, older_than=3600, delete=True)) == []
    assert len(list(collect(store, older_than=0, delete=True))) == 2
    assert list(collect(store, older_than=0)) == []
    found = store.at("words/batch-a/k1")
    assert found is not None
    assert len(list(found.rows())) == 10


def test_equal_content_has_an_equal_data_version_whoever_wrote_it(store: Store) -> None:
    one, other = writer(store, "k1"), writer(store, "k2")
    for each in (one, other):
        each.extend(rows(50))
    third = writer(store, "k3")
    third.extend(rows(51))
    assert one.commit().data_version == other.commit().data_version != third.commit().data_version


def test_a_forced_writer_replaces_only_the_manifest_that_it_read(store: Store) -> None:
    one = writer(store)
    one.extend(rows(1))
    one.commit()
    etag = store.etag("words/batch-a/k1")
    forced, late = writer(store, replaces=etag), writer(store, replaces=etag)
    forced.extend(rows(2))
    forced.commit()
    late.extend(rows(3))
    late.commit()
    found = store.at("words/batch-a/k1")
    assert found is not None
    assert found.count == 2


def test_a_folder_that_a_collector_removes_while_it_is_written_into_is_made_again(tmp_path: Path, monkeypatch) -> None:
    blobs, opened = LocalBlobs(tmp_path), Path.open

    def late(path: Path, *mode: Any):
        if path.name.startswith(".staged-"):
            monkeypatch.setattr(Path, "open", opened)
            blobs.put("a/b/old", b"")
            blobs.delete("a/b/old")
            assert not (tmp_path / "a").exists()
        return opened(path, *mode)

    monkeypatch.setattr(Path, "open", late)
    blobs.put("a/b/new", b"kept")
    found = blobs.get("a/b/new")
    assert found is not None and found[0] == b"kept"
    blobs.put("a/b/newer", b"kept")
    blobs.delete("a/b/new")
    assert [one.key for one in blobs.listed("")] == ["a/b/newer"]


def test_what_is_stored_can_be_read_by_whom_the_umask_admits(tmp_path: Path) -> None:
    blobs, before = LocalBlobs(tmp_path / "store"), os.umask(0o022)
    try:
        blobs.put("put", b"1")
        blobs.create("created", b"1")
        (tmp_path / "file").write_bytes(b"1")
        blobs.upload(tmp_path / "file", "uploaded")
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o777 for path in blobs.folder.iterdir()} == {0o644}


def test_conditional_put_refuses_a_taken_key(store: Store) -> None:
    store.blobs.create("x/one", b"first")
    with pytest.raises(ConflictError):
        store.blobs.create("x/one", b"second")
    with pytest.raises(ConflictError):
        store.blobs.replace("x/one", b"third", '"not the tag"')
    found = store.blobs.get("x/one")
    assert found is not None
    assert found[0] == b"first"


def test_extra_files_come_back_as_a_folder(store: Store, tmp_path: Path) -> None:
    source = tmp_path / "model.bin"
    source.write_bytes(b"weights" * 1000)
    one = store.write("livecc_base", "shared", "k", None, code_version="1", config={}, upstream=[])
    one.add_file(source, "model.bin")
    one.add_file(source, "tokenizer/vocab.bin")
    one.commit()
    found = store.at("livecc_base/shared/k")
    assert found is not None
    folder = found.folder()
    assert (folder / "model.bin").read_bytes() == source.read_bytes()
    assert (folder / "tokenizer/vocab.bin").exists()
    assert found.folder() == folder
    assert list(found.rows()) == []


def test_a_file_name_that_leaves_the_artifact_is_refused(store: Store, tmp_path: Path) -> None:
    source = tmp_path / "x"
    source.write_text("x")
    one = writer(store)
    with pytest.raises(UserError, match="relative name"):
        one.add_file(source, "../x")


def test_a_row_that_does_not_fit_the_schema_is_refused_by_name(store: Store) -> None:
    one = writer(store)
    one.add({"video_id": "v", "value": "many"})
    with pytest.raises(TypeError, match="does not fit the schema"):
        one.commit()
    assert store.at("words/batch-a/k1") is None


def test_the_error_check_counts_errors_and_not_filtered_rows(store: Store) -> None:
    one = writer(store, error_limit=0.2)
    one.extend(rows(8))
    for number in range(20):
        one.add(Rejected(f"f{number}", "filtered", "too_short", "12 s", "v"))
    one.add(Rejected("e", "error", "crashed", "x", "v"))
    assert one.commit().passed
    bad = writer(store, "k2", error_limit=0.2)
    bad.extend(rows(1))
    bad.add(Rejected("e", "error", "crashed", "x", "v"))
    assert not bad.commit().passed


def test_a_batch_name_stands_for_one_folder(store: Store) -> None:
    store.register_batch("a", {"uri": "/videos/a"})
    store.register_batch("a", {"uri": "/videos/a"})
    with pytest.raises(UserError, match="choose another"):
        store.register_batch("a", {"uri": "/videos/b"})
    with pytest.raises(UserError, match="no batch"):
        store.batch("b")
    assert store.batches() == ["a"]


def test_current_follows_the_pointer_back_to_an_older_artifact(store: Store) -> None:
    for key, count in (("k1", 1), ("k2", 2)):
        one = writer(store, key)
        one.extend(rows(count))
        one.commit()
        store.set_current("words", "batch-a", f"words/batch-a/{key}")
    store.set_current("words", "batch-a", "words/batch-a/k1")
    found = store.current("words", "batch-a")
    assert found is not None
    assert found.count == 1
    assert store.partitions("words") == ["batch-a"]


KILLED = """
import sys, time
sys.path[:0] = {path!r}
from tests_helper_rows import SCHEMA
from livecc_assets.store import Store
store = Store({root!r}, {cache!r})
one = store.write("words", "batch-a", "k1", SCHEMA, code_version="1", config={{}}, upstream=[])
print("open", flush=True)
number = 0
while True:
    one.add({{"video_id": str(number), "value": 0.0}})
    number += 1
    if number == 4000:
        print("written", flush=True)
        time.sleep(60)
"""


def test_kill_9_during_a_write_leaves_nothing_visible_and_a_rerun_succeeds(root: str, tmp_path: Path) -> None:
    helper = tmp_path / "tests_helper_rows.py"
    helper.write_text(
        "import pyarrow as pa\n"
        "SCHEMA = pa.schema([pa.field('video_id', pa.string(), nullable=False), pa.field('value', pa.float64())])\n"
    )
    code = textwrap.dedent(KILLED).format(path=[str(tmp_path)], root=root, cache=str(tmp_path / "cache"))
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "open"
    assert process.stdout.readline().strip() == "written"
    time.sleep(0.2)
    process.send_signal(signal.SIGKILL)
    process.wait()
    store = Store(root, tmp_path / "cache")
    assert store.at("words/batch-a/k1") is None
    assert store.partitions("words") == []
    again = writer(store)
    again.extend(rows(7))
    again.commit()
    found = store.at("words/batch-a/k1")
    assert found is not None
    assert found.count == 7


def test_a_missing_bucket_is_one_clear_line(s3: None, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="bucket cannot be used"):
        Store("s3://no-such-bucket/x", tmp_path)


def test_other_addresses_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="only s3"):
        Store("gs://bucket/x", tmp_path)
