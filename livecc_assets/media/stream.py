"""The video stream of a file: which one, opened, and opened again from the start."""

from av.container import InputContainer
from av.stream import Disposition, Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from livecc_assets.core.errors import MediaError
from livecc_assets.media.opening import DEFAULT_LIMITS, MediaLimits, open_media


def is_known(stream: Stream) -> bool:
    """Whether FFmpeg has a decoder for a stream; without one PyAV gives it no codec, and no size."""
    return bool(stream.codec_context)


def best_video_stream(container: InputContainer) -> VideoStream | None:
    """The stream that FFmpeg (and so decord) takes for the video; None where there is only cover art or none."""
    stream = container.streams.best("video")
    if not isinstance(stream, VideoStream) or stream.disposition & Disposition.attached_pic:
        return None
    if not is_known(stream):
        return None
    return stream


class Source:
    """A file's best video stream. Attributes: ``container``, ``stream``, ``limits``; ``name`` for messages.

    Raises MediaError at opening: what open_media raises, and no_video when there is no picture.
    """

    def __init__(self, uri: str, limits: MediaLimits = DEFAULT_LIMITS) -> None:
        self.name, self.limits = uri.rsplit("/", 1)[-1], limits
        self._uri = uri
        self._open()

    def again(self) -> "Source":
        """The same file opened a second time, for a second decoder."""
        return Source(self._uri, self.limits)

    def _open(self) -> None:
        self.container = open_media(self._uri, self.limits)
        stream = best_video_stream(self.container)
        if stream is None:
            self.container.close()
            raise MediaError("no_video", f"{self.name} has sound but no picture")
        stream.thread_type = "AUTO"
        self.stream = stream

    def reopen(self) -> None:
        """Back to the very start, which not every container can be sought to."""
        self.close()
        self._open()

    def close(self) -> None:
        """Closes the file."""
        self.container.close()


def has_stamp(frame: VideoFrame) -> bool:
    """Whether a frame says when it is shown."""
    return frame.pts is not None or frame.dts is not None


def stamp(frame: VideoFrame) -> int:
    """Presentation time in ticks, or decoding time in containers that keep no other."""
    found = frame.pts if frame.pts is not None else frame.dts
    if found is None:
        raise MediaError("undecodable", "the video carries no frame times")
    return int(found)
