"""Frames, sound and captions become an MP4 (H.264, AAC, optionally a caption track); the same input gives the same pictures."""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import OutputContainer
from av.subtitles.stream import SubtitleStream

from livecc_assets.sample.captions import Lines, text_of
from livecc_assets.sample.speech import RATE

FPS = 10
# Single-threaded and without B-frames: equal bytes on every run, and the cheapest seeking.
_X264 = {"preset": "ultrafast", "crf": "26", "threads": "1", "g": "20", "bf": "0"}
_SUBTITLE_HEADER = b"""[Script Info]
ScriptType: v4.00+

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, Alignment, Encoding
Style: Default,Sans,16,&Hffffff,2,1

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""


def write_video(
    path: Path, frames: Iterable[np.ndarray], samples: np.ndarray | None, captions: Lines = (), fps: int = FPS
) -> None:
    """Write an MP4: uint8 RGB frames [H, W, 3] with even sides at `fps`, float32 mono 16 kHz `samples` unless None.

    `captions` become a track inside the file (mov_text). The file appears only when it is complete.
    """
    draft = path.with_suffix(".partial")
    with av.open(str(draft), "w", format="mp4", options={"movflags": "+faststart"} if captions else {}) as target:
        video = target.add_stream("libx264", rate=fps, options=dict(_X264))
        video.pix_fmt = "yuv420p"
        sound = (
            target.add_stream("aac", rate=RATE, layout="mono", options={"aac_coder": "fast"})
            if samples is not None
            else None
        )
        if sound is not None:
            sound.bit_rate = 32_000
        text = _caption_stream(target) if captions else None
        for number, picture in enumerate(frames):
            if number == 0:
                video.height, video.width = picture.shape[:2]
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, fps)
            target.mux(video.encode(frame))
        target.mux(video.encode(None))
        if sound is not None and samples is not None:
            frame = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
            frame.sample_rate, frame.time_base, frame.pts = RATE, Fraction(1, RATE), 0
            target.mux([*sound.encode(frame), *sound.encode(None)])
        for packet in _caption_packets(captions):
            packet.stream = text
            target.mux(packet)
    draft.replace(path)


def _caption_stream(target: OutputContainer) -> SubtitleStream:
    stream = target.add_stream("mov_text")
    stream.metadata["language"] = "eng"
    stream.codec_context.subtitle_header = _SUBTITLE_HEADER  # the encoder does not open without one
    stream.codec_context.time_base = Fraction(1, 1000)
    return stream


def _caption_packets(lines: Lines) -> Iterable[av.Packet]:
    """One sample a line and a blank one for the silence after it, as MP4 wants the track to have no holes."""
    moment = 0
    for line in lines:
        start, end = round(line[0].start * 1000), round(line[-1].end * 1000)
        if start > moment:
            yield _packet(moment, start, "")
        yield _packet(start, end, text_of(line))
        moment = end


def _packet(start: int, end: int, text: str) -> av.Packet:
    data = text.encode()
    packet = av.Packet(len(data).to_bytes(2, "big") + data)
    packet.pts = packet.dts = start
    packet.duration, packet.time_base = end - start, Fraction(1, 1000)
    return packet
