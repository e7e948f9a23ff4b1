"""The paper's talking-head scorer: Qwen2-VL answers Yes or No over 8 frames (method 1.4). Imports torch at the top."""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from livecc_assets.core.rules import Rule
from livecc_assets.media.budget import smart_resize
from livecc_assets.media.resize import resize_frames
from livecc_assets.models.qwen2_vl import Processor, load_model, load_processor, pixel_values
from livecc_assets.models.reference import resolve

# The published question, word for word: the 0.3 threshold was set with it.
QUESTION = (
    "Here are 8 evenly sampled frames from a YouTube video. "
    "Are there someone always showing their faces and talking? Answer Yes or No."
)
_SHORT, _LONG = 180, 320


class PYes:
    """Probability of "Yes" as the first answered token.

    ``released``: each frame is squashed to 320 high and 180 wide, whatever its shape, and the probability is taken over
    the whole vocabulary. ``corrected``: frames keep their shape within the same number of pixels, and the probability
    is P(Yes) / (P(Yes) + P(No)), so that other tokens cannot pull it below the threshold.
    """

    def __init__(self, model: Any, processor: Processor, rule: Rule = "corrected") -> None:
        self.model, self.processor, self.rule = model, processor, rule
        self.yes, self.no = processor.first("Yes"), processor.first("No")

    @classmethod
    def load(
        cls, ref: str, home: Path, rule: Rule = "corrected", device: str | None = None, dtype: str | None = None
    ) -> "PYes":
        """Load a Qwen2-VL model by reference; on the GPU where there is one."""
        folder = resolve(ref, home)
        device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        return cls(load_model(folder, device=device, dtype=dtype), load_processor(folder), rule)

    def size(self, height: int, width: int) -> tuple[int, int]:
        """Height and width, in pixels, of a frame as the model sees it (both multiples of 28)."""
        if self.rule == "released":
            height, width = _LONG, _SHORT
        return smart_resize(height, width, max_pixels=_LONG * _SHORT, min_pixels=4 * self.processor.factor**2)

    @torch.inference_mode()
    def __call__(self, frames: np.ndarray) -> float:
        pieces = [self._image(frame) for frame in frames]
        ids = self._ids([grid for _, grid in pieces])
        tokens = torch.tensor([ids], device=self.model.device)
        logits = self.model(
            input_ids=tokens,
            pixel_values=torch.cat([values for values, _ in pieces]).to(self.model.device, self.model.dtype),
            image_grid_thw=torch.tensor([grid for _, grid in pieces], device=self.model.device),
            mm_token_type_ids=(tokens == self.processor.image_pad).int(),
            logits_to_keep=1,
        ).logits[0, -1]
        chances = torch.softmax(logits.float(), dim=-1)
        if self.rule == "released":
            return float(chances[self.yes])
        return float(torch.softmax(logits[[self.yes, self.no]].float(), dim=-1)[0])

    def _image(self, frame: np.ndarray) -> tuple[torch.Tensor, tuple[int, int, int]]:
        """Patches and grid of one frame sent as an image."""
        if self.rule == "released":
            tensor = torch.from_numpy(np.ascontiguousarray(frame)).permute(2, 0, 1)[None]
            squashed = torch.nn.functional.interpolate(tensor, (_LONG, _SHORT), mode="bilinear", antialias=True)
            frame = squashed[0].permute(1, 2, 0).numpy()
        return pixel_values(resize_frames(frame[None], self.size(*frame.shape[:2])), self.processor)

    def _ids(self, grids: list[tuple[int, int, int]]) -> list[int]:
        p = self.processor
        ids = p.encode("<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n")
        for grid in grids:
            ids += [p.vision_start, *[p.image_pad] * p.tokens_of(grid), p.vision_end]
        return ids + p.encode(f"{QUESTION}<|im_end|>\n<|im_start|>assistant\n")
