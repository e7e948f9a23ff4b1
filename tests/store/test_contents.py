"""Files and folders told by what they hold."""

import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from livecc_assets.store.contents import ABSENT, content_of


def _old(path: Path) -> Path:
    os.utime(path, (1_000_000, 1_000_000))
    return path


def test_a_file_counts_by_its_bytes_and_ending_wherever_it_lies(tmp_path: Path) -> None:
    one, two = tmp_path / "one.jsonl", tmp_path / "other.jsonl"
    one.write_text("a\n")
    found = content_of(str(one), tmp_path / "cache")
    shutil.copy(one, two)
    assert content_of(str(two), tmp_path / "cache") == found
    assert content_of(str(one.rename(tmp_path / "one.csv")), tmp_path / "cache") != found, "readers go by the ending"
    two.write_text("b\n")
    assert content_of(str(two), tmp_path / "cache") != found
    assert content_of(str(tmp_path / "gone"), tmp_path / "cache") == ABSENT


def test_a_large_file_is_read_once_and_again_when_it_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, reads, real = tmp_path / "a.jsonl", list[str](), hashlib.file_digest

    def counted(file: Any, kind: str) -> Any:
        reads.append(kind)
        return real(file, kind)

    monkeypatch.setattr(hashlib, "file_digest", counted)
    path.write_text("a\n")
    _old(path)
    first = content_of(str(path), tmp_path / "cache")
    assert content_of(str(path), tmp_path / "cache") == first
    assert len(reads) == 1
    path.write_text("b\n")
    _old(path)  # size and time of the file are as before; that its inode was changed since tells
    assert content_of(str(path), tmp_path / "cache") != first
    assert len(reads) == 2


def test_a_file_that_was_just_written_is_read_every_time(tmp_path: Path) -> None:
    """Two writes may fall into one tick of the file system's clock."""
    path = tmp_path / "a.jsonl"
    path.write_text("a\n")
    content_of(str(path), tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_without_a_place_to_keep_digests_they_are_computed_again(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("a\n")
    _old(path)
    (tmp_path / "cache").write_text("a file, where a folder would have to be")
    assert content_of(str(path), tmp_path / "cache").endswith(".jsonl")


def test_a_folder_counts_by_names_and_sizes_with_links_followed(tmp_path: Path) -> None:
    folder, blob = tmp_path / "videos", tmp_path / "blob"
    (folder / "deep").mkdir(parents=True)
    blob.write_bytes(b"12345")
    (folder / "deep" / "a.mp4").symlink_to(blob)
    (folder / "gone.mp4").symlink_to(tmp_path / "nowhere")
    found = content_of(str(folder), tmp_path / "cache")
    moved = shutil.copytree(folder, tmp_path / "moved", ignore=shutil.ignore_patterns("gone*"))
    assert content_of(str(moved), tmp_path / "cache") == found
    blob.write_bytes(b"123456")
    assert content_of(str(folder), tmp_path / "cache") != found


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name, value in (("ACCESS_KEY_ID", "test"), ("SECRET_ACCESS_KEY", "test"), ("DEFAULT_REGION", "us-east-1")):
        monkeypatch.setenv(f"AWS_{name}", value)
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket="films")
        yield client


def test_objects_and_prefixes_count_as_files_and_folders_do(bucket: Any, tmp_path: Path) -> None:
    for key, body in (
        ("x/q.jsonl", b"a"),
        ("x/q.jsonl.bak", b"z"),
        ("y/q.jsonl", b"a"),
        ("v/a.mp4", b"1"),
        ("v2/a.mp4", b"12"),
    ):
        bucket.put_object(Bucket="films", Key=key, Body=body)
    of = {
        name: content_of(f"s3://films/{name}", tmp_path) for name in ("x/q.jsonl", "y/q.jsonl", "v", "v/", "v2", "none")
    }
    assert of["x/q.jsonl"] == of["y/q.jsonl"]
    assert of["x/q.jsonl"].endswith(".jsonl")
    assert of["v"] == of["v/"] != of["v2"]
    assert of["none"] == ABSENT
