"""What is opened, as what, and what is refused before a byte is decoded."""

import errno
from pathlib import Path

import pytest
from av.error import err_check

from livecc_assets.core.errors import MediaError, UserError
from livecc_assets.core.shortage import ShortageError
from livecc_assets.media import opening
from livecc_assets.media.opening import MediaLimits, decoding, open_media, sniff
from tests.recordings import Media


def refusal(path: Path, **limits) -> MediaError:
    with pytest.raises(MediaError) as caught:
        open_media(str(path), MediaLimits(**limits))
    return caught.value


def test_content_decides_and_not_the_ending(film, tmp_path: Path):
    path = film.make(tmp_path / "film.mkv", seconds=1).rename(tmp_path / "film.mp4")
    with open_media(str(path)) as container:
        assert "matroska" in container.format.name


def test_real_files_are_known_by_their_first_bytes(media: Media):
    assert sniff((media / "nasa_13013.mp4").read_bytes()[:4096]) == "mov"
    assert sniff((media / "jfk.flac").read_bytes()[:64]) == "flac"


def test_videos_of_other_makers_are_known_by_their_first_bytes(media: Media):
    folder = (media / "v2d_test_video.mp4").parent
    for path in folder.glob("*.mp4"):
        assert sniff(path.read_bytes()[:4096]) == "mov", path.name
    assert sniff((media / "moonshine_two_cities.wav").read_bytes()[:64]) == "wav"


@pytest.mark.parametrize("head", [b"", b"hello world, this is text", b"\x00" * 400, b"\x89PNG\r\n\x1a\n" + b"x" * 90])
def test_other_bytes_are_no_media(head):
    assert sniff(head) is None


def test_empty_file_says_so(tmp_path: Path):
    (tmp_path / "a.mp4").touch()
    assert refusal(tmp_path / "a.mp4").reason == "empty_file"


def test_missing_file_says_so(tmp_path: Path):
    assert refusal(tmp_path / "gone.mp4").reason == "missing"


@pytest.mark.parametrize(
    "content",
    [
        "#EXTM3U\n#EXT-X-VERSION:3\n#EXTINF:9,\nhttp://127.0.0.1:1/a.ts\n",
        "\ufeff#EXTM3U\n/etc/passwd\n",
        "[playlist]\nFile1=/etc/passwd\n",
        "ffconcat version 1.0\nfile '/etc/passwd'\n",
        '<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011"></MPD>',
    ],
)
def test_playlist_posing_as_a_video_is_never_followed(content, tmp_path: Path):
    path = tmp_path / "video.mp4"
    path.write_text(content)
    error = refusal(path)
    assert error.reason == "playlist"
    assert "video.mp4 is a playlist" in error.detail


def test_text_posing_as_a_video_says_that_it_is_text(tmp_path: Path):
    path = tmp_path / "video.mp4"
    path.write_text("These are my notes on the match.\n" * 20)
    assert "plain text" in refusal(path).detail


def test_zero_filled_file_says_so(tmp_path: Path):
    path = tmp_path / "video.mp4"
    path.write_bytes(bytes(10_000))
    assert "zero bytes" in refusal(path).detail


def test_header_without_a_film_is_undecodable(tmp_path: Path):
    path = tmp_path / "video.mp4"
    path.write_bytes(b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + b"\x07" * 5000)
    assert refusal(path).reason == "undecodable"


@pytest.mark.parametrize(
    ("limit", "reason"),
    [
        ({"size_bytes": 100}, "too_large"),
        ({"duration_sec": 0.5}, "too_long"),
        ({"frame_pixels": 1000}, "too_many_pixels"),
        ({"streams": 1}, "too_many_streams"),
    ],
)
def test_limits_hold(limit, reason, film, tmp_path: Path):
    assert refusal(film.make(tmp_path / "film.mp4", seconds=2), **limit).reason == reason


def test_file_names_cannot_name_a_protocol(film, tmp_path: Path):
    film.make(tmp_path / "plain.mp4", seconds=1).rename(tmp_path / "concat:a|b.mp4")
    with open_media(str(tmp_path / "concat:a|b.mp4")) as container:
        assert len(container.streams) == 2


def test_web_addresses_are_refused():
    with pytest.raises(UserError, match="only local paths and s3://"):
        open_media("http://127.0.0.1:1/video.mp4")


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE])
def test_a_lack_of_open_files_is_no_fault_of_the_video(number: int):
    with pytest.raises(ShortageError, match="out of open files"), decoding("clip.mp4"):
        err_check(-number)


@pytest.mark.parametrize("number", [errno.ENOMEM, errno.EAGAIN])
def test_a_video_that_asks_for_too_much_is_told_from_a_machine_without_memory(number: int, monkeypatch):
    with pytest.raises(MediaError, match="undecodable"), decoding("clip.mp4"):
        err_check(-number)
    monkeypatch.setattr(opening, "has_room", lambda size: False)
    with pytest.raises(ShortageError, match=r"out of (memory|threads)"), decoding("clip.mp4"):
        err_check(-number)


def test_ffmpeg_errors_become_sentences_that_name_the_file():
    with pytest.raises(MediaError) as caught, decoding("clip.mp4"):
        raise EOFError
    assert caught.value.detail.startswith("clip.mp4 cannot be decoded")
