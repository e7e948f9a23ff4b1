"""When each frame of a video is shown: a table of times, read from the packets without decoding (method 2.8)."""

from collections.abc import Iterable
from fractions import Fraction
from itertools import chain

import av
import numpy as np
from av.packet import Packet
from numpy.typing import NDArray

from livecc_assets.core.errors import MediaError
from livecc_assets.media.clock import Starts, best_audio_stream, first_packets
from livecc_assets.media.stream import Source, stamp

#: A frame interval is off the beat when it misses the median one by more than this share. The rate is variable when what
#: intervals miss makes up more than a hundredth of the time (a dropped frame here and there does not, a frozen picture does).
_JITTER = 0.1
_OFF_BEAT_SHARE = 0.01
#: Seconds by which decoding times may run backwards before the file counts as several recordings in one.
_BACKWARDS = 1.0
#: Seconds to which coarse containers round, and how many times that a frame must last, and frames there must be, to tell a rate.
ROUNDED_SEC, TO_TELL = 0.001, 8
#: Periods of a rate between two frames from which on it is no rate of frames.
_TICKS_A_FRAME = 4
#: Rates that cameras and screen recorders count in, for files that leave frames out of them.
RATES = [
    Fraction(n, d)
    for n, d in ((24000, 1001), (24, 1), (25, 1), (30000, 1001), (30, 1), (50, 1), (60000, 1001), (60, 1))
]

#: Side data of a packet from which on the decoder needs another header.
NEW_HEADER = "new_extradata"


