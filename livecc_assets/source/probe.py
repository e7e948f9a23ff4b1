"""Whether a video file is whole, and its measures."""

from dataclasses import dataclass

import av

from livecc_assets.core.errors import MediaError
from livecc_assets.media.audio import has_audio
from livecc_assets.media.frames import Video
from livecc_assets.media.opening import TS_PACKET, decoding, open_media
from livecc_assets.media.stream import best_video_stream
from livecc_assets.store.uris import local_path

#: A file that ends this much before the length in its header is cut off.
_MISSING_SEC = 1.0
_MISSING_SHARE = 0.05
#: Frames decoded after a key frame at most, to see that the picture can be read.
_DECODE_SPAN = 60


@dataclass(frozen=True)
class Probe:
    """A readable video's measures, as displayed and on the file's clock (method 2.8).

    ``duration`` is where its last frame ends, ``start_time`` where the file's zero is on the container's own clock, in seconds.
    """

    duration: float
    width: int
    height: int
    fps: float
    variable: bool
    has_audio: bool
    start_time: float


def probe(uri: str) -> Probe:
    """Reads the frame table, compares it with the header's length, and decodes a frame at both ends and the middle.

    Raises MediaError: truncated, no_video, hdr, undecodable, and what open_media raises.
    """
    name = uri.rsplit("/", 1)[-1]
    sound = has_audio(uri)
    with Video.open(uri) as video:
        if video.container_format == "mpegts" and local_path(uri).stat().st_size % TS_PACKET:
            # It has no header that says its length, but it is written in whole packets.
            detail = f"{name} breaks off within a packet after {video.duration:.1f} s; copy or download it again"
            raise MediaError("truncated", detail)
        declared, had = _declared(uri, video)
        if declared - had > max(_MISSING_SEC, _MISSING_SHARE * declared):
            detail = f"{name} breaks off after {had:.1f} of {declared:.1f} s; copy or download it again"
            raise MediaError("truncated", detail)
        for _ in video.each(video.check_points(_DECODE_SPAN)):
            pass
        return Probe(video.duration, video.width, video.height, video.fps, video.variable, sound, video.start_time)


def _declared(uri: str, video: Video) -> tuple[float, float]:
    """(seconds of picture that the header announces, seconds that there are); the first is 0 where it does not say.

    A header that gives only the whole file's length is believed where no other stream reaches that far. Some writers count it
    from the container's zero, others from the first stamp.
    """
    with open_media(uri) as container, decoding(uri.rsplit("/", 1)[-1]):
        stream = best_video_stream(container)
        if stream is not None and stream.duration and stream.time_base:
            # From the stream's start: a recording that begins between two key frames has no picture there yet.
            late = float(video.start_pts[0])
            if stream.start_time is not None:
                late = min(late, float(stream.start_time * stream.time_base) - video.start_time)
            return float(stream.duration * stream.time_base), video.duration - late
        whole = (container.duration or 0) / av.time_base
        sound = container.streams.best("audio")
        ends = [
            float((packet.pts + (packet.duration or 0)) * packet.time_base)
            for packet in (container.demux(sound) if sound else ())
            if packet.pts is not None and packet.time_base
        ]
        end = video.start_time + video.duration
        zero = 0.0 if end <= whole + _MISSING_SEC else video.start_time
        return (0.0 if max(ends, default=0.0) - zero > whole - _MISSING_SEC else whole), end - zero
