"""Pictures of the videos that are not matches: a person who talks, hands-on work, music, a town."""

import math
from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw

from livecc_assets.sample.match import SIZE
from livecc_assets.sample.speech import ASSETS
from livecc_assets.sample.video_file import FPS


def talking_head(seed: int, seconds: float) -> Iterator[np.ndarray]:
    """A real face in front of the camera that sways and comes nearer a little; uint8 [112, 112, 3] at 10 fps."""
    rng = np.random.default_rng([31, seed])
    speed, phase = rng.uniform(0.5, 1.2, 3), rng.uniform(0, 2 * math.pi, 3)
    picture = _face()
    for n in range(round(seconds * FPS)):
        x, y, z = (math.sin(s * n / FPS + p) for s, p in zip(speed, phase, strict=True))
        side = 196 + 10 * z
        left, top = (picture.width - side) / 2 + 8 * x, (picture.height - side) / 2 + 7 * y
        yield np.asarray(picture.resize((SIZE, SIZE), Image.Resampling.BILINEAR, (left, top, left + side, top + side)))


@lru_cache(maxsize=1)
def _face() -> Image.Image:
    return Image.open(ASSETS / "face.png").convert("RGB")


def workbench(seed: int, seconds: float) -> Iterator[np.ndarray]:
    """A brush paints a box stroke by stroke."""
    rng = np.random.default_rng([32, seed])
    paint = tuple(int(c) for c in rng.integers(40, 220, 3))
    count = round(seconds * FPS)
    for n in range(count):
        image, draw = _canvas((196, 170, 138))
        draw.rectangle((18, 34, 94, 92), fill=(150, 108, 66), outline=(80, 54, 30))
        rows = 8 * n / count
        done = int(rows)
        x = 20 + 70 * (rows - done)
        draw.rectangle((20, 36, 92, 36 + 7 * done), fill=paint)
        draw.rectangle((20, 36 + 7 * done, x, 43 + 7 * done), fill=paint)
        draw.line((x, 40 + 7 * done, x + 14, 12 + 5 * done), fill=(70, 50, 30), width=4)
        yield np.asarray(image)


def equaliser(seed: int, seconds: float) -> Iterator[np.ndarray]:
    """Bars that dance to the music."""
    rng = np.random.default_rng([33, seed])
    speed, phase = rng.uniform(2, 6, 12), rng.uniform(0, 2 * math.pi, 12)
    for n in range(round(seconds * FPS)):
        image, draw = _canvas((12, 10, 30))
        for bar, height in enumerate(50 + 40 * np.sin(speed * n / FPS + phase)):
            draw.rectangle((5 + 9 * bar, 106 - height, 11 + 9 * bar, 106), fill=(80 + 14 * bar, 90, 230 - 14 * bar))
        yield np.asarray(image)


def town(seed: int, seconds: float) -> Iterator[np.ndarray]:
    """The camera passes along houses by a river."""
    rng = np.random.default_rng([34, seed])
    heights, shades = rng.integers(25, 60, 24), rng.integers(90, 220, (24, 3))
    for n in range(round(seconds * FPS)):
        image, draw = _canvas((150, 190, 235))
        draw.rectangle((0, 88, SIZE, SIZE), fill=(60, 100, 150))
        for house, (height, shade) in enumerate(zip(heights, shades, strict=True)):
            x = 26 * house - 14 * n / FPS
            wall = tuple(int(c) for c in shade)
            draw.rectangle((x, 88 - height, x + 22, 88), fill=wall)
            draw.polygon([(x - 2, 88 - height), (x + 11, 76 - height), (x + 24, 88 - height)], fill=(120, 60, 50))
        yield np.asarray(image)


def tune(seed: int, seconds: float, rate: int) -> np.ndarray:
    """Three plucked voices over a walking bass, no words; float32 mono at `rate`."""
    rng = np.random.default_rng([35, seed])
    sound, since = np.zeros(round(seconds * rate)), np.arange(rate) / rate
    for beat in range(int(seconds * 3)):
        semitone = int(rng.choice([0, 3, 5, 7, 10])) + 12 * int(rng.integers(0, 2))
        voices = ((1.0, 0.12), (0.5, 0.1), (2.0, 0.03))
        pitch = 2 * math.pi * 220 * 2 ** (semitone / 12)
        note = np.exp(-4 * since) * sum(share * np.sin(pitch * octave * since) for octave, share in voices)
        first = beat * rate // 3
        sound[first : first + rate] += note[: len(sound) - first]
    return (0.5 * sound / max(1.0, float(np.abs(sound).max()))).astype(np.float32)


def _canvas(colour: tuple[int, int, int]) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("RGB", (SIZE, SIZE), colour)
    return image, ImageDraw.Draw(image)
