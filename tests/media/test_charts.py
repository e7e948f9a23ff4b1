"""Charts and strips: they are PNGs of the promised size that hold what they were given."""

import base64
import io
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from livecc_assets.media import charts, strip

PNG = b"\x89PNG\r\n\x1a\n"
BLUE = np.array([0x25, 0x63, 0xA8])
GREY = np.array([0xC3, 0xCA, 0xD5])


def opened(png: bytes) -> np.ndarray:
    assert png.startswith(PNG)
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def share(picture: np.ndarray, colour: np.ndarray) -> float:
    """Share of pixels of exactly this colour."""
    return float((picture == colour).all(axis=-1).mean())


@pytest.mark.parametrize(
    "draw",
    [
        lambda: charts.funnel([("clips", 10, {"too_fast": 3}), ("loss", 6, {"low": 4})]),
        lambda: charts.loss_histogram([1.0, 2.0, 3.0], 1.5, 2.5),
        lambda: charts.loss_curve({"loss": [(0, 3.0), (1, 2.0)]}),
        lambda: charts.win_rate_bars([("sample-streaming", 60.0, 50.0, 70.0), ("imported", 40.0, None, None)]),
        lambda: charts.histogram([0.1, 0.9], 0.5),
    ],
    ids=["funnel", "loss_histogram", "loss_curve", "win_rate_bars", "histogram"],
)
def test_a_chart_is_a_png_readable_at_700_pixels(draw: Callable[[], bytes]) -> None:
    png = draw()
    height, width, _ = opened(png).shape
    assert 700 <= width <= 900
    assert 120 <= height <= 700
    assert len(png) < 100_000  # it is stored in Dagster's event log


@pytest.mark.parametrize(
    "draw",
    [
        lambda: charts.funnel([]),
        lambda: charts.funnel([("clips", 0, {})]),
        lambda: charts.loss_histogram([], 1.0, 2.0),
        lambda: charts.loss_histogram([2.0, 2.0], 2.0, 2.0),
        lambda: charts.loss_curve({}),
        lambda: charts.loss_curve({"loss": []}),
        lambda: charts.loss_curve({"loss": [(0, float("nan")), (1, 1.0)]}),
        lambda: charts.win_rate_bars([]),
        lambda: charts.histogram([float("nan"), float("inf")], 0.5),
    ],
)
def test_empty_and_degenerate_data_still_give_a_picture(draw: Callable[[], bytes]) -> None:
    opened(draw())


def test_the_funnel_draws_kept_rows_in_proportion() -> None:
    mostly = share(opened(charts.funnel([("clips", 90, {"too_fast": 10})])), BLUE)
    hardly = share(opened(charts.funnel([("clips", 10, {"too_fast": 90})])), BLUE)
    assert mostly == pytest.approx(9 * hardly, rel=0.2)


def test_the_funnel_sums_up_the_rarest_reasons() -> None:
    reasons = {f"reason_{number}": 100 - number for number in range(20)}
    assert share(opened(charts.funnel([("clips", 10, reasons)])), GREY) > 0


def test_a_loss_band_colours_only_what_it_keeps() -> None:
    values = np.linspace(0, 10, 1001)
    half = opened(charts.loss_histogram(values, 0.0, 5.0))
    assert share(half, BLUE) == pytest.approx(share(half, GREY), rel=0.15)
    assert share(opened(charts.loss_histogram(values, None, None)), GREY) == 0
    assert share(opened(charts.loss_histogram(values, 20.0, None)), BLUE) == 0


def test_a_threshold_can_keep_either_side() -> None:
    values = [0.1] * 90 + [0.9] * 10
    above, below = (opened(charts.histogram(values, 0.5, keep=keep)) for keep in ("above", "below"))
    assert share(above, BLUE) < share(below, BLUE)
    with pytest.raises(ValueError, match="not 'left'"):
        charts.histogram(values, 0.5, keep="left")


def test_bars_split_exactly_at_the_marks() -> None:
    edges = charts._edges([0.0, 1.0, 7.7, 10.0], [2.53, 7.7])
    assert {0.0, 2.53, 7.7, 10.0} <= set(edges)
    widths = np.diff(edges)
    assert widths.min() >= 0.25 * 0.49  # no slivers beside the marks


def test_the_markdown_picture_carries_its_own_bytes() -> None:
    png = charts.histogram([0.5])
    text = charts.markdown_image(png, "scores")
    assert text.startswith("![scores](data:image/png;base64,")
    assert base64.b64decode(text.removesuffix(")").split(",")[1]) == png


def test_importing_the_charts_imports_no_matplotlib() -> None:
    code = "import sys, livecc_assets.media.charts, livecc_assets.media.strip; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_every_word_lands_under_one_frame() -> None:
    words = [
        {"start": start, "end": start + 0.2, "word": name}
        for start, name in [(0.0, "before"), (1.0, " at"), (1.9, "within"), (2.0, "next"), (99.0, "after")]
    ]
    assert strip.words_under([1.0, 2.0, 3.0], words) == ["before at within", "next", "after"]
    assert strip.words_under([], words) == []


def test_a_strip_shows_its_frames_in_order() -> None:
    frames = np.zeros((3, 20, 40, 3), np.uint8)
    for index in range(3):
        frames[index, :, :, index] = 255
    picture = opened(strip.strip(frames, ["one", "two", "three"], [0.0, 0.5, 1.0], columns=3, width=620))
    assert picture.shape[1] == 620
    row = picture[40]  # a line through the middle of the frames
    assert [tuple(row[column]) for column in (100, 310, 520)] == [(255, 0, 0), (0, 255, 0), (0, 0, 255)]


def test_a_strip_wraps_into_rows_and_grows_with_its_words() -> None:
    frames = np.zeros((6, 20, 40, 3), np.uint8)
    one = opened(strip.strip(frames[:3], ["goal"] * 3, columns=3))
    two = opened(strip.strip(frames, ["goal"] * 6, columns=3))
    wordy = opened(strip.strip(frames, ["a long way from the goal " * 6] * 6, columns=3))
    assert one.shape[0] < two.shape[0] < wordy.shape[0]
    assert one.shape[1] == two.shape[1] == wordy.shape[1] == 720


@pytest.mark.parametrize("text", ["a few short words", "Pneumonoultramicroscopicsilicovolcanoconiosis", "гол! ¡gol!"])
def test_no_line_of_a_strip_is_wider_than_its_cell(text: str) -> None:
    font = strip.font_of(13)
    lines = strip.wrap(text, font, 90)
    assert all(font.getlength(line) <= 90 for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_a_strip_refuses_texts_that_do_not_pair_with_frames() -> None:
    frames = np.zeros((2, 4, 4, 3), np.uint8)
    with pytest.raises(ValueError, match="2 frames, 1 texts"):
        strip.strip(frames, ["one"])
    with pytest.raises(ValueError, match="3 times"):
        strip.strip(frames, ["one", "two"], [0.0, 1.0, 2.0])
    with pytest.raises(ValueError, match="at least one frame"):
        strip.strip(frames[:0], [])
