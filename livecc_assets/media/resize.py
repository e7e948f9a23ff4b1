"""Resizing frames as the published preprocessing does: bicubic with antialiasing, on uint8."""

from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch

    from livecc_assets.media.frames import Video


def resize_frames(frames: NDArray[np.uint8], size: tuple[int, int]) -> "torch.Tensor":
    """[T, H, W, 3] uint8 frames to a [T, 3, size[0], size[1]] uint8 tensor."""
    return resize_each(frames, len(frames), size)


def read_resized(video: "Video", indices: Sequence[int], size: tuple[int, int]) -> "torch.Tensor":
    """Frames of a video as a [T, 3, size[0], size[1]] uint8 tensor; only a few are in memory at full size.

    Raises what :meth:`Video.each` raises.
    """
    return resize_each(map(itemgetter(1), video.each(indices)), len(indices), size)


def resize_each(frames: Iterable[NDArray[np.uint8]], count: int, size: tuple[int, int]) -> "torch.Tensor":
    """``count`` uint8 frames [H, W, 3] to a [count, 3, size[0], size[1]] uint8 tensor, one after the other.

    The interpolation runs on uint8: resizing in float and rounding afterwards gives other pixels than the library's
    own video processor.
    """
    import torch  # kept out of module import: the code location loads without torch

    out = torch.empty((count, 3, *size), dtype=torch.uint8)
    rows, row = out.numpy(), 0
    for frame in frames:  # enumerate would hold on to the last frame
        tensor = torch.from_numpy(np.ascontiguousarray(frame)).permute(2, 0, 1)[None]
        if tuple(tensor.shape[-2:]) != tuple(size):
            tensor = torch.nn.functional.interpolate(tensor, size=size, mode="bicubic", antialias=True)
        # NumPy copies, because torch would share this small job among threads that then wait, and take the cores from the
        # decoder.
        rows[row] = tensor[0].numpy()
        row += 1  # noqa: SIM113
        # The next frame gets the memory of this one, before the system takes it back.
        del frame, tensor
    return out
