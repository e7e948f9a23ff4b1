"""The picture as a viewer sees it: upright, unmirrored, with square pixels and in its true colours."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from livecc_assets.core.errors import MediaError
from livecc_assets.media.display import Orientation
from livecc_assets.media.frames import Video
from livecc_assets.source.probe import probe

ONE = 0x10000
#: (a, b, c, d) of the display matrix: a point (p, q) is shown at (a p + c q, b p + d q); and the corners as shown, clockwise
#: from the top left, of a picture whose corners are stored as red, green, blue, white.
TURNS = {
    "upright": ((1, 0, 0, 1), "rgbw"),
    "a quarter turn clockwise": ((0, 1, -1, 0), "wrgb"),
    "half a turn": ((-1, 0, 0, -1), "bwrg"),
    "a quarter turn back": ((0, -1, 1, 0), "gbwr"),
    "mirrored": ((-1, 0, 0, 1), "grwb"),
    "upside down": ((1, 0, 0, -1), "wbgr"),
    "transposed": ((0, 1, 1, 0), "rwbg"),
    "transposed the other way": ((0, -1, -1, 0), "bgrw"),
}
COLOURS = {"r": (255, 0, 0), "g": (0, 255, 0), "b": (0, 0, 255), "w": (255, 255, 255)}


def corners(width: int = 96, height: int = 64) -> np.ndarray:
    """A picture with red, green, blue and white corners, clockwise from the top left."""
    picture = np.zeros((height, width, 3), np.uint8)
    rows, columns = (
        (slice(0, height // 2), slice(height // 2, height)),
        (slice(0, width // 2), slice(width // 2, width)),
    )
    for colour, (row, column) in zip("rgbw", ((0, 0), (0, 1), (1, 1), (1, 0)), strict=True):
        picture[rows[row], columns[column]] = COLOURS[colour]
    return picture


def shown(frame: np.ndarray) -> str:
    """The colours of a frame's corners, clockwise from the top left."""
    height, width = frame.shape[:2]
    points = [frame[y, x].astype(int) for y, x in ((6, 6), (6, width - 7), (height - 7, width - 7), (height - 7, 6))]
    return "".join(min(COLOURS, key=lambda c: int(np.abs(point - COLOURS[c]).sum())) for point in points)


def write(
    path: Path,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    picture: np.ndarray | None = None,
    shape: Fraction | None = None,
    matrix: tuple[int, int, int, int] | None = None,
    transfer: int = 2,
    space: int = 2,
    full: bool = False,
    options: dict[str, str] | None = None,
) -> str:
    """A film of twelve equal frames."""
    picture = corners() if picture is None else picture
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=10, options=options or {})
        assert isinstance(stream, av.VideoStream)
        stream.height, stream.width = picture.shape[:2]
        stream.pix_fmt = pix_fmt
        context = stream.codec_context
        context.color_trc, context.colorspace, context.color_range = transfer, space, 2 if full else 1
        if shape is not None:
            context.sample_aspect_ratio = shape
        if matrix is not None:
            a, b, c, d = (value * ONE for value in matrix)
            stream.set_display_matrix([a, b, 0, c, d, 0, 0, 0, 0x40000000])
        for number in range(12):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(
                format=pix_fmt, dst_colorspace=space if space in {1, 5, 6} else None, dst_color_range=2 if full else 1
            )
            frame.pts, frame.time_base = number, Fraction(1, 10)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return str(path)


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt"),
    [("film.mp4", "libx264", "yuv420p"), ("film.mov", "mjpeg", "yuvj420p"), ("film.mp4", "mpeg4", "yuv420p")],
)
def test_a_picture_is_shown_as_its_display_matrix_says(turn, name, codec, pix_fmt, tmp_path: Path):
    matrix, expected = TURNS[turn]
    path = write(tmp_path / name, codec, pix_fmt, matrix=matrix, full=pix_fmt.startswith("yuvj"))
    with Video.open(path) as video:
        size = (64, 96) if matrix[0] == 0 else (96, 64)
        assert (video.width, video.height) == size
        frames = video.frames([0, 7])
        assert frames.shape == (2, size[1], size[0], 3)
        assert [shown(frame) for frame in frames] == [expected, expected]


