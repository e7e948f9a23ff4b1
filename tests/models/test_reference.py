"""A model reference becomes a folder, and a string that changes with its weights."""

from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from livecc_assets.core.errors import UserError
from livecc_assets.models.reference import digest, folder_digest, hub_name, resolve


def _model(folder: Path, weights: bytes = b"1") -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(weights)
    return folder


def test_a_folder_is_itself_and_an_absent_one_is_named(tmp_path: Path):
    folder = _model(tmp_path / "m")
    assert resolve(str(folder), tmp_path) == folder.resolve()
    assert resolve(f"file://{folder}", tmp_path) == folder.resolve()
    with pytest.raises(UserError, match=r"model folder .*absent does not exist"):
        resolve(str(tmp_path / "absent"), tmp_path)


def test_a_folders_digest_follows_content_and_not_place_or_time(tmp_path: Path):
    first, same, other = _model(tmp_path / "a"), _model(tmp_path / "b"), _model(tmp_path / "c", b"2")
    (same / ".hidden").write_text("x")
    assert digest(str(first)) == digest(str(same)) != digest(str(other))


def test_a_large_file_is_sampled_at_its_start_middle_and_end(tmp_path: Path):
    size = 17 * 1024 * 1024
    folder = _model(tmp_path / "big", bytes(size))
    before = folder_digest(folder)
    seen = set()
    for place in (0, size // 2 - size // 126, size - 1):
        data = bytearray(size)
        data[place] = 1
        (folder / "model.safetensors").write_bytes(data)
        seen.add(folder_digest(folder))
    assert before not in seen
    assert len(seen) == 3


def test_embedded_digests_need_no_files(monkeypatch: pytest.MonkeyPatch):
    assert digest("embedded:smollm2").startswith("embedded:smollm2#")
    assert digest("embedded:smollm2") != digest("embedded:minilm")


@pytest.mark.parametrize(
    ("ref", "expected"),
    [("hub:a/b", ("a/b", "main")), ("hub:a/b@1f2e", ("a/b", "1f2e"))],
)
def test_hub_references_carry_an_optional_revision(ref, expected):
    assert hub_name(ref) == expected
    assert digest(ref) == "hub:" + "@".join(expected)


@pytest.mark.parametrize("ref", ["hub:a", "hub:a/b/c", "hub:/b", "hub:"])
def test_malformed_hub_references_are_refused(ref):
    with pytest.raises(UserError, match="is not a hub reference"):
        digest(ref)


def test_an_unreachable_hub_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    import huggingface_hub.constants as constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(UserError, match="hub:nobody/nothing is not in the local hub cache") as caught:
        resolve("hub:nobody/nothing", tmp_path)
    assert "\n" not in str(caught.value)


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch):
    for name, value in (("ACCESS_KEY_ID", "x"), ("SECRET_ACCESS_KEY", "x"), ("DEFAULT_REGION", "us-east-1")):
        monkeypatch.setenv(f"AWS_{name}", value)
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket="models")
        yield client


def test_a_prefix_on_s3_is_downloaded_once_per_content(tmp_path: Path, bucket):
    bucket.put_object(Bucket="models", Key="run/1/config.json", Body=b"{}")
    bucket.put_object(Bucket="models", Key="run/1/deep/model.safetensors", Body=b"1")
    bucket.put_object(Bucket="models", Key="run/10/config.json", Body=b"another model")
    folder = resolve("s3://models/run/1", tmp_path)
    assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()) == [
        "config.json",
        "deep/model.safetensors",
    ]
    assert resolve("s3://models/run/1/", tmp_path) == folder
    before = digest("s3://models/run/1")
    bucket.put_object(Bucket="models", Key="run/1/deep/model.safetensors", Body=b"2")
    assert digest("s3://models/run/1") != before
    assert (resolve("s3://models/run/1", tmp_path) / "deep" / "model.safetensors").read_bytes() == b"2"


def test_an_empty_prefix_and_a_key_that_climbs_out_are_refused(tmp_path: Path, bucket):
    with pytest.raises(UserError, match="holds no objects"):
        resolve("s3://models/none", tmp_path)
    bucket.put_object(Bucket="models", Key="bad/../../evil", Body=b"x")
    with pytest.raises(UserError, match="leaves its folder"):
        resolve("s3://models/bad", tmp_path)
    bucket.put_object(Bucket="models", Key="absolute//tmp/livecc-evil", Body=b"x")
    with pytest.raises(UserError, match="leaves its folder"):
        resolve("s3://models/absolute", tmp_path)
    assert not list(tmp_path.rglob("evil"))
    assert not list(tmp_path.rglob("draft-*"))


@pytest.mark.parametrize("key", ["a\nb" + "x" * 300, "taken/below"])
def test_a_key_that_no_file_system_takes_is_one_line(tmp_path: Path, bucket, key: str):
    for name in ("taken", key):
        bucket.put_object(Bucket="models", Key=f"odd/{name}", Body=b"x")
    with pytest.raises(UserError, match="which is no file's name") as caught:
        resolve("s3://models/odd", tmp_path)
    assert "\n" not in str(caught.value)
