"""From frames that somebody pushes, such as a camera's, to the blocks that a session is shown (method 3.2)."""

from collections.abc import Iterator

import torch

from livecc_assets.commentary.blocks import FIRST_FRAMES, NEXT_FRAMES
from livecc_assets.commentary.config import CommentaryConfig
from livecc_assets.commentary.filling import Filling
from livecc_assets.commentary.interval import Block
from livecc_assets.core.errors import MediaError, UserError
from livecc_assets.media.live_picks import Picks

#: Seconds without a frame after which the one before no longer stands.
_HOLE = 10.0


class PushedFrames:
    """Samples what is pushed, and fills blocks of 6 frames, then of 2, all of one size."""

    def __init__(self, config: CommentaryConfig) -> None:
        self._config = config
        self._picks: Picks[torch.Tensor] | None = None
        self._filling = Filling[torch.Tensor](config, "pushed frames", lambda frame: frame.permute(1, 2, 0).numpy())
        self._began = self._last = 0.0

    def add(self, frames: torch.Tensor, time_s: float) -> Iterator[Block]:
        """The blocks that ``frames`` complete: uint8 [T, 3, H, W], the first shown from ``time_s`` on, the others at the
        configured rate. A frame is sampled when the next one comes: until then nobody knows how long it is shown.

        Raises UserError for frames of another form, of a shape that no model is shown, or of a time before the last one's.
        """
        if frames.ndim != 4 or frames.shape[1] != 3 or frames.dtype != torch.uint8:
            raise UserError(
                f"frames are {tuple(frames.shape)} of {frames.dtype}; push uint8 of the shape [frames, 3, height, width]"
            )
        for index, frame in enumerate(frames):
            yield from self._add(frame, time_s + index / self._config.fps)

    def _add(self, frame: torch.Tensor, at: float) -> Iterator[Block]:
        if self._picks is None:
            self._picks = Picks(self._config.fps, at, None, FIRST_FRAMES, NEXT_FRAMES)
            self._began = self._last = at
        elif at < self._last:
            raise UserError(f"a frame of {at:.2f} s was pushed after one of {self._last:.2f} s; push them in order")
        hole = at - self._last > _HOLE
        try:
            for pick in self._picks.see(at, frame, hole, self._last + 1 / self._config.fps):
                yield from self._filling.take(pick, self._began)
        except MediaError as error:
            raise UserError(error.detail) from error
        self._last = at
