"""One zero for a file: where a player starts it, whatever its container counts from."""

import struct
from pathlib import Path

import numpy as np
import pytest

from livecc_assets.core.errors import MediaError
from livecc_assets.media.audio import read_audio
from livecc_assets.media.clock import file_zero
from livecc_assets.media.frames import Video
from tests.recordings import Media

CONTAINERS = ["mkv", "mp4", "mov", "ts", "flv"]


def beeps(samples: np.ndarray) -> list[float]:
    """Where beeps start, in seconds; one at the very beginning, which priming may blur, is not listed."""
    loud = np.convolve(np.abs(samples), np.ones(80) / 80, "same") > 0.1
    return [float(at) / 16000 for at in np.flatnonzero(loud[1:] & ~loud[:-1]) if at > 2000]


@pytest.mark.parametrize("ending", CONTAINERS)
@pytest.mark.parametrize("clock", [0.0, 1.4, 10.0, 3600.0])
def test_a_file_starts_at_zero_wherever_its_containers_clock_does(ending: str, clock: float, film, tmp_path: Path):
    path = str(film.make(tmp_path / f"film.{ending}", seconds=4, clock=clock, gop=5))
    with Video.open(path) as video:
        assert video.start_pts == pytest.approx(np.arange(40) / 10)
        assert video.end_pts == pytest.approx(np.arange(1, 41) / 10)
        assert video.start_time == pytest.approx(clock, abs=0.3), "muxers move stamps by priming and B-frames"
        assert [film.number_of(frame) for frame in video.frames([0, 17, 39])] == [0, 17, 39]
    assert beeps(read_audio(path)) == pytest.approx([1, 2, 3], abs=0.07)
    assert beeps(read_audio(path, 2.5, 4)) == pytest.approx([0.5], abs=0.07)


@pytest.mark.parametrize("clock", [2**33 / 90000 - 2, 2**33 / 90000 - 100, 80000.0])
def test_a_transport_stream_may_start_at_any_hour_and_wrap_its_33_bits(clock: float, film, tmp_path: Path):
    path = str(film.make(tmp_path / "film.ts", seconds=6, clock=round(clock, 1), gop=5))
    with Video.open(path) as video:
        assert video.end_pts == pytest.approx(np.arange(1, 61) / 10, abs=0.002)
        assert [film.number_of(frame) for frame in video.frames([0, 30, 59])] == [0, 30, 59]
    assert beeps(read_audio(path)) == pytest.approx([1, 2, 3, 4, 5], abs=0.07)
    assert beeps(read_audio(path, 3.5, 5)) == pytest.approx([0.5], abs=0.07)


@pytest.mark.parametrize("ending", CONTAINERS)
def test_a_picture_that_starts_after_the_sound_is_shown_so_much_later(ending: str, film, tmp_path: Path):
    stamps = [700 + 100 * k for k in range(30)]
    path = str(film.make(tmp_path / f"film.{ending}", stamps=stamps, seconds=3.7))
    with Video.open(path) as video:
        assert video.start_pts[0] == pytest.approx(0.7, abs=0.07)
        assert video.duration == pytest.approx(3.7, abs=0.07)
        assert video.published_end_pts == pytest.approx(np.arange(1, 31) / 10), "decord's zero is the first frame"
        assert video.start_time == pytest.approx(file_zero(path))
        first = video.start_pts[0]
    assert beeps(read_audio(path))[0] - first == pytest.approx(0.3, abs=0.01)


def test_priming_that_a_container_cannot_mark_does_not_delay_the_picture(film, tmp_path: Path):
    # 1024 samples before the sound are 64 ms at 16 kHz; MP4 and Matroska say that they are to be skipped.
    for name in ("film.ts", "film.flv", "film.mp4", "film.mkv"):
        with Video.open(str(film.make(tmp_path / name, seconds=2))) as video:
            assert video.start_pts[0] == 0, name


def test_sound_that_starts_late_does_not_move_the_zero(film, tmp_path: Path):
    path = str(film.make(tmp_path / "film.mkv", seconds=4, sound_from=1.5, clock=10.0))
    with Video.open(path) as video:
        assert (video.start_pts[0], video.start_time) == (0, 10.0)
    assert beeps(read_audio(path)) == pytest.approx([2, 3], abs=0.03)


def test_sound_alone_starts_at_its_first_sample(film, tmp_path: Path):
    path = str(film.make(tmp_path / "sound.mka", seconds=3, vision=False, clock=20.0, audio_codec="flac"))
    assert file_zero(path) == pytest.approx(20.0)
    assert beeps(read_audio(path)) == pytest.approx([1, 2], abs=0.01)


def test_what_an_edit_list_cuts_off_is_neither_shown_nor_heard(film, tmp_path: Path):
    path = film.make(tmp_path / "film.mp4", seconds=6, gop=10)
    data = bytearray(path.read_bytes())
    at = -1
    for _ in range(2):  # both tracks begin 2 s later in their media
        at = data.index(b"elst", at + 1)
        mdhd = data.index(b"mdhd", at)
        scale = struct.unpack_from(">I", data, mdhd + 16)[0]
        length, media_time = struct.unpack_from(">ii", data, at + 12)
        struct.pack_into(">ii", data, at + 12, length - 2000, media_time + 2 * scale)
    path.write_bytes(data)
    with Video.open(str(path)) as video:
        assert len(video) == 40
        assert video.start_pts[0] == pytest.approx(0, abs=0.001)
        assert [film.number_of(frame) for frame in video.frames([0, 20])] == [20, 40]
    assert beeps(read_audio(str(path))) == pytest.approx([1, 2, 3], abs=0.02)


def test_a_recording_that_begins_between_two_key_frames_starts_with_what_can_be_shown(film, tmp_path: Path):
    path = film.make(tmp_path / "film.ts", seconds=6, gop=20, sound=False)
    data = path.read_bytes()
    packets = [data[at : at + 188] for at in range(0, len(data), 188)]
    path.write_bytes(b"".join(packets[:3] + packets[len(packets) // 4 :]))
    with Video.open(str(path)) as video:
        shown = [film.number_of(frame) for frame in video.frames([0, 1, len(video) - 1])]
        assert shown == [shown[0], shown[0] + 1, 59]
        assert shown[0] % 20 == 0
        assert video.start_pts[0] == 0


def test_several_recordings_joined_into_one_file_are_refused(film, tmp_path: Path):
    first, second = (film.make(tmp_path / f"{k}.ts", seconds=3, clock=clock) for k, clock in enumerate((50.0, 10.0)))
    joined = tmp_path / "joined.ts"
    joined.write_bytes(first.read_bytes() + second.read_bytes())
    with pytest.raises(MediaError, match=r"time stamps of joined\.ts jump back from 5\d\.\d to 9\.\d s") as caught:
        Video.open(str(joined))
    assert caught.value.reason == "broken_clock"


def test_the_published_recording_with_a_late_picture_keeps_sound_and_picture_together(media: Media):
    path = str(media / "short_hamilton_clip.mp4")
    with Video.open(path) as video:
        assert video.start_time == pytest.approx(0.008, abs=0.001)
        assert video.start_pts[0] == pytest.approx(10214 / 11988 - 0.008, abs=0.001)
        assert video.published_end_pts[0] == pytest.approx(1 / 29.97)
    assert len(read_audio(path)) / 16000 == pytest.approx(10.008, abs=0.02)
