"""Blocks are filled alike whoever brings the pictures: a live source, a camera, or whatever gives their pixels."""

import numpy as np
import pytest
import torch

from livecc_assets.commentary.config import CommentaryConfig
from livecc_assets.commentary.filling import Filling
from livecc_assets.commentary.interval import Block
from livecc_assets.commentary.pushed import PushedFrames
from livecc_assets.core.errors import MediaError
from livecc_assets.media.live_picks import Pick

CONFIG = CommentaryConfig(min_pixels=4 * 28 * 28, stream_max_pixels=4 * 28 * 28)


class Pictures:
    """Pictures by name: each of one shade, and the names whose pixels were asked for."""

    def __init__(self, size: tuple[int, int] = (56, 56)) -> None:
        self.asked: list[str] = []
        self._size = size

    def pixels(self, name: str) -> np.ndarray:
        self.asked.append(name)
        return np.full((*self._size, 3), ord(name), np.uint8)


def filled(names: str, numbers: list[int] | None = None, rest: bool = False, config: CommentaryConfig = CONFIG):
    pictures = Pictures()
    filling = Filling(config, "film", pictures.pixels)
    blocks: list[Block] = []
    for number, name in zip(numbers or range(len(names)), names, strict=True):
        blocks += filling.take(Pick(number, name), 1.5)
    return blocks + list(filling.rest(1.5) if rest else ()), pictures.asked


def shades(block: Block) -> str:
    return "".join(chr(int(frame[0, 0, 0])) for frame in block.frames)


def test_six_pictures_are_the_first_block_and_two_each_later_one() -> None:
    blocks, _ = filled("abcdefghij")
    assert [(one.start_s, one.end_s, shades(one), one.origin_s) for one in blocks] == [
        (0.0, 3.0, "abcdef", 1.5), (3.0, 4.0, "gh", 1.5), (4.0, 5.0, "ij", 1.5),
    ]  # fmt: skip


def test_a_picture_that_stands_for_several_times_is_made_once() -> None:
    name = "a"
    blocks, asked = filled(name * 4 + "bb" + name * 2)
    assert [shades(one) for one in blocks] == ["aaaabb", "aa"] and asked == ["a", "b", "a"]


def test_numbers_that_leap_are_the_blocks_times() -> None:
    blocks, _ = filled("abcdefgh", [0, 1, 2, 3, 4, 5, 100, 101])
    assert (blocks[1].start_s, blocks[1].end_s) == (50.0, 51.0)


@pytest.mark.parametrize(
    ("names", "shown"), [("", []), ("a", ["aa"]), ("abc", ["ab"]), ("abcdefg", ["abcdef"]), ("abcd", ["abcd"])]
)
def test_a_half_block_at_the_end_is_not_shown_but_a_stream_of_one_picture_is(names: str, shown: list[str]) -> None:
    assert [shades(one) for one in filled(names, rest=True)[0]] == shown


def test_all_pictures_have_the_size_of_the_first_and_blanked_ones_are_blank() -> None:
    sizes = iter([(56, 56), (28, 84), (300, 100), (56, 56), (56, 56), (56, 56)])
    filling = Filling[int](CONFIG.but(blank_frames=True), "film", lambda _: np.full((*next(sizes), 3), 200, np.uint8))
    (block,) = [one for number in range(6) for one in filling.take(Pick(number, number), 0.0)]
    assert block.frames.shape == (6, 3, 56, 56) and len(block.frames.unique()) == 1
    assert block.frames.max() < 200


def test_a_shape_that_no_model_is_shown_names_its_source() -> None:
    filling = Filling(CONFIG, "film", Pictures((2, 900)).pixels)
    with pytest.raises(MediaError, match="film: ") as caught:
        list(filling.take(Pick(0, "a"), 0.0))
    assert caught.value.reason == "aspect_ratio"


def test_pushed_frames_fill_the_same_blocks() -> None:
    frames = torch.stack([torch.full((3, 56, 56), ord(name), dtype=torch.uint8) for name in "abcdefghi"])
    pushed = list(PushedFrames(CONFIG).add(frames, 1.5))
    blocks, _ = filled("abcdefgh")
    assert [(one.start_s, one.end_s, shades(one), one.origin_s) for one in pushed] == [
        (one.start_s, one.end_s, shades(one), one.origin_s) for one in blocks
    ]
