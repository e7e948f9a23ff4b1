"""The sample's media reach workers elsewhere: they lie beside the artifacts when these are on S3."""

import json
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from livecc_assets.sample.instructions import generate
from livecc_assets.sample.published import place_of, publish, published
from livecc_assets.source.listing import entries
from livecc_assets.store.blobs import LocalBlobs, S3Blobs, open_blobs


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Blobs]:
    for name, value in {"ACCESS_KEY_ID": "key", "SECRET_ACCESS_KEY": "secret", "DEFAULT_REGION": "us-east-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket="bucket")
        blobs = open_blobs("s3://bucket/root")
        assert isinstance(blobs, S3Blobs)
        yield blobs


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "sample-a"
    (made / "deep").mkdir(parents=True)
    (made / "one.mp4").write_bytes(b"one")
    (made / "deep" / "two.vtt").write_bytes(b"two")
    return made


def test_under_a_local_root_a_folder_is_its_own_address(folder: Path, tmp_path: Path) -> None:
    assert publish(folder, LocalBlobs(tmp_path / "root")) == str(folder)


def test_on_s3_a_batch_is_read_from_its_copy(folder: Path, s3: S3Blobs) -> None:
    address = publish(folder, s3)
    assert address.startswith("s3://bucket/root/_sample/")
    assert [(entry.name, entry.size) for entry in entries(address)] == [("deep/two.vtt", 3), ("one.mp4", 3)]


def test_a_second_publishing_sends_what_is_new_and_removes_what_is_gone(folder: Path, s3: S3Blobs) -> None:
    address = publish(folder, s3)
    before = {entry.name: entry.version for entry in entries(address)}
    (folder / "one.mp4").unlink()
    (folder / "three.mp4").write_bytes(b"three")
    assert publish(folder, s3) == address
    after = {entry.name: entry.version for entry in entries(address)}
    assert set(after) == {"deep/two.vtt", "three.mp4"}
    assert after["deep/two.vtt"] == before["deep/two.vtt"]


def test_a_file_is_found_where_it_was_published_and_nowhere_before(tmp_path: Path, s3: S3Blobs) -> None:
    file, local = tmp_path / "list.txt", LocalBlobs(tmp_path / "root")
    assert published(file, s3) is None
    assert published(file, local) is None
    file.write_text("id\n")
    assert publish(file, s3) == published(file, s3) != str(file)
    assert published(file, local) == str(file)


def test_conversations_name_their_media_in_the_folder_that_workers_know(tmp_path: Path, s3: S3Blobs) -> None:
    folder = tmp_path / "instructions"
    names = [
        part[part["type"]]
        for row in generate(folder, 1, 3)
        for part in json.loads(row["conversation"])[0]["content"][:-1]
    ]
    assert all((folder / name).is_file() for name in names)
    assert publish(folder, s3) == place_of(folder, s3)
    stored = {f"{s3.root}/{item.key}" for item in s3.listed("")}
    assert {f"{place_of(folder, s3)}/{name}" for name in names} <= stored
    local = LocalBlobs(tmp_path / "root")
    assert publish(folder, local) == place_of(folder, local) == str(folder)