@pytest.mark.parametrize("turn", ["a quarter turn clockwise", "half a turn", "a quarter turn back"])
def test_matroska_keeps_the_turn(turn: str, tmp_path: Path):
    matrix, expected = TURNS[turn]
    path = write(tmp_path / "film.mkv", "libvpx-vp9", matrix=matrix, options={"deadline": "realtime", "cpu-used": "8"})
    with Video.open(path) as video:
        assert shown(video.frames([3])[0]) == expected


@pytest.mark.parametrize("quarter", [0, 1, 2, 3])
@pytest.mark.parametrize("mirrored", [False, True])
def test_all_eight_orientations_equal_the_matrix_point_by_point(quarter: int, mirrored: bool):
    turn = np.array([[1, 0], [0, 1]])
    for _ in range(quarter):
        turn = turn @ np.array([[0, 1], [-1, 0]])
    (a, b), (c, d) = turn * [[-1 if mirrored else 1], [1]]
    orientation = Orientation(
        a == 0, bool(a + c < 0) if a == 0 else bool(a < 0), bool(b < 0) if a == 0 else bool(d < 0)
    )
    pixels = np.arange(6, dtype=np.uint8).reshape(2, 3, 1)
    out = orientation.apply(pixels)
    points = {(int(a * p + c * q), int(b * p + d * q)): pixels[q, p, 0] for q in range(2) for p in range(3)}
    left, top = min(x for x, _ in points), min(y for _, y in points)
    assert all(out[y - top, x - left, 0] == value for (x, y), value in points.items())


@pytest.mark.parametrize(
    ("size", "shape", "displayed"),
    [
        ((72, 58), Fraction(64, 45), (102, 58)),
        ((144, 108), Fraction(4, 3), (192, 108)),
        ((72, 48), Fraction(8, 9), (64, 48)),
        ((96, 64), Fraction(1), (96, 64)),
        ((96, 64), Fraction(639, 640), (96, 64)),
    ],
)
@pytest.mark.parametrize("name", ["film.mp4", "film.mkv", "film.ts"])
def test_pixels_that_are_not_square_give_the_displayed_width(size, shape, displayed, name, tmp_path: Path):
    path = write(tmp_path / name, picture=corners(*size), shape=shape)
    with Video.open(path) as video:
        assert (video.width, video.height) == displayed
        assert video.frames([5]).shape == (1, displayed[1], displayed[0], 3)


def test_a_turned_film_of_long_pixels_is_stretched_before_it_is_turned(tmp_path: Path):
    path = write(tmp_path / "film.mp4", picture=corners(72, 48), shape=Fraction(4, 3), matrix=TURNS["half a turn"][0])
    assert probe(path).width == 96
    path = write(tmp_path / "up.mp4", picture=corners(72, 48), shape=Fraction(4, 3), matrix=(0, 1, -1, 0))
    measures = probe(path)
    assert (measures.width, measures.height) == (48, 96)


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("space", [1, 6])
def test_colours_come_out_as_they_went_in(space: int, full: bool, tmp_path: Path):
    for name, colour in {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255), "tan": (200, 120, 40)}.items():
        picture = np.full((48, 64, 3), colour, np.uint8)
        path = write(
            tmp_path / f"{name}.mp4", "libx264", "yuv444p", picture, space=space, full=full, options={"crf": "1"}
        )
        with Video.open(path) as video:
            assert np.abs(video.frames([4])[0][24, 32].astype(int) - colour).max() <= 6, name


@pytest.mark.parametrize(("transfer", "called"), [(16, "PQ"), (18, "HLG")])
@pytest.mark.parametrize("name", ["film.mp4", "film.mkv"])
def test_high_dynamic_range_is_refused_with_the_command_that_helps(transfer, called, name, tmp_path: Path):
    path = write(tmp_path / name, "libx264", "yuv420p10le", transfer=transfer, space=9)
    with pytest.raises(MediaError) as caught:
        Video.open(path)
    assert caught.value.reason == "hdr"
    assert f"{name} is in high dynamic range ({called})" in caught.value.detail
    assert f"ffmpeg -i {name} -vf zscale=" in caught.value.detail
    assert "tonemap" in caught.value.detail


def test_ten_bits_of_standard_range_are_read(tmp_path: Path):
    path = write(tmp_path / "film.mkv", "libx264", "yuv420p10le", transfer=1, space=1)
    with Video.open(path) as video:
        assert shown(video.frames([2])[0]) == "rgbw"
