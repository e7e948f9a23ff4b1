"""Multimodal rotary positions (M-RoPE) of Qwen2-VL, also for a sequence that grows turn by turn (method 3.3).

Text advances all three axes together. A (t, h, w) block of vision tokens lies at start + (frame, row, column), and the text
after it continues at one past the largest of these. The published inference gives plain consecutive positions to every
block after the first; training always used these. They are computed here rather than by the library because its version 5
continues after a block by the larger *side* alone, so that the frames of a video deeper than it is wide overlap with
the text that follows; the versions that Qwen2-VL and LiveCC were trained with counted the frames too.
"""

from collections.abc import Sequence

import torch

from livecc_assets.models.qwen2_vl import Processor

Grid = tuple[int, int, int]


def mrope_positions(
    input_ids: Sequence[int] | torch.Tensor, grids: Sequence[Grid], processor: Processor, start: int = 0
) -> tuple[torch.Tensor, int]:
    """Positions (int64 [3, S]: time, row, column) of ``input_ids`` [S], and the position of the token after them.

    ``grids`` are the patch grids of the images and videos among these tokens, in order of appearance. ``start`` is the
    value returned for the tokens before them, so that positions of a growing sequence equal those of the whole.
    Raises ValueError when pads and grids do not match.
    """
    ids = torch.as_tensor(input_ids, dtype=torch.int64)
    visual = (ids == processor.image_pad) | (ids == processor.video_pad)
    pieces: list[torch.Tensor] = []
    used = 0
    cursor = 0
    while cursor < len(ids):
        is_visual = bool(visual[cursor])
        changes = (visual[cursor:] != is_visual).nonzero()
        run = int(changes[0]) if len(changes) else len(ids) - cursor
        if is_visual:
            if used == len(grids):
                raise ValueError(f"{run} vision pads at token {cursor} have no grid")
            frames, rows, columns = (int(size) for size in grids[used])
            rows, columns = rows // processor.merge_size, columns // processor.merge_size
            if frames * rows * columns != run:
                raise ValueError(
                    f"grid {grids[used]} needs {frames * rows * columns} pads; token {cursor} begins {run}"
                )
            axes = torch.meshgrid(torch.arange(frames), torch.arange(rows), torch.arange(columns), indexing="ij")
            pieces.append(torch.stack(axes).reshape(3, -1) + start)
            start += max(frames, rows, columns)
            used += 1
        else:
            pieces.append(torch.arange(start, start + run).expand(3, -1))
            start += run
        cursor += run
    if used != len(grids):
        raise ValueError(f"{len(grids)} grids, but only {used} blocks of vision pads")
    positions = torch.cat(pieces, dim=1) if pieces else torch.empty(3, 0, dtype=torch.int64)
    return positions, start


def with_text_row(positions: torch.Tensor, past_tokens: int = 0) -> torch.Tensor:
    """The form that the model takes: [4, S], the plain token index (after ``past_tokens`` cached ones) above the three axes."""
    index = torch.arange(past_tokens, past_tokens + positions.shape[1]).unsqueeze(0)
    return torch.cat([index, positions])
