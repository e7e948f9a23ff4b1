"""What is on the screen at a time: frames are sampled by the interval in which they are shown, in every container alike."""

from pathlib import Path

import numpy as np
import pytest

from livecc_assets.core.errors import MediaError
from livecc_assets.media.frames import Video
from livecc_assets.media.sampling import smart_nframes, spread, strict_fps, strict_samples
from livecc_assets.training.interleave import interleave

#: 25 frames a second, a picture that freezes from 2 s until 22 s, and 25 frames a second again until 25 s.
FROZEN = [40 * k for k in range(51)] + [22_000 + 40 * k for k in range(75)]
CONTAINERS = ["mkv", "mp4", "mov", "ts", "flv"]
ENDS = np.append(np.array(FROZEN[1:]), FROZEN[-1] + 40) / 1000


def on_screen(at: float) -> int:
    """The frame that is shown at a moment: a frame's end belongs to it."""
    return int(np.searchsorted(ENDS, at - 1e-6))


def test_a_frozen_picture_is_sampled_for_as_long_as_it_stands():
    samples = strict_samples(ENDS)
    assert samples.indices[:4] == [0, 13, 25, 38]
    assert samples.indices.count(50) == 40, "20 s at two a second"
    assert samples.indices[:50] == [on_screen(0.04 + k / 2) for k in range(50)]
    assert np.diff(samples.times).max() <= 0.53


