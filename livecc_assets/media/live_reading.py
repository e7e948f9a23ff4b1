"""The pictures of one opening of a live source, as they come: late starts, damaged packets and stray stamps are met here."""

import time
from collections import deque
from collections.abc import Callable, Iterator
from fractions import Fraction

import av
import av.error
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from livecc_assets.core.errors import MediaError
from livecc_assets.media.clock import Starts, best_audio_stream
from livecc_assets.media.display import display_size, refuse_hdr
from livecc_assets.media.live_address import LiveReport
from livecc_assets.media.live_bytes import BrokenOffError, StoppedError, timed_out
from livecc_assets.media.live_clock import Unrolled
from livecc_assets.media.live_opening import Opened
from livecc_assets.media.opening import MediaLimits, decoding
from livecc_assets.media.stream import best_video_stream, has_stamp, stamp

#: Seconds of stamps for which a stream that cannot be read again is asked when its sound starts, and a file.
_SHORT_PATIENCE, _FILE_PATIENCE = 3, 30
#: Bytes of packets that are kept meanwhile.
_MOST_KEPT = 64 * 1024**2
#: Pictures without a time, one after the other, that are left out before the clock counts as broken.
_MOST_UNSTAMPED = 250
#: Faults one after the other after which a source counts as broken off.
_MOST_FAULTS = 200


class Reading:
    """One opening. Attributes: ``late``, seconds from the source's zero to the first picture; ``width``, ``height`` as displayed;
    ``clock``, when frames are shown; ``faults``, packets so far that gave no picture.

    ``patience``: seconds for which a source that FFmpeg itself speaks to may be silent, unless it is ``unwanted``.

    Raises MediaError: no_video, hdr, undecodable, too_many_pixels.
    """

    def __init__(
        self,
        name: str,
        opened: Opened,
        real_time: bool,
        limits: MediaLimits,
        report: LiveReport,
        patience: float,
        unwanted: Callable[[], bool],
    ) -> None:
        self._patience, self._unwanted = patience, unwanted
        self._name, self._opened, self._report = name, opened, report
        self.faults, self._kept = 0, deque[Packet]()
        stream = best_video_stream(opened.container)
        if stream is None:
            opened.raise_fault()
            raise MediaError("no_video", f"{name} has sound but no picture")
        # Threads by frames hand each picture out some frames late.
        stream.thread_type = "SLICE" if real_time else "AUTO"
        self._stream, self._base = stream, stream.time_base or Fraction(1, av.time_base)
        audio = None if real_time else best_audio_stream(opened.container)
        self._demuxed = [stream] if audio is None else [stream, audio]
        self._packets = self._demux()
        starts = Starts(stream, audio)
        patience = _FILE_PATIENCE if opened.data is not None and opened.data.seekable() else _SHORT_PATIENCE
        self._find_starts(starts, patience)
        if starts.first is None or starts.picture is None:
            raise MediaError("undecodable", f"no picture of {name} can be decoded")
        self._decoded, self.late = starts.decoded, float(starts.picture - starts.zero())
        refuse_hdr(name, stream, starts.first)
        self.width, self.height = display_size(stream, starts.first)
        if self.width * self.height > limits.frame_pixels:
            detail = f"{name} is shown at {self.width}x{self.height}, above {limits.frame_pixels} pixels"
            raise MediaError("too_many_pixels", detail)
        self.clock = Unrolled(self._base, stream.average_rate or stream.guessed_rate, stream.guessed_rate)
        # AVI knows the order of storing alone (media/frame_table.py).
        codec = stream.codec_context.name
        self._counted = opened.container.format.name == "avi" and codec in {"h264", "hevc"}
        self._period = max(1, round(1 / ((stream.average_rate or Fraction(25)) * self._base)))

    def _find_starts(self, starts: Starts, patience: int) -> None:
        """Reads until picture and sound have started; what belongs to later pictures is kept."""
        size = 0
        for packet in self._packets:
            video = isinstance(packet.stream, VideoStream)
            taken = video and starts.wants_picture
            starts.see(packet)
            if video and not taken:
                self._kept.append(packet)
                size += packet.size
                late = self._seconds(packet) - float(starts.picture or 0)
                if late > patience or size > _MOST_KEPT:
                    return
            if starts.done:
                return

    def _seconds(self, packet: Packet) -> float:
        found = packet.pts if packet.pts is not None else packet.dts
        return float(found * self._base) if found is not None else 0.0

    def pictures(self) -> Iterator[tuple[int, VideoFrame]]:
        """(stamp in ticks, picture) in the order of showing. Raises BrokenOffError, MediaError("timed_out")."""
        missing = 0
        for number, frame in enumerate(self._frames()):
            if self._counted:
                yield number * self._period, frame
            elif has_stamp(frame):
                missing = 0
                yield stamp(frame), frame
            else:
                missing += 1
                self._report.disordered += 1
                if missing > _MOST_UNSTAMPED:
                    raise MediaError("broken_clock", f"the pictures of {self._name} carry no times")

    def last_length(self) -> int:
        """Ticks for which the last picture is shown where only the stream's length tells; 0 where it does not."""
        length = self._stream.duration
        return max(0, length - self.clock.last) if length else 0

    def announced(self) -> float | None:
        """Seconds that the source says it lasts."""
        duration = self._opened.container.duration
        return duration / av.time_base if duration else None

    def pictures_announced(self) -> float | None:
        """Seconds that its pictures last, by an index that says so."""
        return self.clock.seconds(self._stream.duration) if self._stream.duration else None

    def _frames(self) -> Iterator[VideoFrame]:
        yield from self._decoded
        self._decoded = []
        while self._kept:
            yield from self._decode(self._kept.popleft())
        for packet in self._packets:
            if packet.stream_index == self._stream.index:
                yield from self._decode(packet)

    def _decode(self, packet: Packet) -> Iterator[VideoFrame]:
        try:
            with decoding(self._name):
                frames = packet.decode()
        except MediaError:
            self.faults += 1
            self._report.undecodable += 1
            return
        for frame in frames:
            if isinstance(frame, VideoFrame):
                if frame.is_corrupt:
                    self.faults += 1
                yield frame

    def _demux(self) -> Iterator[Packet]:
        """All packets; a demuxer that trips goes on behind the fault."""
        faults, since = 0, time.monotonic()
        while True:
            try:
                for packet in self._opened.container.demux(*self._demuxed):
                    faults = 0
                    since = time.monotonic()
                    yield packet
                self._opened.raise_fault()
                return
            except av.error.ExitError as error:
                if self._unwanted():
                    raise StoppedError from error
                if (silent := time.monotonic() - since) >= self._patience:
                    raise timed_out(self._name, silent, True) from error
            except av.error.InvalidDataError as error:
                faults += 1
                self.faults += 1
                self._report.undecodable += 1
                if faults > _MOST_FAULTS:
                    raise BrokenOffError("nothing that follows can be read") from error
            except (av.error.FFmpegError, OSError) as error:
                raise BrokenOffError(getattr(error, "strerror", None) or str(error)) from error