class FrameTable:
    """Frames in presentation order.

    Attributes: ``start_pts`` and ``end_pts``, float64[N] seconds on the file's clock between which each frame is shown (a
    frame stands until the next one); ``published_end_pts``, decord's times: frame ends from the first frame's start;
    ``start_time``, where the file's zero is on the container's own clock; ``first``, a decoded frame or None; ``fps`` frames a
    second on average; ``variable`` whether the frame rate varies; ``ticks``, int64[N] presentation stamps of the stream;
    ``keys``, int64 indices of the key frames; ``order``, int64[N] each frame's place in the file, None where packets do not
    tell which frame they hold; ``counted``, whether the stamps of decoded frames are wrong behind a key frame, where only
    counting tells.

    Raises MediaError: no_video, too_many_frames, too_long, broken_clock, undecodable.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        rate = source.stream.average_rate or source.stream.guessed_rate or Fraction(25)
        base = source.stream.time_base or Fraction(1, av.time_base)
        self._codec = source.stream.codec_context.name
        self.order: NDArray[np.int64] | None = None
        self._packed, self._changes = True, False
        # AVI knows the order of storing alone, which FFmpeg's H.264 and HEVC decoders then give as the order of showing.
        self.counted = source.container.format.name == "avi" and self._codec in {"h264", "hevc"}
        starts = Starts(source.stream, best_audio_stream(source.container))
        stamps = self._read(base, starts)
        self.first = starts.first
        self.ticks = np.array(sorted(stamps), dtype=np.int64)
        self._index = {int(tick): i for i, tick in enumerate(self.ticks)}
        self.keys = np.array([i for i, tick in enumerate(self.ticks) if stamps[int(tick)][1]], dtype=np.int64)
        if self._packed and not self.counted:
            place = {tick: number for number, tick in enumerate(stamps)}
            self.order = np.array([place[int(tick)] for tick in self.ticks], dtype=np.int64)
        starts.picture = int(self.ticks[0]) * base
        self.start_time = float(starts.zero())
        late = float(starts.picture - starts.zero())
        self._set_times(base, rate, np.array([stamps[int(tick)][0] for tick in self.ticks], dtype=np.int64), late)

    def __len__(self) -> int:
        return len(self.ticks)

    def index(self, tick: int) -> int | None:
        """The frame shown from that stamp on; None where no packet announced it."""
        return self._index.get(tick)

    def shown_by(self, packet: Packet) -> int | None:
        """The frame that a packet holds, in files whose packets carry stamps; None where it is not shown."""
        return self._index.get(packet.pts) if packet.pts is not None and self._shows(packet) else None

    def key_before(self, index: int) -> int:
        """The last key frame at or before a frame; the first frame where the container marks none."""
        at = int(np.searchsorted(self.keys, index, side="right")) - 1
        return int(self.keys[at]) if at >= 0 else 0

    def _read(self, base: Fraction, starts: Starts) -> dict[int, tuple[int, bool]]:
        """(duration in ticks, whether it is a key frame) by stamp; decodes only where the container stores no stamps."""
        source = self._source
        stamps: dict[int, tuple[int, bool]] = {}
        packets = chain(first_packets(source.container, starts), source.container.demux(source.stream))
        if not self._take(packets, stamps, base):
            source.reopen()
            stamps, self._packed = {}, False
            for frame in source.container.decode(source.stream):
                stamps[stamp(frame)] = (frame.duration or 0, frame.key_frame)
                self._check_count(len(stamps))
            source.reopen()
        elif starts.first is not None:
            # What a decoder cannot show is no frame: a recording may begin between two key frames.
            shown = stamp(starts.first)
            stamps = {tick: about for tick, about in stamps.items() if tick >= shown}
        if not stamps:
            raise MediaError("no_video", f"{source.name} has a video stream without a single frame")
        if (seconds := float((max(stamps) - min(stamps)) * base)) > source.limits.duration_sec:
            most = source.limits.duration_sec
            raise MediaError(
                "too_long", f"{source.name} shows frames over {seconds:.0f} s, above the limit of {most:.0f} s"
            )
        return stamps

    def _take(self, packets: Iterable[Packet], stamps: dict[int, tuple[int, bool]], base: Fraction) -> bool:
        """Enters the pictures among the packets; False where their stamps do not tell them apart."""
        source = self._source
        last: int | None = None
        for packet in packets:
            if packet.stream_index != source.stream.index or packet.size == 0:
                continue
            if packet.dts is not None:
                if last is not None and (last - packet.dts) * base > _BACKWARDS:
                    raise MediaError(
                        "broken_clock",
                        f"the time stamps of {source.name} jump back from {float(last * base):.1f} to "
                        f"{float(packet.dts * base):.1f} s, as in several recordings joined into one; give them one by "
                        "one, or re-encode the file",
                    )
                last = packet.dts
            if not self._shows(packet):
                continue
            if packet.pts is None or packet.pts in stamps:
                return False
            # A header that changes midway is met on the way from the start alone: not every demuxer gives it after a seek.
            self._changes |= bool(stamps) and packet.has_sidedata(NEW_HEADER)
            stamps[packet.pts] = (packet.duration or 0, packet.is_keyframe and not self._changes)
            self._check_count(len(stamps))
        return True

    def _shows(self, packet: Packet) -> bool:
        return bool(packet.size) and not packet.is_discard and not (self._codec == "vp8" and _is_hidden(packet))

    def _check_count(self, frames: int) -> None:
        """Headers may leave the number of frames out, or lie."""
        if frames > self._source.limits.frames:
            raise MediaError(
                "too_many_frames", f"{self._source.name} holds more than {self._source.limits.frames} frames"
            )

    def _set_times(self, base: Fraction, rate: Fraction, durations: NDArray[np.int64], late: float) -> None:
        """Fills start, end, fps and whether the rate varies; the first frame is ``late`` seconds after the file's zero."""
        ticks = self.ticks - self.ticks[0]
        steps = np.diff(ticks)
        beat = float(np.median(steps)) if len(steps) else float(1 / (rate * base))
        missed = np.abs(steps - beat)
        missed[missed <= np.maximum(1.0, _JITTER * beat)] = 0
        self.variable = bool(len(steps) and missed.sum() > _OFF_BEAT_SHARE * float(ticks[-1]))
        self.fps = float(rate)
        last = int(durations[-1]) or self._last_length() or round(beat)
        if np.abs(ticks - np.arange(len(ticks)) * float(1 / (rate * base))).max() <= 1.0:  # a constant rate
            edges = np.array([float(i / rate) for i in range(len(ticks) + 1)], dtype=np.float64)
            self.published_end_pts = edges[1:]
        else:
            lengths = np.where(durations > 0, durations, np.append(steps, round(beat)))
            self.published_end_pts = (ticks + lengths).astype(np.float64) * float(base)
            edges = self._edges(ticks, last, base, rate)
        # AVI and transport streams may give the rate of their clock, a hundred ticks a frame, in place of the frames'.
        if len(ticks) > TO_TELL and float(rate * base) * beat > _TICKS_A_FRAME:
            self.fps = len(ticks) / float(edges[-1])
        edges = edges + late
        self.start_pts, self.end_pts = edges[:-1], edges[1:]

    def _edges(self, ticks: NDArray[np.int64], last: int, base: Fraction, rate: Fraction) -> NDArray[np.float64]:
        """Seconds of frame starts and of the end, exact where they lie on a rate of which some frames are left out.

        Containers round times to ticks, those of Matroska and FLV (and what is copied out of them) to milliseconds. Unrolled, the
        same film has the same times in all of them, and a nominal time that falls on a frame's end meets it.
        """
        rounded = max(1.0, ROUNDED_SEC / float(base))  # ticks
        for candidate in {rate: 0, self._source.stream.guessed_rate or rate: 0, **dict.fromkeys(RATES, 0)}:
            period = float(1 / (candidate * base))  # in ticks
            slots = np.rint(ticks / period).astype(np.int64)
            tells = period >= TO_TELL * rounded and len(ticks) >= TO_TELL and bool((np.diff(slots) > 0).all())
            if tells and np.abs(ticks - slots * period).max() <= rounded:
                end = int(slots[-1]) + max(1, round(last / period))
                return np.array([float(int(slot) / candidate) for slot in (*slots, end)], dtype=np.float64)
        return np.append(ticks, ticks[-1] + last).astype(np.float64) * float(base)

    def _last_length(self) -> int:
        """Ticks for which the last frame is shown by the stream's own length; 0 where the file does not say."""
        length, first = self._source.stream.duration, self._source.stream.start_time
        # The stream starts before its first picture where a recording begins between two key frames.
        first = int(self.ticks[0]) if first is None else min(first, int(self.ticks[0]))
        return max(0, length - (int(self.ticks[-1]) - first)) if length else 0


def _is_hidden(packet: Packet) -> bool:
    """Whether a VP8 packet holds a reference frame that is never shown (bit 4 of its frame tag)."""
    return not bytes(packet)[0] >> 4 & 1
