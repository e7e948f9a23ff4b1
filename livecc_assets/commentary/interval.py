"""What goes into a session and what comes out: a block of frames, and the words of its interval."""

from dataclasses import dataclass, replace
from typing import Literal

import torch

from livecc_assets.commentary.control import Cut
from livecc_assets.commentary.utterance import Utterance
from livecc_assets.commentary.vision import Seen
from livecc_assets.models.qwen2_vl import Processor, pixel_values
from livecc_assets.training.positions import Grid


@dataclass(frozen=True)
class Block:
    """Frames of one interval: uint8 [T, 3, H, W], and the interval in seconds since the stream began.

    ``origin_s`` is where the stream begins, in seconds of its video. ``patches`` and their ``grid`` are what the model is
    fed of the frames, where somebody made them ahead (:func:`prepared`); ``seen`` is what the vision tower made of them.
    """

    start_s: float
    end_s: float
    frames: torch.Tensor
    origin_s: float = 0.0
    patches: torch.Tensor | None = None
    grid: Grid = (0, 0, 0)
    seen: Seen | None = None


def prepared(block: Block, processor: Processor) -> Block:
    """The block with its patches, which whoever reads the video makes beside the model's work."""
    patches, grid = pixel_values(block.frames, processor)
    return replace(block, patches=patches, grid=grid)


@dataclass(frozen=True)
class Interval:
    """What was said in one interval. ``text`` is without the closing ellipsis; ``ids`` as generated, ``<|im_end|>`` included.

    ``stopped`` says who ended it: the model, the cap on tokens, or what keeps speech from looping and running on.
    """

    start_s: float
    end_s: float
    text: str
    ids: list[int]
    stopped: Literal["end", "length"] | Cut

    def spoken(self, origin_s: float, latency: float | None = None) -> Utterance:
        """The same in seconds of the source video, where the stream begins at ``origin_s``."""
        return Utterance(origin_s + self.start_s, origin_s + self.end_s, self.text, latency, self.stopped)
