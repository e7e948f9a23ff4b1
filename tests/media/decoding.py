"""Films as encoders of all kinds write them, and a look at what is decoded of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any
from unittest.mock import patch

import av
import numpy as np
from numpy.typing import NDArray

from livecc_assets.media import selective_decoder

#: Name: file name, codec, options of the encoder, further options.
KINDS: dict[str, tuple[str, str, dict[str, str], dict[str, Any]]] = {
    "h264": ("f.mp4", "libx264", {}, {}),
    "h264 without B-frames": ("f.mp4", "libx264", {"bf": "0"}, {}),
    "h264 with B-pyramid": ("f.mp4", "libx264", {"bf": "7", "b-pyramid": "normal", "b-adapt": "0"}, {}),
    "h264 with strict B-pyramid": ("f.mkv", "libx264", {"bf": "5", "b-pyramid": "strict", "b-adapt": "0"}, {}),
    "h264 without a pyramid": ("f.mp4", "libx264", {"bf": "3", "b-pyramid": "none", "b-adapt": "0"}, {}),
    "h264 with one reference": ("f.mp4", "libx264", {"bf": "3", "refs": "1", "b-adapt": "0"}, {}),
    "h264 in many slices": ("f.mp4", "libx264", {"bf": "3", "slices": "4", "b-adapt": "0"}, {}),
    "h264 with an open GOP": ("f.mp4", "libx264", {"bf": "3", "x264-params": "open-gop=1:b-adapt=0"}, {}),
    "h264 with intra refresh": ("f.mp4", "libx264", {"intra-refresh": "1", "bf": "2"}, {}),
    "h264 of no latency": ("f.mp4", "libx264", {"tune": "zerolatency"}, {}),
    "h264 interlaced": ("f.mp4", "libx264", {"bf": "3", "flags": "+ildct+ilme", "x264-params": "tff=1"}, {}),
    "h264 in a transport stream": ("f.ts", "libx264", {"bf": "3", "b-adapt": "0"}, {}),
    "h264 in a transport stream with an open GOP": ("f.ts", "libx264", {"bf": "3", "x264-params": "open-gop=1"}, {}),
    "h264 with refresh in a transport stream": ("f.ts", "libx264", {"intra-refresh": "1", "bf": "2"}, {}),
    "h264 in Matroska": ("f.mkv", "libx264", {"bf": "3"}, {}),
    "h264 in AVI": ("f.avi", "libx264", {"bf": "3", "b-adapt": "0"}, {}),
    "h264 in Flash": ("f.flv", "libx264", {"bf": "3"}, {}),
    "h264 fragmented": ("f.mp4", "libx264", {"bf": "3"}, {"container": {"movflags": "frag_keyframe+empty_moov"}}),
    "h264 in 4:4:4": ("f.mp4", "libx264", {"bf": "3"}, {"pix_fmt": "yuv444p"}),
    "hevc": ("f.mp4", "libx265", {"preset": "fast"}, {}),
    "hevc with a closed GOP": ("f.mkv", "libx265", {"preset": "fast", "x265-params": "open-gop=0:b-adapt=0"}, {}),
    "hevc in sub-layers": ("f.mp4", "libx265", {"preset": "fast", "x265-params": "temporal-layers=3:b-adapt=0"}, {}),
    "hevc in a transport stream": ("f.ts", "libx265", {"preset": "fast"}, {}),
    "vp8": (
        "f.webm",
        "libvpx",
        {"deadline": "realtime", "cpu-used": "8", "auto-alt-ref": "1", "lag-in-frames": "5"},
        {},
    ),
    "vp9": ("f.webm", "libvpx-vp9", {"deadline": "realtime", "cpu-used": "5", "lag-in-frames": "12"}, {}),
    "av1": ("f.mp4", "libsvtav1", {"preset": "12"}, {}),
    "mpeg4": ("f.mp4", "mpeg4", {"bf": "2"}, {}),
    "mpeg4 in AVI": ("f.avi", "mpeg4", {"bf": "2"}, {}),
    "mpeg2": ("f.ts", "mpeg2video", {"bf": "2"}, {}),
    "mjpeg": ("f.mov", "mjpeg", {}, {"pix_fmt": "yuvj420p"}),
}


def scenery(number: int, width: int = 160, height: int = 96) -> NDArray[np.uint8]:
    """A picture that moves, so that frames refer to each other, and differs from all others."""
    y, x = np.mgrid[:height, :width]
    wave = 60 * np.sin((x + 3 * number) / 9) + 50 * np.cos((y - 2 * number) / 7)
    frame = np.stack([128 + wave, 120 + wave * 0.5, 130 - wave], axis=-1).clip(0, 255).astype(np.uint8)
    left = 5 * number % (width - 24)
    frame[30:54, left : left + 24] = (number * 7 % 256, 200, 255 - number * 5 % 256)
    return frame


def encode(folder: Path, kind: str, count: int = 60, gop: int = 20, options: dict[str, str] | None = None) -> Path:
    """A film of one of the ``KINDS`` at 25 frames a second."""
    name, codec, usual, more = KINDS[kind]
    options = usual if options is None else options
    path = folder / name
    with av.open(str(path), "w", options=more.get("container", {})) as container:
        stream = container.add_stream(codec, rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 160, 96, more.get("pix_fmt", "yuv420p")
        stream.codec_context.gop_size = gop
        quiet = {"libx265": {"x265-params": "log-level=none:pools=1"}, "libsvtav1": {"svtav1-params": "lp=1"}}
        told = quiet.get(codec, {}) | options
        if codec == "libx265" and "x265-params" in options:
            told["x265-params"] = options["x265-params"] + ":log-level=none:pools=1"
        stream.codec_context.options = told
        for number in range(count):
            frame = av.VideoFrame.from_ndarray(scenery(number), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def decoded_whole(path: Path) -> list[NDArray[np.uint8]]:
    """Every frame, decoded from the start without any thread or trick."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        size = stream.width, stream.height
        frames = [frame.reformat(*size, "rgb24").to_ndarray() for frame in container.decode(stream)]
        return [np.asarray(frame, dtype=np.uint8) for frame in frames]


@contextmanager
def counting() -> Iterator[dict[str, int]]:
    """How many packets go to selective decoders, and how often they seek."""
    counts = {"fed": 0, "seeks": 0}
    one = selective_decoder.SelectiveDecoder
    seek, feed = one._seek, one._feed

    def counted_seek(self: selective_decoder.SelectiveDecoder, key: int) -> bool:
        counts["seeks"] += 1
        return seek(self, key)

    def counted_feed(
        self: selective_decoder.SelectiveDecoder, packet: av.Packet | None, wanted: set[int] | None
    ) -> list[av.VideoFrame]:
        before = len(self._fed)
        frames = feed(self, packet, wanted)
        counts["fed"] += len(self._fed) > before
        return frames

    with patch.object(one, "_seek", counted_seek), patch.object(one, "_feed", counted_feed):
        yield counts
