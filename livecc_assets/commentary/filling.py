"""From pictures that are sampled as they come to the blocks that a session is shown (method 3.2)."""

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from livecc_assets.commentary.blocks import FIRST_FRAMES, NEXT_FRAMES
from livecc_assets.commentary.config import CommentaryConfig
from livecc_assets.commentary.interval import Block
from livecc_assets.core.errors import MediaError
from livecc_assets.media.budget import streaming_size
from livecc_assets.media.live_picks import Pick
from livecc_assets.media.resize import resize_each
from livecc_assets.training.reading import blank

P = TypeVar("P")


class Filling(Generic[P]):
    """Fills blocks of 6 pictures, then of 2, all resized to the size of the first; a picture at full size is dropped at once.

    ``pixels`` gives the uint8 [H, W, 3] of a picture, which ``name`` is the source of.
    """

    def __init__(self, config: CommentaryConfig, name: str, pixels: Callable[[P], NDArray[np.uint8]]) -> None:
        self._config, self._name, self._pixels = config, name, pixels
        self._size: tuple[int, int] | None = None
        self._frames: list[torch.Tensor] = []  # [1, 3, H, W] each
        self._last: tuple[P, torch.Tensor] | None = None
        self._first = 0

    def take(self, pick: Pick[P], origin_s: float) -> Iterator[Block]:
        """Adds a sampled picture; the block that it fills, of a stream that begins at ``origin_s`` seconds.

        Raises MediaError("aspect_ratio") for a picture of which no size fits the budget.
        """
        if not self._frames:
            self._first = pick.number
        self._frames.append(self._resized(pick.picture))
        if len(self._frames) == (NEXT_FRAMES if self._first else FIRST_FRAMES):
            yield self._block(len(self._frames), origin_s)

    def rest(self, origin_s: float) -> Iterator[Block]:
        """What is left at the end: a half block is not shown, but a stream of one picture is (method 3.2)."""
        if len(self._frames) == 1 and self._first == 0:
            self._frames *= 2
        if len(self._frames) >= 2:
            yield self._block(len(self._frames) // 2 * 2, origin_s)

    def _block(self, count: int, origin_s: float) -> Block:
        frames, self._frames = torch.cat(self._frames[:count]), []
        fps = self._config.fps
        shown = blank(frames) if self._config.blank_frames else frames
        return Block(self._first / fps, (self._first + count) / fps, shown, origin_s)

    def _resized(self, picture: P) -> torch.Tensor:
        """One that stands for several times is resized once."""
        if self._last is not None and self._last[0] is picture:
            return self._last[1]
        pixels = self._pixels(picture)
        if self._size is None:
            self._size = self._fitting(*pixels.shape[:2])
        frame = resize_each([pixels], 1, self._size)
        self._last = (picture, frame)
        return frame

    def _fitting(self, height: int, width: int) -> tuple[int, int]:
        try:
            return streaming_size(height, width, self._config.stream_max_pixels, self._config.min_pixels)
        except ValueError as error:
            raise MediaError("aspect_ratio", f"{self._name}: {error}") from error
