"""How tensors get onto the model's device without making the host wait for it (method 3.10)."""

import torch


def accelerated(device: torch.device) -> bool:
    """Whether streams take the way that is made for an accelerator; on a CPU the other one is faster."""
    return device.type == "cuda"


def onto(device: torch.device, tensor: torch.Tensor) -> torch.Tensor:
    """A tensor of the host on ``device``. From pinned memory, because a copy from any other makes the host wait."""
    if device.type == "cuda" and not tensor.is_cuda:
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor.to(device)
