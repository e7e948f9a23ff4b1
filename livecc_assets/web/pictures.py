"""Pictures on the socket: a camera's come in, those that the model sees go out. Each has its second before it."""

import io
import struct
from collections.abc import Iterator

import numpy as np
import torch
from PIL import Image

from livecc_assets.commentary.interval import Block
from livecc_assets.core.errors import MediaError
from livecc_assets.media.images import ImageLimits, decode_image

#: The second of the video, as a little-endian double.
_HEAD = struct.Struct("<d")
_CAMERA = ImageLimits(size_bytes=1 << 20, pixels=1920 * 1088)
_LAST = 7 * 24 * 3600.0


def camera_second(data: bytes) -> float:
    """The second of a camera's message, whose picture is not looked at. Raises MediaError where it has none."""
    if len(data) <= _HEAD.size:
        raise MediaError("undecodable", "the camera's picture is empty")
    (at,) = _HEAD.unpack_from(data)
    if not 0 <= at <= _LAST:
        raise MediaError("undecodable", "the camera's picture has no time")
    return at


def camera_picture(data: bytes) -> torch.Tensor:
    """The uint8 frame [1, 3, H, W] of a camera's message. Raises MediaError for what is no picture of a camera."""
    pixels = np.array(decode_image(data[_HEAD.size :], "the camera's picture", _CAMERA))
    return torch.from_numpy(pixels).permute(2, 0, 1)[None]


def shown_pictures(block: Block, fps: float) -> Iterator[bytes]:
    """A message for each frame of a block."""
    for number, frame in enumerate(block.frames):
        file = io.BytesIO()
        Image.fromarray(frame.permute(1, 2, 0).numpy()).save(file, "JPEG", quality=80)
        yield _HEAD.pack(block.origin_s + block.start_s + number / fps) + file.getvalue()
