"""A live source as pictures with times: opened again when it breaks off, with holes told apart from still pictures."""

from collections.abc import Iterator
from typing import NamedTuple

import av.error
from av.video.frame import VideoFrame

from livecc_assets.core.errors import MediaError
from livecc_assets.media.live_address import Address, LiveReport, Waits
from livecc_assets.media.live_backoff import Backoff
from livecc_assets.media.live_bytes import BrokenOffError, StoppedError
from livecc_assets.media.live_opening import Opened, open_live
from livecc_assets.media.live_reading import Reading
from livecc_assets.media.live_stop import Stop
from livecc_assets.media.live_timeline import Timeline
from livecc_assets.media.opening import DEFAULT_LIMITS, MediaLimits

#: Reasons of MediaError that may pass when a source that has delivered is opened again.
_PASSING = {"timed_out", "unreachable", "undecodable", "empty_file", "not_media", "http"}
#: Seconds by which a source may end before the end that it announced.
_NEARLY = 2.0


class Shown(NamedTuple):
    """A picture and the second from which it is shown; ``hole``: nothing is known from ``known_s`` until then.

    ``picture`` is None at the end of the stream, where ``start_s`` is the end.
    """

    start_s: float
    picture: VideoFrame | None
    hole: bool
    known_s: float


class LiveSource:
    """Pictures of a source, from its first to its end (method 3.8).

    Attributes from the first picture on: ``late``, seconds from the source's zero to it; ``width``, ``height`` as displayed.
    """

    def __init__(
        self,
        address: Address,
        limits: MediaLimits = DEFAULT_LIMITS,
        waits: Waits | None = None,
        report: LiveReport | None = None,
        stop: Stop | None = None,
    ) -> None:
        self.address, self._limits, self._waits = address, limits, waits or Waits()
        self._report = report or LiveReport()
        self._stop = stop or Stop()
        self._opened: Opened | None = None
        self._broken = ""
        self.late, self.width, self.height = 0.0, 0, 0

    def interrupt(self) -> None:
        """Ends the reading from another thread, as soon as can be. Whoever gave the ``stop`` may set that."""
        self._stop.set()

    def shown(self) -> Iterator[Shown]:
        """The pictures, and last the end.

        Raises MediaError: what opening raises; timed_out, gone, too_long, too_many_frames, broken_clock.
        """
        try:
            reading = self._open()
            self.late = reading.late
            timeline = Timeline(self.address, reading.clock, self.late, self._limits, self._report)
            backoff = Backoff(self._waits, self._stop)
            try:
                while True:
                    before = timeline.frames
                    yield from self._read(reading, timeline)
                    if self._ended(reading, timeline, timeline.frames > before):
                        break
                    if timeline.frames > before:
                        backoff = Backoff(self._waits, self._stop)
                    reading = self._reopen(timeline, backoff)
            except MediaError:
                # What was shown last is said before the fault is.
                yield Shown(timeline.end(0), None, False, timeline.end(0))
                raise
            end = timeline.end(reading.last_length())
            self._tell_early_end(reading, end)
            yield Shown(end, None, False, end)
        except StoppedError:
            return
        finally:
            self._close()

    def look(self) -> float | None:
        """Seconds that the source announces; opens it, finds its first picture and closes it."""
        try:
            return self._open().announced()
        finally:
            self._close()

    def _open(self) -> Reading:
        try:
            self._opened = open_live(self.address, self._limits, self._waits, self._stop, self._report)
            real_time = self.address.real_time
            unwanted = self._stop.is_set
            reading = Reading(
                self.address.name, self._opened, real_time, self._limits, self._report, self._waits.reading, unwanted
            )
        except (av.error.FFmpegError, BrokenOffError) as error:
            self._close()
            text = getattr(error, "strerror", None) or str(error)
            silent = isinstance(error, av.error.ExitError)
            detail = f"no answer for {self._waits.opening:g} s" if silent else text
            raise MediaError("unreachable", f"{self.address.name} cannot be opened: {detail}") from error
        except BaseException:
            self._close()
            raise
        self.width, self.height = reading.width, reading.height
        return reading

    def _close(self) -> None:
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def _read(self, reading: Reading, timeline: Timeline) -> Iterator[Shown]:
        """The pictures of one opening; ``_broken`` says why it ended, empty for no reason."""
        opened, self._broken = self._opened, ""
        assert opened is not None
        try:
            for stamp, picture in reading.pictures():
                placed = timeline.place(stamp, picture, reading.faults)
                opened.pictured()
                if placed is not None:
                    yield Shown(placed.start_s, picture, placed.hole, placed.known_s)
        except BrokenOffError as error:
            self._broken = str(error)
        except MediaError as error:
            if error.reason != "timed_out" or not self.address.real_time:
                raise
            self._broken = f"silent for {self._waits.reading:g} s"

    def _ended(self, reading: Reading, timeline: Timeline, anything: bool) -> bool:
        """Whether the source came to its end, as far as it can be told."""
        assert self._opened is not None
        if self._stop.is_set():
            raise StoppedError
        if timeline.served_again and not anything:
            return True
        if self._broken:
            return False
        if self._opened.ended:
            return True
        announced = reading.announced()
        return announced is not None and timeline.end(0) >= announced - _NEARLY

    def _reopen(self, timeline: Timeline, backoff: Backoff) -> Reading:
        """The source again. Raises MediaError("gone")."""
        assert self._opened is not None
        name, head, at = self.address.name, self._opened.head, timeline.end(0)
        self._close()
        problem = self._broken or "it ended"
        self._report.tell(f"{name} broke off at {at:.1f} s ({problem}); it is opened again")
        while backoff.pause() is not None:
            try:
                reading = self._open()
            except MediaError as error:
                if error.reason not in _PASSING:
                    raise
                problem = error.detail
                continue
            assert self._opened is not None
            self._report.reopened += 1
            timeline.reopened(reading.clock, bool(head) and head == self._opened.head)
            return reading
        if self._stop.is_set():
            raise StoppedError
        raise MediaError("gone", f"{name} broke off at {at:.1f} s and did not come back: {problem}")

    def _tell_early_end(self, reading: Reading, end: float) -> None:
        announced = reading.pictures_announced()
        if announced is not None and end - self.late < announced - _NEARLY:
            self._report.tell(f"{self.address.name} ends at {end:.1f} s, although it announces {announced:.1f} s")


def announced_seconds(address: Address) -> float | None:
    """Seconds that a file says it lasts, after a look at its first picture; None where it does not say.

    Raises what the first picture of :meth:`LiveSource.shown` raises.
    """
    source = LiveSource(address)
    return source.look()
