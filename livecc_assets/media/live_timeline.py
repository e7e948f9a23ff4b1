"""Where the pictures of a live source lie in time, across breaks, holes and stamps that run back (method 3.8)."""

import time
from typing import NamedTuple

from av.video.frame import VideoFrame

from livecc_assets.core.errors import MediaError
from livecc_assets.media.live_address import Address, LiveReport
from livecc_assets.media.live_clock import Unrolled
from livecc_assets.media.opening import MediaLimits

#: Seconds for which a picture of a recording may stand, and one of a source in real time; a longer jump of the stamps is a
#: hole. Where packets were damaged or the source was away, a shorter one is.
_STILL, _STILL_LIVE, _STILL_DAMAGED = 240.0, 10.0, 1.5
#: Seconds by which stamps may run back as strays; by more, another recording begins.
_STRAY = 1.0
#: Stray frames one after the other after which the clock counts as broken.
_MOST_STRAY = 2000
#: Seconds by which stamps after a break may differ from the time that passed and still count as the same clock.
_SAME_CLOCK = 3.0
#: Seconds that the picture before a hole is taken to have been shown, at most.
_KNOWN = 1.0


class Placed(NamedTuple):
    """From when a picture is shown, whether it comes after a hole, and until when the one before is known to be shown."""

    start_s: float
    hole: bool
    known_s: float


class Timeline:
    """Gives each picture its second on one clock that never runs back. Attribute ``frames``: how many were placed.

    ``served_again``: the source begins anew with the very bytes of its first start.
    """

    def __init__(self, address: Address, clock: Unrolled, late: float, limits: MediaLimits, report: LiveReport) -> None:
        self._address, self._limits, self._report = address, limits, report
        self._clock, self._late, self._offset = clock, late, late
        self._start, self._length, self._said_length = late, 0, 0  # the last picture: its second, ticks that it lasts
        self._stamp, self._arrived, self._faults = 0.0, 0.0, 0  # its seconds on the source's own clock
        self._strays, self._away = 0, False
        self.frames, self.served_again = 0, False

    def reopened(self, clock: Unrolled, served_again: bool) -> None:
        """Goes on with another opening of the source, whose stamps may mean something else."""
        self._clock, self._away, self.served_again, self._faults = clock, True, served_again, 0

    def place(self, stamp: int, picture: VideoFrame, faults: int) -> Placed | None:
        """The place of the next picture; None for one that is left out. ``faults`` counts the damaged packets so far.

        Raises MediaError: broken_clock, too_long, too_many_frames.
        """
        now = time.monotonic()
        if self._away:
            self._offset = self._after_break(self._clock.seconds(stamp), now)
        elif self.frames and not self._follows(self._clock.seconds(stamp), now):
            return None
        start = self._offset + self._clock.start(self._clock.since_first(stamp))
        returned, self._away, self._stamp = self._away, False, self._clock.seconds(stamp)
        if self.frames and start <= self._start:
            return None  # served again: it was shown before the break
        known = self._start + min(_KNOWN, max(self._clock.beat, self._clock.seconds(self._length)))
        placed = Placed(start, self._is_hole(start, returned or faults > self._faults), known)
        if placed.hole:
            self._report.gaps += 1
            self._report.gap_s += start - known
            self._report.tell(f"{self._address.name}: nothing between {known:.1f} and {start:.1f} s")
        self._start, self._arrived, self._faults = start, now, faults
        self._length = picture.duration or round(self._clock.beat / self._clock.seconds(1))
        self._said_length = picture.duration or 0
        self.frames += 1
        self._check(start)
        return placed

    def end(self, by_stream: int) -> float:
        """The second at which the last picture ends; ``by_stream`` is its length in ticks where only the stream tells."""
        if not self.frames:
            return self._late
        ticks = self._said_length or by_stream or self._length
        return max(self._start, self._offset + self._clock.end(ticks))

    def _follows(self, stamp: float, now: float) -> bool:
        """Whether a picture is to be shown; its clock is moved where its stamp cannot be meant."""
        jump = stamp - self._stamp
        if -_STRAY <= jump <= 0:
            self._strays += 1
            self._report.disordered += 1
            if self._strays > _MOST_STRAY:
                raise MediaError("broken_clock", f"the clock of {self._address.name} stands still")
            return False
        self._strays = 0
        passed = now - self._arrived
        if jump < 0:
            self._report.tell(f"{self._address.name}: its stamps run back by {-jump:.1f} s; its time goes on")
            self._report.gaps += 1
            self._move(self.end(0) if not self._address.real_time else self._start + passed)
        elif self._address.real_time and jump > _STILL_LIVE + passed:
            self._report.tell(f"{self._address.name}: its stamps jump by {jump:.1f} s; its time goes on")
            self._move(self._start + max(passed, self._clock.beat))
        return True

    def _move(self, start: float) -> None:
        """Lets the next picture start at that second."""
        self._clock, self._offset = self._clock.anew(), start

    def _after_break(self, stamp: float, now: float) -> float:
        """Where the clock of a new opening starts: by the stamps where they went on with the time, else by the time."""
        if self.served_again:
            return self._late
        jump, passed = stamp - self._stamp, now - self._arrived
        if jump > 0 and abs(jump - passed) <= _SAME_CLOCK:
            return self._start + jump
        return self._start + max(passed, self._clock.beat)

    def _is_hole(self, start: float, damaged: bool) -> bool:
        if not self.frames:
            return False
        still = _STILL_LIVE if self._address.real_time else _STILL
        return start - self._start > (_STILL_DAMAGED if damaged else still)

    def _check(self, start: float) -> None:
        if start > self._limits.duration_sec:
            most = self._limits.duration_sec
            raise MediaError("too_long", f"{self._address.name} goes on beyond {most:.0f} s, the limit")
        if self.frames > self._limits.frames:
            raise MediaError("too_many_frames", f"{self._address.name} holds more than {self._limits.frames} frames")
