"""How large frames are for the model: the pixel budget of training and of streaming (method 2.5, 3.2)."""

import math
from dataclasses import dataclass
from typing import Protocol

#: Pixels of one visual token: a 28 x 28 square (14-pixel patches, merged 2 x 2).
TOKEN_PIXELS = 28 * 28
MAX_ASPECT_RATIO = 200


class Limits(Protocol):
    """What settings say of sizes."""

    @property
    def min_pixels(self) -> int: ...
    @property
    def frame_pixels(self) -> int: ...
    @property
    def total_pixels(self) -> int: ...


@dataclass(frozen=True)
class PixelBudget:
    """Pixels of one frame at least, one frame at most, and of all frame pairs of a clip together."""

    min_pixels: int = 100 * TOKEN_PIXELS
    frame_pixels: int = 768 * TOKEN_PIXELS
    total_pixels: int = 24576 * TOKEN_PIXELS

    @classmethod
    def of(cls, video: Limits) -> "PixelBudget":
        """That of a training clip, from the profile's section ``video``."""
        return cls(video.min_pixels, video.frame_pixels, video.total_pixels)

    def max_pixels(self, n_frames: int) -> int:
        """Pixels allowed for one frame of a clip of ``n_frames``: two frames share one row of tokens."""
        share = min(self.frame_pixels, self.total_pixels / n_frames * 2)
        return int(max(share, int(self.min_pixels * 1.05)))


def smart_resize(
    height: int,
    width: int,
    factor: int = 28,
    min_pixels: int = 100 * TOKEN_PIXELS,
    max_pixels: int = 768 * TOKEN_PIXELS,
) -> tuple[int, int]:
    """(height, width) in multiples of ``factor``, aspect ratio nearly kept, area within the two bounds.

    Rounding down to the factor may land a little under ``min_pixels``. Raises ValueError for sides whose ratio is
    above 200.
    """
    if min(height, width) <= 0 or max(height, width) / min(height, width) > MAX_ASPECT_RATIO:
        raise ValueError(f"a {height}x{width} frame cannot be resized: aspect ratio above {MAX_ASPECT_RATIO}")
    new_height = max(factor, round(height / factor) * factor)
    new_width = max(factor, round(width / factor) * factor)
    if new_height * new_width > max_pixels:
        scale = math.sqrt(height * width / max_pixels)
        return (
            max(factor, math.floor(height / scale / factor) * factor),
            max(factor, math.floor(width / scale / factor) * factor),
        )
    if new_height * new_width < min_pixels:
        scale = math.sqrt(min_pixels / (height * width))
        return math.ceil(height * scale / factor) * factor, math.ceil(width * scale / factor) * factor
    return new_height, new_width


def video_size(n_frames: int, height: int, width: int, budget: PixelBudget | None = None) -> tuple[int, int]:
    """(height, width) of every frame of a training clip of ``n_frames`` sampled frames (method 2.5)."""
    budget = budget or PixelBudget()
    return smart_resize(height, width, 28, budget.min_pixels, budget.max_pixels(n_frames))


def streaming_size(
    height: int,
    width: int,
    max_pixels: int = 384 * TOKEN_PIXELS,
    min_pixels: int = 100 * TOKEN_PIXELS,
) -> tuple[int, int]:
    """(height, width) of every frame of a live session: fixed, because its length is not known (method 3.2)."""
    return smart_resize(height, width, 28, min_pixels, max_pixels)
