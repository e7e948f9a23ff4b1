"""Captions drawn into pictures: rounded bubbles in which the picture shows blurred and dark (method 3.6)."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from livecc_assets.commentary.captions import LINE
from livecc_assets.media.strip import font_of, wrap

#: Part of the picture's width that a full line takes, width of a letter in sizes of the font, smallest size in pixels.
_WIDEST, _LETTER, _SMALLEST = 0.9, 0.56, 9
#: How dark the bubble is, and how many times larger its corners are drawn before they are made small and smooth.
_DARK, _SMOOTH = 0.5, 4
_WHITE = (255, 255, 255)


class Captioner:
    """Draws into pictures of one size. Lines too wide for a small picture are wrapped again."""

    def __init__(self, width: int, height: int) -> None:
        self._width, self._height = width, height
        self._size = max(_SMALLEST, round(width * _WIDEST / (LINE * _LETTER)))
        self._font = font_of(self._size)
        self._pad, self._line = round(self._size * 0.6), round(self._size * 1.35)
        self._layers = lru_cache(maxsize=4)(self._layer)

    def draw(self, pixels: NDArray[np.uint8], shown: Sequence[str], whole: Sequence[str]) -> NDArray[np.uint8]:
        """The picture [H, W, 3] with the lines ``shown`` at its lower edge; ``whole`` are the same lines once all is said.

        The bubble begins where the whole lines will, so that words stay in their place.
        """
        lines, full = self._wrapped(shown), self._wrapped(whole)
        if not lines:
            return pixels
        wide = max(self._font.getlength(line) for line in lines)
        widest = max(wide, *(self._font.getlength(line) for line in full))
        left = max(0, round((self._width - widest) / 2) - self._pad)
        right = min(self._width, left + round(wide) + 2 * self._pad)
        bottom = self._height - round(self._height * 0.05)
        top = max(0, bottom - 2 * self._pad - len(full) * self._line)
        bottom = min(self._height, top + 2 * self._pad + len(lines) * self._line)
        picture = Image.fromarray(pixels)
        box = (left, top, right, bottom)
        shape, text = self._layers(tuple(lines), right - left, bottom - top)
        behind = picture.crop(box).filter(ImageFilter.GaussianBlur(self._size / 3))
        picture.paste(Image.blend(behind, Image.new("RGB", behind.size), _DARK), box, shape)
        picture.paste(_WHITE, box, text)
        return np.asarray(picture)

    def _wrapped(self, lines: Sequence[str]) -> list[str]:
        return [part for line in lines for part in wrap(line, self._font, round(self._width * 0.96) - 2 * self._pad)]

    def _layer(self, lines: tuple[str, ...], width: int, height: int) -> tuple[Image.Image, Image.Image]:
        """(The bubble's shape, the words) as masks."""
        large = Image.new("L", (width * _SMOOTH, height * _SMOOTH))
        corner = self._pad * _SMOOTH
        ImageDraw.Draw(large).rounded_rectangle((0, 0, large.width - 1, large.height - 1), corner, 255)
        text = Image.new("L", (width, height))
        pen = ImageDraw.Draw(text)
        for number, line in enumerate(lines):
            pen.text((self._pad, self._pad + number * self._line), line, 255, self._font)
        return large.resize((width, height), Image.Resampling.BOX), text
