"""Every reader of pictures and of stored objects goes through the door with the limits."""

import io
from pathlib import Path

import boto3
import pytest
from moto import mock_aws
from PIL import Image

from livecc_assets.core.errors import MediaError
from livecc_assets.evaluation.mcq_model import _folder_frames
from livecc_assets.graph.settings.video import Video as VideoSettings
from livecc_assets.store import uris
from livecc_assets.training.reading import read_image, read_video


def bomb() -> bytes:
    data = io.BytesIO()
    Image.new("1", (9000, 9000)).save(data, "PNG")
    return data.getvalue()


def refusal(call, *arguments) -> str:
    with pytest.raises(MediaError) as caught:
        call(*arguments)
    return caught.value.reason


def test_a_picture_bomb_is_refused_wherever_pictures_are_read(tmp_path: Path) -> None:
    path = tmp_path / "bomb.jpg"
    path.write_bytes(bomb())
    assert refusal(read_image, {"image": str(path)}, None) == "too_many_pixels"
    blob = {"video": str(path), "pos": [path.stat().st_size]}
    assert refusal(read_video, blob, VideoSettings(), "corrected") == "too_many_pixels"
    assert (
        refusal(_folder_frames, {"video": str(tmp_path), "frames": ["bomb.jpg"]}, VideoSettings()) == "too_many_pixels"
    )


@pytest.mark.parametrize("name", ["../secret.jpg", "/etc/hostname", "link.jpg"])
def test_frames_outside_their_folder_are_not_read(name: str, tmp_path: Path) -> None:
    (tmp_path / "frames").mkdir()
    Image.new("RGB", (60, 60)).save(tmp_path / "secret.jpg")
    (tmp_path / "frames" / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    video = {"video": str(tmp_path / "frames"), "frames": [name]}
    assert refusal(_folder_frames, video, VideoSettings()) == "outside_folder"


def test_an_object_too_large_for_the_disk_is_not_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("LIVECC_HOME", str(tmp_path))
    monkeypatch.setattr(uris, "MOST_BYTES", 10)
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket="films")
        client.put_object(Bucket="films", Key="small.mp4", Body=b"x" * 10)
        client.put_object(Bucket="films", Key="large.mp4", Body=b"x" * 11)
        assert uris.local_path("s3://films/small.mp4").stat().st_size == 10
        assert refusal(uris.local_path, "s3://films/large.mp4") == "too_large"
