"""Light-ASD: does the face of a track speak, by its pictures and the sound? (Liao et al., CVPR 2023; method 1.8)

Names and shapes of the parameters are those of the published weights, so that these load as they are.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

#: Coefficients of the sound for each picture, and the side of a picture in pixels.
SOUND_PER_PICTURE, FACE_SIDE = 4, 112
#: What grey values are normalised by, in the unit [0, 1].
MEAN, DEVIATION = 0.4161, 0.1688
_WIDTHS = (1, 32, 64, 128)


class _Block(nn.Module):
    """Two branches, of kernels 3 and 5: first along ``across`` (of space or of coefficients), then along time; their sum.

    Subclasses say what a kernel of a branch looks like.
    """

    across: str
    conv: Any
    norm: Any

    def __init__(self, inside: int, outside: int, stride: int = 1) -> None:
        super().__init__()
        for size in (3, 5):
            kernels = ((self.across, inside, self.space(size), stride), ("t", outside, self.time(size), 1))
            for letter, width, kernel, step in kernels:
                strides = tuple(step if length > 1 else 1 for length in kernel)
                padding = tuple(length // 2 for length in kernel)
                self.add_module(f"{letter}_{size}", self.conv(width, outside, kernel, strides, padding, bias=False))
                self.add_module(f"bn_{letter}_{size}", self.norm(outside, momentum=0.01, eps=0.001))
        self.last = self.conv(outside, outside, 1, bias=False)
        self.bn_last = self.norm(outside, momentum=0.01, eps=0.001)

    def space(self, size: int) -> tuple[int, ...]:
        """The kernel that does not look along time."""
        raise NotImplementedError

    def time(self, size: int) -> tuple[int, ...]:
        """The kernel along time."""
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        total: Tensor | None = None
        for size in (3, 5):
            one = x
            for name in (f"{self.across}_{size}", f"t_{size}"):
                one = torch.relu(self.get_submodule(f"bn_{name}")(self.get_submodule(name)(one)))
            total = one if total is None else total + one
        return torch.relu(self.bn_last(self.last(total)))


class _SoundBlock(_Block):
    """On [B, C, coefficients, time]."""

    across, conv, norm = "m", nn.Conv2d, nn.BatchNorm2d

    def space(self, size: int) -> tuple[int, ...]:
        return size, 1

    def time(self, size: int) -> tuple[int, ...]:
        return 1, size


class _PictureBlock(_Block):
    """On [B, C, time, height, width]."""

    across, conv, norm = "s", nn.Conv3d, nn.BatchNorm3d

    def space(self, size: int) -> tuple[int, ...]:
        return 1, size, size

    def time(self, size: int) -> tuple[int, ...]:
        return size, 1, 1


class _Sound(nn.Module):
    """Coefficients [B, 4T, 13] -> [B, T, 128]."""

    def __init__(self) -> None:
        super().__init__()
        for number in (1, 2, 3):
            self.add_module(f"block{number}", _SoundBlock(_WIDTHS[number - 1], _WIDTHS[number]))
        self.pool = nn.MaxPool3d((1, 1, 3), (1, 1, 2), (0, 0, 1))

    def forward(self, x: Tensor) -> Tensor:
        x = x.transpose(1, 2)[:, None]
        for number in (1, 2, 3):
            x = self.get_submodule(f"block{number}")(x)
            x = self.pool(x) if number < 3 else x
        return x.mean(dim=2).transpose(1, 2)


class _Pictures(nn.Module):
    """Normalised grey faces [B, T, 112, 112] -> [B, T, 128]."""

    def __init__(self) -> None:
        super().__init__()
        for number in (1, 2, 3):
            stride = 2 if number == 1 else 1
            self.add_module(f"block{number}", _PictureBlock(_WIDTHS[number - 1], _WIDTHS[number], stride))
        self.pool = nn.MaxPool3d((1, 3, 3), (1, 2, 2), (0, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        x = x[:, None]
        for number in (1, 2, 3):
            x = self.get_submodule(f"block{number}")(x)
            x = self.pool(x) if number < 3 else x
        return x.amax(dim=(3, 4)).transpose(1, 2)


class _BothWays(nn.Module):
    """A GRU along time, and one back over what it says."""

    def __init__(self) -> None:
        super().__init__()
        self.gru_forward = nn.GRU(_WIDTHS[-1], _WIDTHS[-1], batch_first=True)
        self.gru_backward = nn.GRU(_WIDTHS[-1], _WIDTHS[-1], batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        x = nn.functional.gelu(self.gru_forward(x)[0])
        return nn.functional.gelu(self.gru_backward(x.flip(1))[0].flip(1))


class LightASD(nn.Module):
    """The network without its visual head, which only training needs."""

    def __init__(self) -> None:
        super().__init__()
        self.model = nn.ModuleDict({"audioEncoder": _Sound(), "visualEncoder": _Pictures(), "GRU": _BothWays()})
        self.lossAV = nn.ModuleDict({"FC": nn.Linear(_WIDTHS[-1], 2)})

    def forward(self, sound: Tensor, faces: Tensor) -> Tensor:
        """Speech logits [B, T] of MFCC [B, 4T, 13] (100 a second) and grey faces [B, T, 112, 112] of 0 to 255 (25 a second).

        Above 0 the face speaks. Raises ValueError where sound and pictures are not equally long.
        """
        if sound.shape[1] != SOUND_PER_PICTURE * faces.shape[1]:
            raise ValueError(f"{sound.shape[1]} steps of sound for {faces.shape[1]} pictures")
        pictures = self.model["visualEncoder"]((faces.float() / 255 - MEAN) / DEVIATION)
        return self.lossAV["FC"](self.model["GRU"](self.model["audioEncoder"](sound.float()) + pictures))[..., 1]


def of_weights(weights: Mapping[str, Tensor]) -> LightASD:
    """The network with published weights; those of the visual head are left out. Raises ValueError for others."""
    network = LightASD()
    own = network.state_dict()
    given = {name.removeprefix("module."): value for name, value in weights.items()}
    given = {name: value for name, value in given.items() if not name.startswith("lossV.")}
    wrong = [
        name
        for name in own.keys() | given.keys()
        if name not in own or name not in given or own[name].shape != given[name].shape
    ]
    if wrong:
        raise ValueError(f"{len(wrong)} parameters are missing, unknown or of another shape, such as {min(wrong)}")
    network.load_state_dict(given)
    return network.eval()
