"""How the new tokens of several streams lie one behind the other, and which of them attend together."""

from collections.abc import Sequence

import torch

from livecc_assets.commentary.attention import visible
from livecc_assets.commentary.cache import Places
from livecc_assets.commentary.transfer import onto

#: From so many rows with one new token each on, they attend in one call over the shared buffers.
_TOGETHER = 3


class Packed:
    """The layout of a step. ``widths`` and ``lengths``: each row's new tokens, and those that it holds already.

    ``spans``: (row, first token, width) of each row with something new; ``ends``: each row's length after the step.
    ``places``: where the cache puts the tokens. ``alone``: the spans that attend for themselves; ``together``: the others'
    tokens [n], rows [n], and mask [rows up to the last of them, 1, 1, the longest's length].
    """

    def __init__(self, widths: Sequence[int], lengths: Sequence[int], device: torch.device, dtype: torch.dtype) -> None:
        self.ends = [length + width for length, width in zip(lengths, widths, strict=True)]
        self.spans: list[tuple[int, int, int]] = []
        at = 0
        for row, width in enumerate(widths):
            if width:
                self.spans.append((row, at, width))
                at += width
        self.rows = onto(device, torch.tensor([row for row, _, _ in self.spans]))
        self.last = onto(device, torch.tensor([start + width - 1 for _, start, width in self.spans]))
        self.places = self._places(lengths, device)
        speaking = [span for span in self.spans if span[2] == 1]
        # Rows that rest lie in between and cost as much as those that speak.
        crowded = len(speaking) >= _TOGETHER and 4 * len(speaking) >= speaking[-1][0] + 1
        self.alone = [span for span in self.spans if span[2] > 1 or not crowded]
        self.together: tuple[torch.Tensor, torch.Tensor, torch.Tensor] | None = None
        if crowded:
            rows = [row for row, _, _ in speaking]
            held = onto(device, torch.tensor(self.ends[: rows[-1] + 1]))
            mask = visible(held, max(self.ends[row] for row in rows), dtype)
            tokens = onto(device, torch.tensor([start for _, start, _ in speaking]))
            self.together = tokens, onto(device, torch.tensor(rows)), mask

    def _places(self, lengths: Sequence[int], device: torch.device) -> Places:
        if len(self.spans) == 1:
            row, _, width = self.spans[0]
            return row, slice(lengths[row], lengths[row] + width)
        rows = torch.tensor([row for row, _, width in self.spans for _ in range(width)])
        slots = torch.cat([torch.arange(lengths[row], lengths[row] + width) for row, _, width in self.spans])
        return onto(device, rows), onto(device, slots)
