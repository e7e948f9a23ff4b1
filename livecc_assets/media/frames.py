"""A video as a table of frame times and an array of frames read on demand."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import chain, islice, pairwise
from types import TracebackType

import av
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from livecc_assets.core.errors import MediaError
from livecc_assets.media.opening import DEFAULT_LIMITS, MediaLimits, decoding, open_media

#: A frame interval is off the beat when it misses the median one by more than this share; more than one such
#: interval in a hundred makes the frame rate variable (a dropped frame here and there does not).
_JITTER = 0.1
_OFF_BEAT_SHARE = 0.01


def best_video_stream(container: InputContainer) -> VideoStream | None:
    """The stream that FFmpeg (and so decord) takes for the video; None where there is only cover art or none."""
    stream = container.streams.best("video")
    if not isinstance(stream, VideoStream) or stream.disposition & Disposition.attached_pic:
        return None
    return stream


def first_picture_time(uri: str, limits: MediaLimits = DEFAULT_LIMITS) -> float | None:
    """Seconds on the file's clock at which the first frame is shown; None where there is no picture.

    Read from the packets: headers often leave it out.
    """
    with open_media(uri, limits) as container, decoding(uri.rsplit("/", 1)[-1]):
        stream = best_video_stream(container)
        if stream is None:
            return None
        packets = (p for p in container.demux(stream) if p.size and not p.is_discard)
        # Frames may be stored out of order, but only by a few.
        stamps = [p.pts if p.pts is not None else p.dts for p in islice(packets, 40)]
        known = [stamp for stamp in stamps if stamp is not None]
        return float(min(known) * (stream.time_base or 0)) if known else None


def _open_best(uri: str, limits: MediaLimits) -> tuple[InputContainer, VideoStream]:
    """The opened file and its best video stream. Raises MediaError("no_video") when there is no picture."""
    container = open_media(uri, limits)
    stream = best_video_stream(container)
    if stream is None:
        container.close()
        raise MediaError("no_video", f"{uri.rsplit('/', 1)[-1]} has sound but no picture")
    stream.thread_type = "AUTO"
    return container, stream


class Video:
    """One video stream: frame times at once, pixels on demand. A context manager; not safe across threads.

    Attributes: ``end_pts`` and ``start_pts``, float64[N] seconds in presentation order from the first frame's start
    (the clock of the whole project, and decord's); ``start_time``, seconds from the file's own zero to that frame;
    ``width``, ``height`` in pixels; ``fps`` frames a second on average; ``variable`` whether the frame rate varies;
    ``name`` for messages.
    """

    def __init__(self, uri: str, limits: MediaLimits, container: InputContainer, stream: VideoStream) -> None:
        self.name = uri.rsplit("/", 1)[-1]
        self._uri, self._limits = uri, limits
        self._container, self._stream = container, stream
        self.width = stream.width
        self.height = stream.height
        rate = stream.average_rate or stream.guessed_rate or Fraction(25)
        self._read_table(rate)
        self._decoder: Iterator[VideoFrame] | None = None
        self._position = -1
        self._last: tuple[int, NDArray[np.uint8]] | None = None

    @classmethod
    def open(cls, uri: str, limits: MediaLimits = DEFAULT_LIMITS) -> "Video":
        """Opens the best video stream and reads its table of frame times, without decoding.

        Raises MediaError: what open_media raises; no_video when there is no picture; undecodable; too_many_frames and
        too_long for what the headers kept back.
        """
        container, stream = _open_best(uri, limits)
        try:
            with decoding(uri.rsplit("/", 1)[-1]):
                return cls(uri, limits, container, stream)
        except BaseException:
            container.close()
            raise

    def __enter__(self) -> "Video":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file."""
        self._decoder = None
        self._container.close()

    def __len__(self) -> int:
        return len(self.end_pts)

    @property
    def duration(self) -> float:
        """Seconds from the start of the first frame to the end of the last."""
        return float(self.end_pts[-1])

    def frames(self, indices: list[int]) -> NDArray[np.uint8]:
        """RGB frames [T, H, W, 3] of the given presentation indices, non-decreasing; an index may repeat.

        Only the stretches between a key frame and a wanted frame are decoded. Raises MediaError("undecodable") when
        a frame cannot be decoded.
        """
        if any(b < a for a, b in pairwise(indices)):
            raise ValueError("frame indices must not decrease")
        out = np.empty((len(indices), self.height, self.width, 3), dtype=np.uint8)
        for row, index in enumerate(indices):
            if not 0 <= index < len(self):
                raise IndexError(f"frame {index} of {len(self)}")
            out[row] = self._frame(index)
        return out

    def check_points(self, span: int = 60) -> list[int]:
        """Frames whose decoding shows that the file is readable: near its start, middle and end.

        Each lies at most ``span`` frames after a key frame, so that checking a long video stays cheap.
        """
        last = len(self) - 1
        return sorted({min(at, self._key_before(at) + span) for at in (0, last // 2, last)})

    def _frame(self, index: int) -> NDArray[np.uint8]:
        if self._last is not None and self._last[0] == index:
            return self._last[1]
        with decoding(self.name):
            if self._decoder is None or index <= self._position or self._key_before(index) > self._position + 1:
                self._seek(index)
            picture = self._advance(index)
        if picture is None:
            raise MediaError(
                "undecodable", f"{self.name}: frame {index} at {self.start_pts[index]:.2f} s cannot be decoded"
            )
        # Width and height are given because a stream may change its size midway.
        rgb = picture.reformat(width=self.width, height=self.height, format="rgb24").to_ndarray()
        pixels = np.asarray(rgb, dtype=np.uint8)
        self._last = (index, pixels)
        return pixels

    def _advance(self, index: int) -> VideoFrame | None:
        """Decodes on to the frame; None when the stream ends or passes it."""
        assert self._decoder is not None
        for frame in self._decoder:
            found = self._index.get(_stamp(frame))
            if found is None:
                continue
            self._position = found
            if found >= index:
                return frame if found == index else None
        return None

    def _key_before(self, index: int) -> int:
        """The last key frame at or before a frame; the first frame where the container marks none."""
        at = int(np.searchsorted(self._keys, index, side="right")) - 1
        return int(self._keys[at]) if at >= 0 else 0

    def _seek(self, index: int) -> None:
        """Starts decoding at a key frame before the wanted one; further back where the demuxer overshoots."""
        key = self._key_before(index)
        for target in (key, self._key_before(max(0, key - 1)), None):
            if target is None:
                self._reopen()
            else:
                self._container.seek(int(self._ticks[target]), stream=self._stream, backward=True)
            decoder = iter(self._container.decode(self._stream))
            for frame in decoder:
                found = self._index.get(_stamp(frame))
                if found is not None:
                    break
            else:
                continue
            if found <= index:
                self._position = found - 1
                self._decoder = chain([frame], decoder)
                return
        raise MediaError("undecodable", f"{self.name}: no key frame found before frame {index}")

    def _reopen(self) -> None:
        """Back to the very start, which not every container can be sought to."""
        self._container.close()
        self._container, self._stream = _open_best(self._uri, self._limits)

    def _read_table(self, rate: Fraction) -> None:
        """Frame times from the packets, decoding only where the container stores no presentation times."""
        base = self._stream.time_base or Fraction(1, av.time_base)
        codec = self._stream.codec_context.name
        stamps: dict[int, tuple[int, bool]] = {}
        for packet in self._container.demux(self._stream):
            if packet.size == 0 or packet.is_discard or (codec == "vp8" and _is_hidden(packet)):
                continue
            if packet.pts is None or packet.pts in stamps:
                self._reopen()
                stamps = {}
                for frame in self._container.decode(self._stream):
                    stamps[_stamp(frame)] = (frame.duration or 0, frame.key_frame)
                    self._check_count(len(stamps))
                self._reopen()
                break
            stamps[packet.pts] = (packet.duration or 0, packet.is_keyframe)
            self._check_count(len(stamps))
        if not stamps:
            raise MediaError("no_video", f"{self.name} has a video stream without a single frame")
        if (seconds := float((max(stamps) - min(stamps)) * base)) > self._limits.duration_sec:
            most = self._limits.duration_sec
            raise MediaError(
                "too_long", f"{self.name} shows frames over {seconds:.0f} s, above the limit of {most:.0f} s"
            )
        self._ticks = np.array(sorted(stamps), dtype=np.int64)
        self._index = {int(tick): i for i, tick in enumerate(self._ticks)}
        self._keys = np.array([i for i, tick in enumerate(self._ticks) if stamps[int(tick)][1]], dtype=np.int64)
        self._set_times(base, rate, np.array([stamps[int(tick)][0] for tick in self._ticks], dtype=np.int64))

    def _check_count(self, frames: int) -> None:
        """Headers may leave the number of frames out, or lie."""
        if frames > self._limits.frames:
            raise MediaError("too_many_frames", f"{self.name} holds more than {self._limits.frames} frames")

    def _set_times(self, base: Fraction, rate: Fraction, durations: NDArray[np.int64]) -> None:
        """Fills start, end, fps and whether the rate varies.

        A constant rate kept in rounded ticks (milliseconds in Matroska) is unrolled to exact times, so that nominal
        times that fall on a frame's end meet it.
        """
        ticks = self._ticks - self._ticks[0]
        steps = np.diff(ticks)
        beat = float(np.median(steps)) if len(steps) else float(1 / (rate * base))
        self.start_time = float((int(self._ticks[0]) - _zero_tick(self._container, base)) * base)
        off_beat = np.abs(steps - beat) > np.maximum(1.0, _JITTER * beat)
        self.variable = bool(len(steps) and off_beat.mean() > _OFF_BEAT_SHARE)
        if np.abs(ticks - np.arange(len(ticks)) * float(1 / (rate * base))).max() <= 1.0:
            edges = np.array([float(i / rate) for i in range(len(ticks) + 1)], dtype=np.float64)
            self.start_pts, self.end_pts = edges[:-1], edges[1:]
        else:
            lengths = np.where(durations > 0, durations, np.append(steps, round(beat)))
            self.start_pts = ticks.astype(np.float64) * float(base)
            self.end_pts = (ticks + lengths).astype(np.float64) * float(base)
        self.fps = float(rate)


def _zero_tick(container: InputContainer, base: Fraction) -> int:
    """Where the file's own clock is zero: broadcast streams start anywhere, other containers at 0."""
    if container.format.name in {"mpegts", "mpeg"} and container.start_time is not None:
        return round(container.start_time * Fraction(1, av.time_base) / base)
    return 0


def _is_hidden(packet: Packet) -> bool:
    """Whether a VP8 packet holds a reference frame that is never shown (bit 4 of its frame tag)."""
    return not bytes(packet)[0] >> 4 & 1


def _stamp(frame: VideoFrame) -> int:
    """Presentation time in ticks, or decoding time in containers that keep no other."""
    stamp = frame.pts if frame.pts is not None else frame.dts
    if stamp is None:
        raise MediaError("undecodable", "the video carries no frame times")
    return int(stamp)
