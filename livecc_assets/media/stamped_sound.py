"""Sound put where its time stamps say, for recognition and for films alike (method 2.8)."""

from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import NamedTuple

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.layout import AudioLayout
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from numpy.typing import NDArray

from livecc_assets.core.errors import MediaError
from livecc_assets.media.clock import best_audio_stream, file_zero
from livecc_assets.media.opening import DEFAULT_LIMITS, MediaLimits, decoding, open_media

#: Seconds decoded before a range, for the warm-up of codec and resampler.
_LEAD_IN = 1.0
#: Sound that misses its stamp by most of a packet, or by this many seconds, is put where the stamp says at once.
_JUMP_SHARE, _JUMP_SEC = 0.9, 0.05
#: A smaller miss counts when it lasts: a clock that drifts, not stamps that are rounded or tremble.
_DRIFT_SEC, _DRIFT_PACKETS = 0.005, 10
#: Seconds of sound behind a leap forward that are looked at before it is believed.
_SURE = 10.0

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class Form:
    """How samples are wanted: ``rate`` a second, resampled in the ``layout`` that is chosen for a frame, and each piece
    [N, channels] with its channels' names then ``made`` into one of the shape [N, *width]."""

    rate: int
    width: tuple[int, ...]
    layout: Callable[[AudioFrame], str | AudioLayout]
    made: Callable[[Samples, Sequence[str]], Samples]

    def silence(self, samples: int) -> Iterator[Samples]:
        """So many samples of nothing, a second at a time."""
        while samples > 0:
            piece = min(samples, self.rate)
            yield np.zeros((piece, *self.width), dtype=np.float32)
            samples -= piece


class StampedSound:
    """The sound of a file from ``start`` to ``end`` seconds (None: its end), each packet where its stamp says.

    What no sound is stamped for is silence. Passed over is a packet whose time has been heard already, and a leap forward
    from which the stamps come back soon. ``passed_over_s`` counts their seconds, and ``met`` tells whether there was any sound.
    """

    def __init__(
        self, uri: str, start: float, end: float | None, form: Form, limits: MediaLimits = DEFAULT_LIMITS
    ) -> None:
        self.met, self.passed_over_s = False, 0.0
        self._uri, self._start, self._end, self._form, self._limits = uri, start, end, form, limits
        self._name = uri.rsplit("/", 1)[-1]
        self._zero = file_zero(uri, limits)

    def pieces(self) -> Iterator[Samples]:
        """Samples from ``start`` on, one piece behind the other; they end where the sound does, or at ``end``.

        Raises MediaError: no_audio when there is no soundtrack, undecodable, too_long when sound is stamped beyond the
        limit, and what open_media raises.
        """
        length = None if self._end is None else round((self._end - self._start) * self._form.rate)
        given = 0
        for at, samples in self._placed() if length is None or length > 0 else ():
            if at > given:
                until = at if length is None else min(at, length)
                yield from self._form.silence(until - given)
                given = until
            fresh = samples[max(0, given - at) :]
            fresh = fresh if length is None else fresh[: length - given]
            given += len(fresh)
            if len(fresh):
                yield fresh
            if given == length:
                return

    def _placed(self) -> Iterator[tuple[int, Samples]]:
        """(Place in samples from ``start`` on, samples) in order; an empty piece behind the end says that sound goes on."""
        lead = self._start - _LEAD_IN
        if lead > 0:
            with closing(self._read(lead)) as found:
                first = next(found, None)
                if first is not None and first[0] <= 0:
                    yield first
                    yield from found
                    return
            # The demuxer came down too late, or found nothing: what it passed over is in the file all the same.
            self.met, self.passed_over_s = False, 0.0
        yield from self._read(None)

    def _read(self, seek: float | None) -> Generator[tuple[int, Samples]]:
        with open_media(self._uri, self._limits) as container, decoding(self._name):
            stream = best_audio_stream(container)
            if stream is None:
                raise MediaError("no_audio", f"{self._name} has no soundtrack")
            if seek is not None:
                container.seek(int((self._zero + seek) * av.time_base), backward=True)
            yield from self._runs(_Ahead(container, stream, self._zero), max(0.0, seek or 0.0))

    def _runs(self, ahead: "_Ahead", due: float) -> Iterator[tuple[int, Samples]]:
        run: _Run | None = None
        while (one := ahead.take()) is not None:
            self.met = True
            goes_on = run is not None and run.takes(one)
            if not goes_on and _is_false(one, run, due, ahead):
                self.passed_over_s += one.seconds
                continue
            if self._end is not None and one.at > self._end:
                break
            if one.at + one.seconds > self._limits.duration_sec:
                raise MediaError("too_long", f"the soundtrack runs to {one.at:.0f} s, above the limit")
            if run is None or not goes_on:
                yield from run.add(None) if run is not None else ()
                run = _Run(one, self._place(one.at), self._form)
            yield from run.add(one.frame)
        yield from run.add(None) if run is not None else ()
        if one is not None:
            yield self._place(one.at), np.zeros((0, *self._form.width), dtype=np.float32)

    def _place(self, second: float) -> int:
        return round((second - self._start) * self._form.rate)


