"""A subtitle track inside an MP4 (mov_text), which players show or hide."""

from collections.abc import Iterable, Iterator
from fractions import Fraction

import av
from av.container import OutputContainer
from av.subtitles.stream import SubtitleStream

from livecc_assets.core.text import shortened

_HEADER = b"""[Script Info]
ScriptType: v4.00+

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, Alignment, Encoding
Style: Default,Sans,16,&Hffffff,2,1

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""
#: Bytes of one caption: the format counts them in 16 bits.
_MOST_BYTES = 2**16 - 1


def add_caption_track(target: OutputContainer) -> SubtitleStream:
    """A track for ``caption_packets`` in an MP4 that nothing was written to yet."""
    stream = target.add_stream("mov_text")
    stream.metadata["language"] = "eng"
    stream.codec_context.subtitle_header = _HEADER  # the encoder does not open without one
    stream.codec_context.time_base = Fraction(1, 1000)
    return stream


def caption_packets(cues: Iterable[tuple[float, float, str]]) -> Iterator[av.Packet]:
    """One sample a cue (start and end in seconds, text), in order, and a blank one for the silence after it.

    MP4 wants the track to have no holes, and no two captions at once: one that begins before the end of another is cut.
    """
    moment = 0
    for begin, finish, text in cues:
        start, end = max(moment, round(begin * 1000)), round(finish * 1000)
        if end <= start:
            continue
        if start > moment:
            yield _packet(moment, start, "")
        yield _packet(start, end, text)
        moment = end


def _packet(start: int, end: int, text: str) -> av.Packet:
    data = shortened(text, _MOST_BYTES).encode()
    packet = av.Packet(len(data).to_bytes(2, "big") + data)
    packet.pts = packet.dts = start
    packet.duration, packet.time_base = end - start, Fraction(1, 1000)
    return packet
