"""Bicubic antialiased resizing on uint8."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from livecc_assets.media.resize import resize_frames  # noqa: E402


@pytest.fixture(scope="module")
def noise() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (3, 90, 120, 3), dtype=np.uint8)


def test_layout_becomes_frames_channels_rows_columns(noise):
    small = resize_frames(noise, (56, 84))
    assert small.shape == (3, 3, 56, 84)
    assert small.dtype == torch.uint8
    assert small.is_contiguous()


def test_same_size_keeps_every_pixel(noise):
    assert np.array_equal(resize_frames(noise, (90, 120)).permute(0, 2, 3, 1).numpy(), noise)


def test_interpolation_runs_on_uint8_and_not_on_rounded_floats(noise):
    tensor = torch.from_numpy(noise).permute(0, 3, 1, 2)
    on_bytes = torch.nn.functional.interpolate(tensor, size=(56, 84), mode="bicubic", antialias=True)
    on_floats = torch.nn.functional.interpolate(tensor.float(), size=(56, 84), mode="bicubic", antialias=True)
    result = resize_frames(noise, (56, 84))
    assert torch.equal(result, on_bytes)
    assert not torch.equal(result, on_floats.round().clamp(0, 255).byte())


def test_each_frame_is_resized_by_itself(noise):
    together = resize_frames(noise, (28, 28))
    assert torch.equal(together[1:2], resize_frames(noise[1:2], (28, 28)))