@pytest.mark.parametrize(("start", "end"), [(5.0, 15.0), (3.1, 21.9), (10.0, 10.3)])
def test_a_clip_inside_one_long_frame_is_that_frame_again_and_again(start: float, end: float):
    samples = strict_samples(ENDS, start, end)
    assert set(samples.indices) == {50}
    assert len(samples.indices) == max(2, round((end - start) * 2) // 2 * 2)
    assert start < samples.times[0] <= samples.times[-1] <= end
    assert set(smart_nframes(ENDS, start, end)) == {50}


def test_a_clip_begins_and_ends_within_a_long_frame():
    into, out = strict_samples(ENDS, 0.5, 10.0), strict_samples(ENDS, 10.0, 24.0)
    assert into.indices[0] == on_screen(0.5) and into.indices[-1] == 50
    assert out.indices[0] == 50 and out.indices[-1] == on_screen(out.times[-1])
    assert (len(into.indices), len(out.indices)) == (20, 28)
    assert out.times[-1] == pytest.approx(24.0, abs=0.04)


def test_the_last_picture_of_a_file_stands_until_its_end():
    ends = np.array([0.1, 0.2, 0.3, 30.0])
    assert strict_fps(ends).count(3) == 59
    assert strict_fps(ends, 10.0, 20.0) == [3] * 20
    with pytest.raises(MediaError, match="frames end from"):
        strict_fps(ends, 30.5, 40.0)


def test_one_picture_for_a_whole_film_is_a_film():
    assert strict_fps(np.array([60.0]), 10.0, 20.0) == [0] * 20
    assert smart_nframes(np.array([60.0])) == [0] * 120
    assert spread(np.array([60.0]), 8) == [0] * 8


@pytest.mark.parametrize("rate", [2, 5, 10, 23.976, 24, 25, 29.97, 30, 50, 59.94, 60])
@pytest.mark.parametrize("span", [(None, None), (3.0, 33.0), (7.77, 18.04)])
def test_at_a_constant_rate_the_picks_are_the_first_frames_that_end_at_or_after_each_half_second(rate, span):
    ends = (np.arange(round(40 * rate)) + 1) / rate
    low, high = span[0] or 0.0, span[1] or ends[-1]
    inside = ends[(ends >= low - 1e-5) & (ends <= high + 1e-5)]
    count = int((inside[-1] - inside[0] + 1e-5) * 2) + 1
    expected = [int(np.searchsorted(ends, inside[0] + k / 2 - 1e-5)) for k in range(count)]
    assert strict_fps(ends, *span) == expected + expected[-1:] * (count % 2)


def test_a_rate_below_two_frames_a_second_shows_each_frame_for_its_whole_time():
    samples = strict_samples(np.arange(1, 11) * 1.0)
    assert samples.indices == [k // 2 for k in range(20)]
    assert samples.times == pytest.approx([0.5 + k / 2 for k in range(20)])


@pytest.mark.parametrize("start", [None, 0.0, 1.0])
def test_before_the_first_picture_nothing_is_shown(start: float | None):
    ends = 3.0 + (np.arange(100) + 1) / 10
    samples = strict_samples(ends, start, begin=3.0)
    assert (samples.indices[0], samples.times[0]) == (0, pytest.approx(3.1))
    with pytest.raises(MediaError):
        strict_fps(ends, start, 2.5, begin=3.0)


def test_words_go_with_what_was_on_the_screen_while_a_picture_stood():
    samples = strict_samples(ENDS, 4.0, 20.0)
    words = [{"start": t - 0.3, "end": t, "word": f"at{t:g}"} for t in (5.0, 8.0, 12.0, 19.0)]
    turns = interleave(ENDS, samples.indices, words, 4.0, times=samples.times)
    assert [turn.words for turn in turns if turn.words] == ["at5", "at8", "at12", "at19"]
    assert [4.0 + turn.end_s >= 8.0 for turn in turns if turn.words == "at8"] == [True]
    assert len({turn.start_s for turn in turns if turn.words}) == 4, "each word in a turn of its own second"


def test_unequal_frames_are_spread_over_the_time_and_equal_ones_over_their_numbers():
    assert spread(ENDS, 5) == [50, 50, 50, 50, on_screen(22.5)]
    assert spread(ENDS, 25).count(50) == 20
    assert spread(np.arange(1, 101) / 10, 8) == [0, 14, 28, 42, 57, 71, 85, 99]
    smart = smart_nframes(ENDS)
    assert smart.count(50) == pytest.approx(40, abs=2)


@pytest.mark.parametrize("ending", CONTAINERS)
def test_a_frozen_picture_has_the_same_times_and_samples_in_every_container(ending: str, film, tmp_path: Path):
    path = film.make(tmp_path / f"film.{ending}", stamps=FROZEN, seconds=25, fps=25, size=(128, 32))
    with Video.open(str(path)) as video:
        assert video.end_pts == pytest.approx(ENDS, abs=1e-6)
        assert video.start_pts[1:] == pytest.approx(ENDS[:-1], abs=1e-6)
        picks = strict_fps(video.end_pts, 0.0, 24.0, begin=float(video.start_pts[0]))
        assert picks == strict_fps(ENDS, 0.0, 24.0)
        assert film.number_of(video.frames([50])[0]) == 50
        assert video.variable


@pytest.mark.parametrize("ending", CONTAINERS)
@pytest.mark.parametrize("rate", [30, 60])
def test_frames_left_out_of_a_rate_leave_exact_times(rate: int, ending: str, film, tmp_path: Path):
    kept = [k for k in range(4 * rate) if k % 7 and not rate < k < 2 * rate]
    stamps = [round(1000 * k / rate) for k in kept]
    path = film.make(tmp_path / f"film.{ending}", stamps=[s - stamps[0] for s in stamps], seconds=4, fps=rate)
    with Video.open(str(path)) as video:
        assert video.start_pts == pytest.approx([(k - kept[0]) / rate for k in kept], abs=1e-6)


def test_a_phones_uneven_times_are_kept_to_the_millisecond(film, tmp_path: Path):
    steps = np.random.default_rng(7).integers(25, 60, 100)
    stamps = [0, *np.cumsum(steps).tolist()]
    tables = []
    for ending in ("mp4", "mkv", "ts"):
        path = film.make(tmp_path / f"film.{ending}", stamps=stamps, seconds=4)
        with Video.open(str(path)) as video:
            tables.append(video.start_pts)
            assert video.variable
    assert tables[0] == pytest.approx(np.array(stamps) / 1000, abs=1e-9)
    assert np.abs(tables[1] - tables[0]).max() <= 0.001 and np.abs(tables[2] - tables[0]).max() <= 0.001


def test_gaps_are_judged_in_seconds_not_in_frames(film, tmp_path: Path):
    one_long = [100 * k for k in range(100)] + [20_000 + 100 * k for k in range(100)]
    with Video.open(str(film.make(tmp_path / "film.mp4", stamps=one_long, seconds=30, size=(128, 32)))) as video:
        assert video.variable, "one frame of two hundred, a third of the time"
