"""Limits hold where a file's headers lie or leave things out, and small files cannot ask for much memory."""

import io
import struct
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.error import FFmpegError
from PIL import Image

from livecc_assets.core.errors import MediaError
from livecc_assets.media.audio import read_audio
from livecc_assets.media.frames import Video
from livecc_assets.media.images import ImageLimits, decode_image
from livecc_assets.media.opening import MediaLimits, open_media
from tests.house.places import REPOSITORY


def patched(path: Path, box: bytes, offset: int, *numbers: int) -> None:
    """Overwrites the 32-bit numbers at ``offset`` behind an MP4 box's name."""
    data = bytearray(path.read_bytes())
    start = data.index(box) + len(box) + offset
    data[start : start + 4 * len(numbers)] = struct.pack(f">{len(numbers)}I", *numbers)
    path.write_bytes(bytes(data))


def bomb(film, path: Path, frames: int) -> Path:
    """A file of some 2 KB whose tables announce ``frames`` frames of one byte."""
    film.make(path, seconds=2, sound=False)
    patched(path, b"stsz", 4, 1, frames)
    patched(path, b"stts", 8, frames)
    patched(path, b"stsc", 12, frames)
    return path


def short_by_its_header(path: Path) -> None:
    """Overwrites the duration of a Matroska file with a second."""
    data = path.read_bytes()
    start = data.index(b"\x44\x89\x88") + 3
    path.write_bytes(data[:start] + struct.pack(">d", 1000.0) + data[start + 8 :])


def refusal(call, *arguments) -> str:
    with pytest.raises(MediaError) as caught:
        call(*arguments)
    return caught.value.reason


def test_frames_that_a_header_announces_are_counted_before_they_are_read(film, tmp_path: Path) -> None:
    path = bomb(film, tmp_path / "film.mp4", 4_000_000)
    assert refusal(open_media, str(path)) == "too_many_frames"


def test_an_index_of_gigabytes_in_a_small_file_costs_no_memory(film, tmp_path: Path) -> None:
    path = bomb(film, tmp_path / "film.mp4", 150_000_000)
    assert path.stat().st_size < 5000
    code = (
        "import sys\nfrom livecc_assets.core.errors import MediaError\n"
        "from livecc_assets.media.opening import MediaLimits, open_media\n"
        "try:\n    open_media(sys.argv[1], MediaLimits(frames=1 << 40)).close()\nexcept MediaError as error:\n    print(error)\n"
        "print(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))"
    )
    command = [sys.executable, "-c", code, str(path)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert int(done.stdout.splitlines()[-1]) < 400_000, "KB; the table alone would be 3,600,000"


def test_frames_that_no_header_announces_are_counted_as_they_come(film, tmp_path: Path) -> None:
    path = film.make(tmp_path / "film.mkv", seconds=3, sound=False)
    with av.open(str(path)) as container:
        assert container.streams.video[0].frames == 0
    assert refusal(Video.open, str(path), MediaLimits(frames=20)) == "too_many_frames"
    with Video.open(str(path), MediaLimits(frames=30)) as video:
        assert len(video) == 30


def test_a_film_that_is_longer_than_its_header_says_is_too_long(film, tmp_path: Path) -> None:
    path = film.make(tmp_path / "film.mkv", stamps=[0, 100, 200, 7_200_000], sound=False)
    short_by_its_header(path)
    with open_media(str(path), MediaLimits(duration_sec=3600)):
        pass
    assert refusal(Video.open, str(path), MediaLimits(duration_sec=3600)) == "too_long"


def test_a_gap_in_the_sound_is_not_filled_beyond_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "sound.mka"
    with av.open(str(path), "w") as container:
        track = container.add_stream("pcm_s16le", rate=16000, layout="mono")
        for second in (0, 400_000):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1600), np.int16), format="s16", layout="mono")
            frame.sample_rate, frame.time_base, frame.pts = 16000, Fraction(1, 16000), second * 16000
            container.mux(track.encode(frame))
        container.mux(track.encode(None))
    short_by_its_header(path)
    assert refusal(read_audio, str(path)) == "too_long"
    assert len(read_audio(str(path), limits=MediaLimits(duration_sec=500_000), end=1.0)) == 16000


def test_a_frame_that_grows_beyond_the_limit_midway_is_not_decoded(film, tmp_path: Path) -> None:
    small = film.make(tmp_path / "small.ts", seconds=1, sound=False, gop=1)
    large = film.make(tmp_path / "large.ts", seconds=1, sound=False, gop=1, size=(640, 480))
    whole = tmp_path / "whole.h264.ts"
    whole.write_bytes(small.read_bytes() + large.read_bytes())

    def widest(limits: MediaLimits) -> int:
        with open_media(str(whole), limits) as container:
            return max(frame.width for frame in container.decode(video=0))

    assert widest(MediaLimits()) == 640
    with pytest.raises(FFmpegError):
        widest(MediaLimits(frame_pixels=200 * 200))


def picture(size: tuple[int, int], form: str) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", size, (200, 30, 40)).save(data, form)
    return data.getvalue()


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF", "BMP"])
def test_pictures_are_told_by_their_content(form: str) -> None:
    assert decode_image(picture((8, 6), form), "a.jpg").size == (8, 6)


def test_a_picture_that_promises_more_pixels_than_its_limit_is_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    data = io.BytesIO()
    Image.new("1", (9000, 9000)).save(data, "PNG")
    large = data.getvalue()
    assert len(large) < 20_000
    monkeypatch.setattr(Image.Image, "convert", lambda *arguments: pytest.fail("it was decoded"))
    assert refusal(decode_image, large, "bomb.png") == "too_many_pixels"
    assert refusal(decode_image, large, "bomb.png", ImageLimits(size_bytes=1000)) == "too_large"


@pytest.mark.parametrize(
    "content", [b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", b"", b"<svg/>", b"P6 2 2 255\n" + b"x" * 12]
)
def test_formats_that_run_or_follow_things_are_no_pictures(content: bytes) -> None:
    assert refusal(decode_image, content, "picture.jpg") == "undecodable"
