"""Resizing frames as the published preprocessing does: bicubic with antialiasing, on uint8."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch


def resize_frames(frames: NDArray[np.uint8], size: tuple[int, int]) -> "torch.Tensor":
    """[T, H, W, 3] uint8 frames to a [T, 3, size[0], size[1]] uint8 tensor.

    The interpolation runs on uint8: resizing in float and rounding afterwards gives other pixels than the library's
    own video processor.
    """
    import torch  # kept out of module import: the code location loads without torch

    tensor = torch.from_numpy(np.ascontiguousarray(frames)).permute(0, 3, 1, 2)
    if tuple(tensor.shape[-2:]) == tuple(size):
        return tensor.contiguous()
    return torch.nn.functional.interpolate(tensor, size=size, mode="bicubic", antialias=True).contiguous()
