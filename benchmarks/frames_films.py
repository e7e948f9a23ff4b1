"""The films of ``frames.py``: two minutes of 1080p at 25 frames a second, by x264's defaults and by other encoders.

A camera wanders over a landscape, things pass at their own speeds between still stretches, and each frame has film grain.
The pictures come from a seeded generator; 20 seconds are encoded and stored six times over.
"""

import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from livecc_assets.media.reference_units import disposable_packets

WIDTH, HEIGHT, FPS, SECONDS, ENCODED, GOP = 1920, 1080, 25, 120, 20, 250
#: Encoder and options. x264 with ``medium`` and nothing else: three B-frames with a pyramid, three references, CRF 23.
FILMS: dict[str, tuple[str, dict[str, str]]] = {
    "h264": ("libx264", {"preset": "medium"}),
    "h264-no-b": ("libx264", {"preset": "medium", "bf": "0"}),
    "hevc": ("libx265", {"preset": "veryfast", "x265-params": "log-level=error"}),
    "vp9": ("libvpx-vp9", {"deadline": "realtime", "cpu-used": "6", "crf": "33", "b": "0", "row-mt": "1"}),
    "av1": ("libsvtav1", {"preset": "9", "crf": "35"}),
}


def film(folder: Path, name: str) -> Path:
    """The film's path in the folder, made there the first time."""
    path, part = folder / f"{name}.mp4", folder / f"{name}.part.mp4"
    if path.exists():
        return path
    codec, options = FILMS[name]
    with av.open(str(part), "w") as container:
        stream = container.add_stream(codec, rate=FPS)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.gop_size = GOP
        stream.codec_context.options = options
        for frame in _pictures(ENCODED * FPS):
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    whole = folder / f"{name}.whole.mp4"
    _repeat(part, whole, SECONDS // ENCODED)
    part.unlink()
    os.replace(whole, path)
    return path


def share_without_reference(path: str) -> float | None:
    """The share of frames that no other refers to; None for codecs that do not say."""
    with av.open(path) as container:
        stream = container.streams.video[0]
        disposable = disposable_packets(stream.codec_context.name, stream.codec_context.extradata)
        if disposable is None:
            return None
        told = [disposable(bytes(packet)) for packet in container.demux(stream) if packet.size]
    return sum(told) / len(told)


def _repeat(part: Path, path: Path, times: int) -> None:
    with av.open(str(path), "w") as new:
        target = None
        for turn in range(times):
            with av.open(str(part)) as old:
                stream = old.streams.video[0]
                target = target or new.add_stream_from_template(stream, opaque=True)
                base = stream.time_base or Fraction(1, FPS)
                for packet in old.demux(stream):
                    if packet.size and packet.pts is not None and packet.dts is not None:
                        packet.pts += round(turn * ENCODED / base)
                        packet.dts += round(turn * ENCODED / base)
                        packet.stream = target
                        new.mux(packet)


def _pictures(count: int) -> Iterator[av.VideoFrame]:
    rng = np.random.default_rng(1)
    land = _texture(rng, HEIGHT * 3 // 2, WIDTH * 3 // 2, 45)
    blue, red = (_texture(rng, HEIGHT * 3 // 4, WIDTH * 3 // 4, 20).clip(16, 240).astype(np.uint8) for _ in range(2))
    things = [(_texture(rng, side, side, 50), *path) for side, *path in ((320, 211, 257, 0.3), (200, 149, 173, 2.0))]
    grain = np.round(0.8 * rng.standard_normal((HEIGHT + 64, WIDTH + 64))).astype(np.float32)
    for number in range(count):
        x, y = (0.5 + 0.45 * np.sin(number / turn) for turn in (900, 1300))
        luma = _window(land, y * HEIGHT / 2, x * WIDTH / 2, HEIGHT, WIDTH)
        for picture, across, down, phase in things:
            side = len(picture) - 1
            left = (WIDTH - side) * (0.5 + 0.48 * np.sin(number / across + phase))
            top = (HEIGHT - side) * (0.5 + 0.48 * np.cos(number / down + phase))
            place = luma[int(top) : int(top) + side, int(left) : int(left) + side]
            place[:] = _window(picture, 1 - top % 1, 1 - left % 1, side, side)[: len(place), : place.shape[1]]
        at, off = rng.integers(0, 64, 2)
        luma += grain[at : at + HEIGHT, off : off + WIDTH]
        top, left = int(y * HEIGHT / 4), int(x * WIDTH / 4)
        half = (slice(top, top + HEIGHT // 2), slice(left, left + WIDTH // 2))
        frame = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
        for plane, pixels in zip(
            frame.planes, (luma.clip(0, 255).astype(np.uint8), blue[half], red[half]), strict=True
        ):
            np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width] = pixels
        frame.pts, frame.time_base = number, Fraction(1, FPS)
        yield frame


def _texture(rng: np.random.Generator, height: int, width: int, contrast: float) -> NDArray[np.float32]:
    """Random brightness with the spectrum of photographs, 1 / f and a little steeper."""
    steps = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None])
    steps[0, 0] = 1
    waves = np.fft.rfft2(rng.standard_normal((height, width))) / steps**1.4
    field = np.fft.irfft2(waves, (height, width))
    return (128 + contrast * (field - field.mean()) / field.std()).astype(np.float32)


def _window(picture: NDArray[np.float32], top: float, left: float, height: int, width: int) -> NDArray[np.float32]:
    """A part of a picture at a place between pixels."""
    y, x = int(top), int(left)
    down, across = np.float32(top - y), np.float32(left - x)
    part = picture[y : y + height + 1, x : x + width + 1]
    if len(part) > height:
        part = part[:-1] * (1 - down) + part[1:] * down
    if part.shape[1] > width:
        part = part[:, :-1] * (1 - across) + part[:, 1:] * across
    return part.astype(np.float32, copy=False)
