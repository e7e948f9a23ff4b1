"""Single pictures that nobody vouches for: a few formats, told by content, within limits."""

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from livecc_assets.core.errors import MediaError
from livecc_assets.core.shortage import raise_if_short

if TYPE_CHECKING:
    from PIL.Image import Image

#: What is read. Pillow knows more, some of which start other programs (EPS) or follow what the file says.
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")


@dataclass(frozen=True)
class ImageLimits:
    """Bounds of one picture: bytes of its file, and pixels, which a small file can promise many of."""

    size_bytes: int = 64 * 1024**2
    pixels: int = 8192 * 8192


def decode_image(data: bytes, name: str, limits: ImageLimits | None = None) -> "Image":
    """The picture in ``data`` as RGB; ``name`` is for messages.

    Raises MediaError: too_large, too_many_pixels (told by the header, before anything is decoded), undecodable.
    """
    from PIL import Image

    limits = limits or ImageLimits()
    if len(data) > limits.size_bytes:
        raise MediaError("too_large", f"{name} has {len(data)} bytes; images are limited to {limits.size_bytes}")
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            width, height = picture.size
            if width * height > limits.pixels:
                raise MediaError("too_many_pixels", f"{name} is {width}x{height}, above {limits.pixels} pixels")
            return picture.convert("RGB")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise_if_short(error)
        raise MediaError("undecodable", f"{name} cannot be read as an image: {error}") from error
