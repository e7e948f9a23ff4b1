"""Published clips are cut; records address whole videos."""

import pytest

from livecc_assets.live_whisperx.published_clips import CutClips, parse_name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("dir/abc_12.5-40.0_2.0fps.mp4", ("abc", 12.5, 40.0)),
        ("_-a_1-b_0-33_2.0fps.mp4", ("_-a_1-b", 0.0, 33.0)),
    ],
)
def test_names_give_video_and_range(name, expected):
    clip = parse_name(name)
    assert clip is not None
    assert (clip.video_id, clip.start, clip.end) == expected
    assert (clip.fps, clip.uri) == (2.0, name)


def test_other_names_are_not_clips():
    assert parse_name("abc.mp4") is None
    assert parse_name("abc_1-2_2.0fps.mp4.part") is None


def _row(start, end):
    return {
        "video_id": "abc", "batch": "", "path": "video/youtube/abc.mp4", "start": start, "end": end,
        "words": [{"start": start, "end": end, "word": "go"}],
    }  # fmt: skip


def test_times_are_counted_from_the_clips_start():
    clips = CutClips(["abc_0.0-90.0_2.0fps.mp4", "abc_100.2-140.0_2.0fps.mp4", "other_100.2-140.0_2.0fps.mp4"])
    row = clips.bridge(_row(110.5, 120.25))
    assert row is not None
    assert (row["path"], row["start"], row["end"]) == ("abc_100.2-140.0_2.0fps.mp4", 10.3, 20.05)
    assert row["words"] == [{"start": 10.3, "end": 20.05, "word": "go"}]


def test_a_record_whose_clip_is_not_there_has_no_bridge():
    clips = CutClips(["abc_0.0-90.0_2.0fps.mp4"])
    assert clips.bridge(_row(80.0, 95.0)) is None
    assert clips.bridge(_row(0.0, 90.3)) is not None  # rounding of the name
