"""The picture as it is displayed: what the decoder gives, turned into pixels for eyes and models (method 2.8).

The one place where rotation, mirroring and the shape of pixels are applied, and where high dynamic range is refused.
"""

from dataclasses import dataclass

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorTrc
from av.video.stream import VideoStream
from numpy.typing import NDArray

from livecc_assets.core.errors import MediaError

#: Pixel shapes this near to square are what is left when an encoder rounds a size; published readers ignore them.
_NEARLY_SQUARE = 0.01
#: Longer pixels than this are no anamorphic film but a broken header.
_LONGEST_PIXEL = 8.0
_HDR = {int(ColorTrc.SMPTE2084): "PQ", int(ColorTrc.ARIB_STD_B67): "HLG"}
_TO_SDR = (
    "zscale=t=linear:npl=100,format=gbrpf32le,zscale=p=bt709,tonemap=hable,zscale=t=bt709:m=bt709:r=tv,format=yuv420p"
)


@dataclass(frozen=True)
class Orientation:
    """How a decoded picture is brought upright: rows and columns swapped first, then mirrored."""

    swapped: bool = False
    left_right: bool = False
    up_down: bool = False

    @classmethod
    def of(cls, frame: VideoFrame) -> "Orientation":
        """By the frame's display matrix, to the nearest quarter turn."""
        try:
            found = frame.side_data.get("DISPLAYMATRIX")
        except ValueError:  # PyAV lists no frame's data that hold a kind it does not know
            turns = round(frame.rotation / 90) % 4
            return cls(turns % 2 == 1, turns in {2, 3}, turns in {1, 2})
        matrix = np.frombuffer(bytes(found)[:36] if found is not None else b"", dtype=np.int32).astype(np.int64)
        if len(matrix) < 9:
            return cls()
        # A point (p, q) is shown at (a p + c q, b p + d q).
        a, b, c, d = (int(matrix[k]) for k in (0, 1, 3, 4))
        if abs(b) + abs(c) > abs(a) + abs(d):
            return cls(True, c < 0, b < 0)
        return cls(False, a < 0, d < 0)

    def apply(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """[H, W, C] pixels turned and mirrored."""
        if self.swapped:
            pixels = pixels.transpose(1, 0, 2)
        pixels = pixels[:: -1 if self.up_down else 1, :: -1 if self.left_right else 1]
        return np.ascontiguousarray(pixels)


def display_size(stream: VideoStream, first: VideoFrame | None) -> tuple[int, int]:
    """(width, height) in square pixels, upright; ``first`` is a decoded frame, which carries the orientation.

    Of pixels that are not square the width changes, as players do it, and the lines stay as they are.
    """
    width, height = stream.width, stream.height
    shape = float(stream.sample_aspect_ratio or 1)
    if abs(shape - 1) > _NEARLY_SQUARE and 1 / _LONGEST_PIXEL <= shape <= _LONGEST_PIXEL:
        width = max(1, round(width * shape))
    swapped = first is not None and Orientation.of(first).swapped
    return (height, width) if swapped else (width, height)


def refuse_hdr(name: str, stream: VideoStream, first: VideoFrame | None) -> None:
    """Raises MediaError("hdr") for high dynamic range: read as plain video it is grey and dark."""
    transfer = int((first.color_trc if first is not None else None) or stream.codec_context.color_trc or 0)
    if transfer in _HDR:
        raise MediaError(
            "hdr",
            f"{name} is in high dynamic range ({_HDR[transfer]}); bring it to standard range, for instance with "
            f"ffmpeg -i {name} -vf {_TO_SDR} -c:a copy OUT.mp4",
        )


def displayed(frame: VideoFrame, width: int, height: int) -> NDArray[np.uint8]:
    """RGB pixels [H, W, 3] of a decoded frame, upright; ``width`` and ``height`` are as displayed.

    The size is given because a stream may change its own midway.
    """
    orientation = Orientation.of(frame)
    if orientation.swapped:
        width, height = height, width
    pixels = np.asarray(frame.reformat(width=width, height=height, format="rgb24").to_ndarray(), dtype=np.uint8)
    return pixels if orientation == Orientation() else orientation.apply(pixels)
