"""Frame sizes against the published preprocessing and the method's table (method 2.5)."""

import json
from pathlib import Path

import pytest

from livecc_assets.media.budget import PixelBudget, smart_resize, streaming_size, video_size


def test_sizes_equal_the_published_ones_on_every_golden_case(golden: Path):
    records = [json.loads(line) for line in (golden / "resize.jsonl").read_text().splitlines()]
    assert len(records) == 152
    for record in records:
        height, width = record["height"], record["width"]
        most = record.get("max_pixels_arg")
        if "error" in record:
            with pytest.raises(ValueError, match="aspect ratio"):
                video_size(min(record["nframes"], 480), height, width)
            continue
        if record["fn"] == "streaming_reader" and most:
            size = streaming_size(height, width, most)
        elif record["fn"] == "streaming_reader":
            size = video_size(min(record["nframes"], 480), height, width)
        else:
            size = video_size(record["nframes"], height, width)
        assert list(size) == record["resized"], record["id"]


@pytest.mark.parametrize(
    ("frames", "size"),
    [(60, (560, 1008)), (120, (420, 728)), (240, (280, 532)), (360, (224, 420)), (480, (196, 364))],
)
def test_longer_clips_get_smaller_frames(frames, size):
    assert video_size(frames, 1080, 1920) == size
    assert video_size(frames, 1920, 1080) == (size[1], size[0])


def test_streaming_size_does_not_depend_on_length():
    assert streaming_size(1080, 1920) == (392, 728)


def test_budget_numbers_are_the_released_ones():
    budget = PixelBudget()
    assert (budget.min_pixels, budget.frame_pixels, budget.total_pixels) == (78_400, 602_112, 19_267_584)
    assert budget.max_pixels(480) == 82_320
    assert budget.max_pixels(2) == 602_112


def test_small_budget_keeps_small_frames():
    tiny = PixelBudget(12_544, 12_544, 3_010_560)
    assert video_size(60, 112, 112, tiny) == (112, 112)
    assert video_size(60, 1080, 1920, tiny) == (84, 140)


def test_a_thin_frame_keeps_one_token_of_height():
    assert smart_resize(5, 900, 28, 100, 10_000) == (28, 1316)


def test_extreme_aspect_ratio_is_refused():
    with pytest.raises(ValueError, match="aspect ratio above 200"):
        smart_resize(4, 1000)
