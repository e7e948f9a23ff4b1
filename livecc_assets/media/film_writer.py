"""An MP4 that is written from pictures and sound: H.264, AAC, optionally a subtitle track."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
import av.error
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.reformatter import ColorRange, Colorspace
from av.video.stream import VideoStream
from numpy.typing import NDArray

from livecc_assets.core.errors import UserError
from livecc_assets.core.shortage import as_line, writing
from livecc_assets.media.caption_track import add_caption_track, caption_packets
from livecc_assets.media.soundtrack import RATE

#: Quality of the published demo's videos (method 3.6).
CRF = 18
_TICKS = 90_000
_BT709 = 1


class FilmWriter:
    """Takes pictures and sound in order of time. See ``film``, which opens and closes one."""

    def __init__(
        self,
        target: OutputContainer,
        size: tuple[int, int],
        fps: float,
        *,
        sound: bool,
        cues: Iterable[tuple[float, float, str]],
        crf: int,
    ) -> None:
        self._target = target
        self._width, self._height = (length + length % 2 for length in size)
        self._video = self._pictures(fps, crf)
        self._audio = self._sound() if sound else None
        self._heard = 0
        if cues := list(cues):
            track = add_caption_track(target)
            for packet in caption_packets(cues):
                packet.stream = track
                target.mux(packet)

    def picture(self, pixels: NDArray[np.uint8], start_s: float, end_s: float) -> None:
        """RGB pixels [H, W, 3] that are shown between two seconds; they are scaled where the film has another size.

        A side of odd length gets its last row or column twice.
        """
        height, width = pixels.shape[:2]
        grows = self._height - height in (0, 1) and self._width - width in (0, 1)
        if grows and (height, width) != (self._height, self._width):
            pixels = np.pad(pixels, ((0, self._height - height), (0, self._width - width), (0, 0)), "edge")
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
        frame = frame.reformat(
            self._width, self._height, "yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
        )
        frame.pts, frame.time_base = round(start_s * _TICKS), Fraction(1, _TICKS)
        frame.duration = max(1, round(end_s * _TICKS) - frame.pts)
        self._target.mux(self._video.encode(frame))

    def sound(self, samples: NDArray[np.float32]) -> None:
        """Further samples [N, 2] at ``soundtrack.RATE``, which follow the former ones."""
        assert self._audio is not None
        if len(samples):
            packed = np.ascontiguousarray(samples.reshape(1, -1), dtype=np.float32)
            frame = av.AudioFrame.from_ndarray(packed, format="flt", layout="stereo")
            frame.sample_rate, frame.time_base, frame.pts = RATE, Fraction(1, RATE), self._heard
            self._heard += len(samples)
            self._target.mux(self._audio.encode(frame))

    def finish(self) -> None:
        """What the encoders still hold goes into the file."""
        for stream in filter(None, (self._video, self._audio)):
            self._target.mux(stream.encode(None))

    def _pictures(self, fps: float, crf: int) -> VideoStream:
        stream = self._target.add_stream("libx264", rate=Fraction(fps).limit_denominator(1001))
        stream.options = {"crf": str(crf), "preset": "veryfast"}
        stream.width, stream.height, stream.pix_fmt = self._width, self._height, "yuv420p"
        context = stream.codec_context
        context.time_base = Fraction(1, _TICKS)
        # Without these a player guesses by the size of the picture.
        context.colorspace = context.color_primaries = context.color_trc = _BT709
        context.color_range = ColorRange.MPEG
        return stream

    def _sound(self) -> AudioStream:
        stream = self._target.add_stream("aac", rate=RATE, layout="stereo")
        stream.bit_rate = 160_000
        return stream


@contextmanager
def film(
    path: Path,
    size: tuple[int, int],
    fps: float,
    *,
    sound: bool = False,
    cues: Iterable[tuple[float, float, str]] = (),
    crf: int = CRF,
) -> Iterator[FilmWriter]:
    """A writer of the MP4 at ``path``: pictures of ``size`` (width, height), ``fps`` of them a second on average.

    ``cues`` (start and end in seconds, text) become a subtitle track. After an error the file is incomplete: write to a
    name that nobody sees yet. What an encoder refuses is a UserError of one line.
    """
    try:
        # The index goes to the front, so that a browser plays the file while it loads.
        with writing(path), av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as target:
            writer = FilmWriter(target, size, fps, sound=sound, cues=cues, crf=crf)
            yield writer
            writer.finish()
    except av.error.FFmpegError as error:
        if short := as_line(error):
            raise short from error
        raise UserError(f"{path.name} cannot be written: {error.strerror}; choose another place or format") from error
