"""Whether a video file is whole, and its measures."""

from dataclasses import dataclass

import av

from livecc_assets.core.errors import MediaError
from livecc_assets.media.audio import has_audio
from livecc_assets.media.frames import Video
from livecc_assets.media.opening import decoding, open_media

#: A file that ends this much before the length in its header is cut off.
_MISSING_SEC = 1.0
_MISSING_SHARE = 0.05
#: Frames decoded after a key frame at most, to see that the picture can be read.
_DECODE_SPAN = 60


@dataclass(frozen=True)
class Probe:
    """A readable video's measures; ``start_time`` is where its first frame is on the file's own clock, in seconds."""

    duration: float
    width: int
    height: int
    fps: float
    variable: bool
    has_audio: bool
    start_time: float


def probe(uri: str) -> Probe:
    """Reads the frame table, compares it with the header's length, and decodes a frame at both ends and the middle.

    Raises MediaError: truncated, no_video, undecodable, and what open_media raises.
    """
    name = uri.rsplit("/", 1)[-1]
    sound = has_audio(uri)
    with Video.open(uri) as video:
        declared = _declared(uri)
        missing = declared - video.start_time - video.duration
        if missing > max(_MISSING_SEC, _MISSING_SHARE * declared):
            detail = f"{name} breaks off after {video.duration:.1f} of {declared:.1f} s; copy or download it again"
            raise MediaError("truncated", detail)
        video.frames(video.check_points(_DECODE_SPAN))
        return Probe(video.duration, video.width, video.height, video.fps, video.variable, sound, video.start_time)


def _declared(uri: str) -> float:
    """Seconds at which the header says that the picture ends; 0 where it does not say.

    A header that gives only the whole file's length is believed where no other stream reaches that far.
    """
    with open_media(uri) as container, decoding(uri.rsplit("/", 1)[-1]):
        stream = container.streams.best("video")
        if stream is not None and stream.duration and stream.time_base:
            return float((stream.duration + (stream.start_time or 0)) * stream.time_base)
        whole = (container.duration or 0) / av.time_base
        sound = container.streams.best("audio")
        ends = [
            float((packet.pts + (packet.duration or 0)) * packet.time_base)
            for packet in (container.demux(sound) if sound else ())
            if packet.pts is not None and packet.time_base
        ]
        return 0.0 if max(ends, default=0.0) > whole - _MISSING_SEC else whole
