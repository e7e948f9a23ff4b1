"""A video in S3 is read several times by one command, whatever becomes of the room for copies meanwhile."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from livecc_assets.cli.chat import open_conversation
from livecc_assets.cli.comment import comment
from livecc_assets.cli.compare_video import compare_video
from livecc_assets.commentary import engine
from livecc_assets.commentary.utterance import Utterance
from livecc_assets.core.errors import UserError
from livecc_assets.graph.settings import load_settings
from livecc_assets.media.frames import Video
from livecc_assets.store import media_cache
from livecc_assets.store.media_cache import cached, held
from livecc_assets.store.media_cache import media_cache as folder_of_copies
from tests.media.film import make

VIDEO = "s3://films/match.mp4"
TINY = "embedded:tiny-qwen2-vl"


def crowd_out() -> None:
    """Somebody else asks for a video that takes all the room."""
    size = media_cache.cache_bytes() - 10
    cached("another", "another.mp4", size, lambda file: file.truncate(size))


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A state folder with room for one copy, and the object; loading a model and speaking crowd the copy out."""
    monkeypatch.setenv("LIVECC_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(media_cache, "MOMENTS_SEC", 0)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    film = make(tmp_path / "match.mp4", 4)
    monkeypatch.setenv("LIVECC_MEDIA_CACHE_BYTES", str(film.stat().st_size + 100))

    def load(*_: object) -> None:
        crowd_out()

    def speak(_: object, address: str, *__: object, **___: object) -> Iterator[Utterance]:
        with Video.open(address) as opened:
            yield Utterance(0.0, 1.0, f"{len(opened)} frames")
        crowd_out()

    monkeypatch.setattr(engine, "load_engine", load)
    monkeypatch.setattr(engine, "comment_video", speak)
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket="films")
        client.put_object(Bucket="films", Key="match.mp4", Body=film.read_bytes())
        yield tmp_path / "home"


def copies() -> list[str]:
    return sorted(path.name for path in folder_of_copies().glob("[!.]*/*"))


@pytest.mark.parametrize("part", [(None, None), (1.0, 3.0)])
def test_every_model_of_a_comparison_reads_the_copy_and_the_page_holds_it(
    part: tuple[float | None, float | None], home: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    from livecc_assets.models.reference import resolve

    shutil.copytree(resolve(TINY, home), other, dirs_exist_ok=True)
    columns = compare_video(
        load_settings(home), VIDEO, [TINY, str(other)], tmp_path / "c.html", start=part[0], end=part[1]
    )
    assert [[one.text for one in column.said] for column in columns] == [["40 frames"]] * 2
    assert "data:video/mp4;base64," in (tmp_path / "c.html").read_text("utf-8")


@pytest.mark.parametrize("fmt", ["vtt", "html", "mp4"])
def test_a_comment_reads_the_copy_to_its_end_though_the_store_went_away(
    fmt: str, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> Any:
        raise UserError("the store is away")

    def load(*_: object) -> None:
        crowd_out()
        monkeypatch.setattr("livecc_assets.store.uris._about", away)

    monkeypatch.setattr(engine, "load_engine", load)
    said = comment(VIDEO, TINY, fmt=fmt, out=tmp_path / "out", home=home)
    assert said.words == 2 and (tmp_path / "out").stat().st_size > 40


def test_a_conversation_finds_its_video_when_the_model_is_there(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from livecc_assets.commentary import conversation

    def opened(_: object, path: str, *__: object) -> int:
        with Video.open(path) as video:
            return len(video)

    monkeypatch.setattr(conversation, "Conversation", opened)
    found: Any = open_conversation(VIDEO, TINY, {}, home, None, None, lambda *_: None)
    assert found == 40


def test_a_held_copy_stays_and_goes_when_it_is_no_longer_held() -> None:
    path = cached("held", "held.mp4", 10, lambda file: file.truncate(10))
    os.utime(path, (1, 1))
    with held(path):
        crowd_out()
        assert "held.mp4" in copies()
    (another,) = folder_of_copies().glob("*/another.mp4")
    another.unlink()
    (folder_of_copies() / ".bytes").unlink()
    cached("more", "more.mp4", media_cache.cache_bytes(), lambda file: file.truncate(5))
    assert "held.mp4" not in copies()


def test_what_is_no_copy_is_let_be(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for address in (tmp_path / "pipe", tmp_path / "none.mp4", "rtsp://127.0.0.1/x", "-"):
        with held(address):
            pass
