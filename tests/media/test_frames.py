"""Frame tables and decoding: against the published reader's tables, and on films that number their frames."""

import json
from pathlib import Path

import numpy as np
import pytest

from livecc_assets.core.errors import MediaError
from livecc_assets.media.frames import Video
from livecc_assets.media.sampling import strict_fps
from tests.recordings import Media

CLEAN = [
    "v2d_test_video.mp4",
    "nasa_13013.mp4",
    "autoeditor_example.mp4",
    "dj_video4.mp4",
    "cosmos_test_video_30s.mp4",
    "askany_making_cake.mp4",
    "short_hamilton_clip.mp4",
    "WDA_KatieHill_000.mp4",
]


@pytest.mark.parametrize("name", CLEAN)
def test_end_times_equal_the_published_readers_table(name, media: Media, golden: Path):
    table = json.loads((golden / "frame_pts.json").read_text())[name]
    with Video.open(str(media / name)) as video:
        published = np.array(table["end_pts_float32"], dtype=np.float32)
        assert np.array_equal(video.published_end_pts.astype(np.float32), published)
        if name != "short_hamilton_clip.mp4":  # its sound starts before the picture
            assert np.array_equal(video.end_pts, video.published_end_pts)
        assert (video.height, video.width) == (table["height"], table["width"])
        assert video.fps == pytest.approx(table["avg_fps"])
        assert not video.variable


def test_best_of_several_video_streams_is_taken(media: Media):
    with Video.open(str(media / "nasa_13013.mp4")) as video:
        assert (video.width, video.height) == (480, 270)


def test_fragmented_file_has_forward_running_times(media: Media):
    with Video.open(str(media / "vllama_skateboarding_dog.mp4")) as video:
        assert len(video) == 421
        assert np.all(np.diff(video.end_pts) > 0)
        assert video.end_pts[0] == pytest.approx(1001 / 30000)


@pytest.mark.parametrize("name", ["askany_making_cake.mp4", "WDA_KatieHill_000.mp4", "nasa_13013.mp4"])
def test_sampled_frames_have_the_published_readers_colours(name, media: Media, golden: Path):
    lines = (golden / "strict_fps.jsonl").read_text().splitlines()
    records = [r for r in map(json.loads, lines) if r["video"] == name and r["mode"] == "strict" and "error" not in r]
    with Video.open(str(media / name)) as video:
        for record in records[:6]:
            kept = [k for k, index in enumerate(record["frame_idx"]) if k == 0 or index >= max(record["frame_idx"][:k])]
            frames = video.frames([record["frame_idx"][k] for k in kept])
            means = frames.mean(axis=(1, 2))
            assert np.abs(means - np.array(record["mean_rgb"])[kept]).max() < 0.0051, record["id"]


@pytest.mark.parametrize(
    ("name", "codecs"),
    [
        ("film.mp4", {}),
        ("film.mkv", {}),
        ("film.mov", {}),
        ("film.ts", {}),
        ("film.flv", {}),
        ("film.avi", {"codec": "mpeg4", "audio_codec": "mp3"}),
        ("film.webm", {"codec": "libvpx", "audio_codec": "libopus"}),
    ],
)
def test_every_container_yields_the_same_times_and_the_right_frames(name, codecs, film, tmp_path: Path):
    path = film.make(tmp_path / name, seconds=6, **codecs)
    with Video.open(str(path)) as video:
        assert video.end_pts == pytest.approx(np.arange(1, 61) / 10)
        assert video.start_pts == pytest.approx(np.arange(60) / 10)
        wanted = [0, 0, 7, 8, 29, 30, 58, 59, 59]
        assert [film.number_of(frame) for frame in video.frames(wanted)] == wanted


def test_frames_can_be_asked_for_again_in_any_order_of_calls(film, tmp_path: Path):
    path = film.make(tmp_path / "film.mp4", seconds=8, gop=10)
    with Video.open(str(path)) as video:
        for wanted in ([70, 75], [3], [3], [4, 79], [0], [41, 42]):
            assert [film.number_of(frame) for frame in video.frames(wanted)] == wanted


def test_indices_that_decrease_or_lie_outside_are_refused(film, tmp_path: Path):
    path = film.make(tmp_path / "film.mp4", seconds=2)
    with Video.open(str(path)) as video:
        with pytest.raises(ValueError, match="must not decrease"):
            video.frames([5, 4])
        with pytest.raises(IndexError, match="frame 20 of 20"):
            video.frames([20])
        assert video.frames([]).shape == (0, 96, 128, 3)


def test_variable_rate_is_told_and_keeps_the_true_times(film, tmp_path: Path):
    stamps = [100 * k + (40 if k % 3 == 1 else 0) for k in range(60)]
    with Video.open(str(film.make(tmp_path / "film.mp4", stamps=stamps, seconds=6))) as video:
        assert video.variable
        assert video.start_pts == pytest.approx(np.array(stamps) / 1000)
        picks = strict_fps(video.end_pts)
        assert [film.number_of(frame) for frame in video.frames(picks)] == picks


def test_one_dropped_frame_is_no_variable_rate(film, tmp_path: Path):
    stamps = [100 * k for k in range(200) if k != 77]
    with Video.open(str(film.make(tmp_path / "film.mp4", stamps=stamps, seconds=20))) as video:
        assert not video.variable
        assert video.end_pts[-1] == pytest.approx(20.0)


def test_millisecond_ticks_of_matroska_are_unrolled_to_exact_times(film, tmp_path: Path):
    with Video.open(str(film.make(tmp_path / "film.mkv", seconds=4, fps=30, codec="libx264"))) as video:
        assert np.array_equal(video.end_pts, np.array([(k + 1) / 30 for k in range(120)]))


def test_sound_without_picture_is_refused(film, tmp_path: Path):
    path = film.make(tmp_path / "film.mp4", seconds=2, vision=False)
    with pytest.raises(MediaError) as caught:
        Video.open(str(path))
    assert caught.value.reason == "no_video"
    assert "sound but no picture" in caught.value.detail


def test_check_points_lie_near_start_middle_and_end_and_close_to_key_frames(film, tmp_path: Path):
    with Video.open(str(film.make(tmp_path / "film.mp4", seconds=20, gop=200))) as video:
        assert video.check_points(span=30) == [0, 30]
    with Video.open(str(film.make(tmp_path / "short.mp4", seconds=20, gop=10))) as video:
        assert video.check_points(span=30) == [0, 99, 199]


def test_frames_behind_a_damaged_stretch_are_not_in_the_table(film, tmp_path: Path):
    path = film.make(tmp_path / "film.mkv", seconds=6, sound=False)
    content = bytearray(path.read_bytes())
    content[len(content) // 3 :] = bytes(len(content) - len(content) // 3)
    path.write_bytes(content)
    with Video.open(str(path)) as video:
        assert len(video) < 60


@pytest.mark.parametrize("ending", ["avi", "ts", "mp4"])
def test_the_rate_is_that_of_the_frames_not_of_the_containers_clock(ending: str, film, tmp_path: Path):
    stamps = [round(k * 1000 / 25 + (3 if k % 2 else 0)) for k in range(100)]
    codec = "mpeg4" if ending == "avi" else "libx264"
    path = film.make(
        tmp_path / f"a.{ending}", fps=1000 if ending == "avi" else 25, stamps=stamps, sound=False, codec=codec
    )
    with Video.open(str(path)) as video:
        assert video.fps == pytest.approx(25, rel=0.02)