class _Stamped(NamedTuple):
    """A decoded frame, where it starts on the file's clock, and how long it is."""

    at: float
    seconds: float
    frame: AudioFrame


class _Ahead:
    """Decoded frames in the file's order, some of which can be looked at before they are taken."""

    def __init__(self, container: InputContainer, stream: AudioStream, zero: float) -> None:
        self._frames = self._decoded(container, stream, zero)
        self._held: deque[_Stamped] = deque()

    def take(self) -> _Stamped | None:
        """The next one; None at the end."""
        return self._held.popleft() if self._held else next(self._frames, None)

    def look(self, seconds: float) -> Iterator[_Stamped]:
        """Those that come next, for so many seconds of sound."""
        index = 0
        while seconds > 0:
            if index == len(self._held):
                one = next(self._frames, None)
                if one is None:
                    return
                self._held.append(one)
            yield self._held[index]
            seconds -= self._held[index].seconds
            index += 1

    @staticmethod
    def _decoded(container: InputContainer, stream: AudioStream, zero: float) -> Iterator[_Stamped]:
        due = 0.0
        for frame in container.decode(stream):
            assert isinstance(frame, AudioFrame)
            if not frame.samples or not frame.sample_rate:
                continue
            at = due if frame.pts is None or frame.time_base is None else float(frame.pts * frame.time_base) - zero
            seconds = frame.samples / frame.sample_rate
            due = at + seconds
            yield _Stamped(at, seconds, frame)


def _is_false(one: _Stamped, run: "_Run | None", due: float, ahead: _Ahead) -> bool:
    """Whether a frame that does not go on where ``run`` ends (``due``: where sound is expected first) is passed over."""
    due, floor = (due, -np.inf) if run is None else (run.end, run.end - _JUMP_SEC)
    if one.at <= due + _DRIFT_SEC:
        return run is not None and one.at < due - _DRIFT_SEC and one.at + one.seconds <= due + _DRIFT_SEC
    # Stamps may leap forward for a hole, or be false: then what follows fills the hole that they would leave.
    agreeing, opposed = one.seconds, 0.0
    for later in ahead.look(_SURE):
        if floor <= later.at < one.at - _DRIFT_SEC:
            opposed += later.seconds
        elif not opposed:
            agreeing += later.seconds
        if agreeing > _SURE / 2:
            return False
    return opposed > agreeing


class _Run:
    """Sound without a break, resampled as one."""

    def __init__(self, first: _Stamped, at: int, form: Form) -> None:
        layout = form.layout(first.frame)
        self._start, self._at, self._form = first.at, at, form
        self._channels = [c.name for c in (AudioLayout(layout) if isinstance(layout, str) else layout).channels]
        self._source = _source(first.frame)
        # Not planar: PyAV 18 counts a plane too many in frames of eight channels, and reads past their end.
        self._resampler = AudioResampler(format="flt", layout=layout, rate=form.rate)
        self._taken, self._missing = 0, 0

    def takes(self, one: _Stamped) -> bool:
        """Whether a frame goes on where this run ends."""
        if _source(one.frame) != self._source:
            return False
        miss = abs(one.at - self.end)
        if miss >= min(_JUMP_SEC, max(_JUMP_SHARE * one.seconds, _DRIFT_SEC)):
            return False
        self._missing = self._missing + 1 if miss > _DRIFT_SEC else 0
        return self._missing < _DRIFT_PACKETS

    @property
    def end(self) -> float:
        """Seconds at which the next frame is due."""
        return self._start + self._taken / self._source[2]

    def add(self, frame: AudioFrame | None) -> Iterator[tuple[int, Samples]]:
        """Takes a frame, and gives what the resampler makes of it, in its place; None ends the run."""
        if frame is not None:
            self._taken += frame.samples
        for part in self._resampler.resample(frame):
            samples = np.asarray(part.to_ndarray(), dtype=np.float32).reshape(-1, len(self._channels))
            yield self._at, self._form.made(samples, self._channels)
            self._at += len(samples)


def _source(frame: AudioFrame) -> tuple[str, str, int]:
    return frame.format.name, frame.layout.name, frame.sample_rate
