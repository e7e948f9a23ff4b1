"""Which frames a stream is shown, how large, and in which blocks."""

from pathlib import Path
from typing import Any

import pytest
import torch

from livecc_assets.commentary.blocks import Clip, choose_frames, frame_size, read_blocks
from livecc_assets.commentary.config import CommentaryConfig
from livecc_assets.core.errors import MediaError, UserError
from livecc_assets.graph.settings.video import Video as VideoSettings
from livecc_assets.media.frames import Video
from livecc_assets.training.reading import BLANK_LEVEL, read_clip

SMALL: dict[str, Any] = {"min_pixels": 12544, "stream_max_pixels": 12544, "frame_pixels": 12544}


def test_blocks_are_three_seconds_then_one_second_each(video: Path) -> None:
    blocks = list(read_blocks(Clip(str(video)), CommentaryConfig(**SMALL)))
    assert [(b.start_s, b.end_s, len(b.frames)) for b in blocks[:3]] == [(0.0, 3.0, 6), (3.0, 4.0, 2), (4.0, 5.0, 2)]
    assert blocks[-1].end_s == 12.0
    assert {tuple(b.frames.shape[1:]) for b in blocks} == {(3, 112, 112)}


@pytest.mark.parametrize(("end", "padding"), [(8.95, 0), (9.0, 2)])
def test_frames_are_those_of_the_training_clip_but_for_its_padded_half_block(
    video: Path, end: float, padding: int
) -> None:
    settings = VideoSettings(min_pixels=12544, frame_pixels=12544)
    trained = read_clip(str(video), 2.0, end, settings, "corrected")
    config = CommentaryConfig(mode="evaluation", **SMALL)
    shown = torch.cat([block.frames for block in read_blocks(Clip(str(video), 2.0, end), config)])
    assert torch.equal(shown, trained.frames[: len(trained.frames) - padding])


def test_blank_frames_are_grey_and_as_many(video: Path) -> None:
    plain, blank = (
        torch.cat([b.frames for b in read_blocks(Clip(str(video)), CommentaryConfig(blank_frames=flag, **SMALL))])
        for flag in (False, True)
    )
    assert plain.shape == blank.shape
    assert plain.unique().numel() > 10
    assert blank.unique().tolist() == [BLANK_LEVEL]


def test_a_very_short_video_is_one_short_block(video: Path) -> None:
    blocks = list(read_blocks(Clip(str(video), 1.0, 2.6), CommentaryConfig(**SMALL)))
    assert [(b.start_s, b.end_s, len(b.frames)) for b in blocks] == [(0.0, 2.0, 4)]


def test_streaming_size_is_constant_and_evaluation_size_follows_the_length(video: Path) -> None:
    with Video.open(str(video)) as opened:
        opened.height, opened.width = 1080, 1920
        for frames, expected in ((60, (560, 1008)), (120, (420, 728)), (240, (280, 532)), (480, (196, 364))):
            assert frame_size(frames, opened, CommentaryConfig(mode="evaluation")) == expected
            assert frame_size(frames, opened, CommentaryConfig()) == (392, 728)
        assert frame_size(2000, opened, CommentaryConfig(mode="evaluation")) == (196, 364)


def test_released_evaluation_spreads_frames_and_corrected_keeps_two_a_second(video: Path) -> None:
    with Video.open(str(video)) as opened:
        released = choose_frames(opened, 0.0, 12.0, CommentaryConfig(mode="evaluation", rule="released", max_frames=8))
        corrected = choose_frames(opened, 0.0, 12.0, CommentaryConfig(mode="evaluation", max_frames=8))
    assert len(released) == 8 and released[0] == 0 and released[-1] == 119
    assert len(corrected) == 24 and set(a - b for a, b in zip(corrected[1:], corrected, strict=False)) == {5}


def test_published_stream_counts_half_seconds_from_zero(video: Path) -> None:
    released = CommentaryConfig(rule="released")
    with Video.open(str(video)) as opened:
        # Frame n of this 10 frames a second ends at (n + 1) / 10; 0.0 ... 12.0 are 25 times, the odd last one is dropped.
        assert choose_frames(opened, None, None, released) == [0, *range(4, 119, 5)]
        assert choose_frames(opened, None, None, CommentaryConfig()) == list(range(0, 120, 5))
        with pytest.raises(MediaError, match="empty_range"):
            choose_frames(opened, 30.0, 40.0, released)


def test_only_a_block_of_frames_is_decoded_at_a_time(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []
    inner = Video.each

    def each(self: Video, indices: list[int]):
        for index, pixels in inner(self, indices):
            taken.append(index)
            yield index, pixels

    monkeypatch.setattr(Video, "each", each)
    stream = read_blocks(Clip(str(video)), CommentaryConfig(**SMALL))
    next(stream)
    assert len(taken) == 6
    next(stream)
    assert len(taken) == 8


def test_unreadable_video_is_a_media_error(tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").write_bytes(b"")
    with pytest.raises(MediaError):
        next(read_blocks(Clip(str(tmp_path / "empty.mp4")), CommentaryConfig()))


def test_range_past_the_end_is_a_media_error(video: Path) -> None:
    with pytest.raises(MediaError, match="empty_range"):
        next(read_blocks(Clip(str(video), 50.0, 60.0), CommentaryConfig(**SMALL)))


def test_settings_come_from_the_profile_and_misspelt_ones_are_refused() -> None:
    section = {
        "commentary": {"max_new_tokens": 16, "device": "cpu", "dtype": "float32"},
        "video": SMALL,
        "blank_frames": True,
    }
    config = CommentaryConfig.from_profile(section, mode="evaluation")
    assert (config.max_new_tokens, config.frame_pixels, config.blank_frames, config.mode) == (
        16,
        12544,
        True,
        "evaluation",
    )
    assert CommentaryConfig.from_profile({"max_new_tokens": 7, "video": SMALL}).max_new_tokens == 7
    with pytest.raises(UserError, match="repetition_penality"):
        CommentaryConfig.from_profile({"commentary": {"repetition_penality": 1.1}})
    with pytest.raises(UserError, match="positions"):
        CommentaryConfig.of({"positions": "linear"})
    with pytest.raises(UserError, match="max_new_tokens"):
        CommentaryConfig.of({"max_new_tokens": 0})
