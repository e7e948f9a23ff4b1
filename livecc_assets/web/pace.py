"""How fast a viewer is served, whatever the page says about its playback (docs/threat-model.md)."""

import threading
import time
from collections.abc import Callable

#: Seconds of video a second at which a browser's own player plays at most.
FASTEST = 2.0
#: Seconds of video that may come at once: the first block and a step ahead.
STEP = 6.0
#: Seconds by which a camera's picture may lie ahead of the server's clock, and for which a slow line may hold pictures up.
SLACK, HELD_UP = 1.0, 10.0
#: Questions that may come at once, and how many a second in the long run.
_QUESTIONS, _QUESTIONS_A_SECOND = 8, 0.2
#: Whole videos that may be looked at one after the other, and how many a second in the long run.
_LOOKS, _LOOKS_A_SECOND = 3, 1 / 20


class Pace:
    """A bucket that holds up to ``burst`` and fills at ``rate`` a second; what is taken is paid from it.

    It is full at first. ``clock`` gives seconds. All methods may be called from any thread.
    """

    def __init__(self, rate: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._burst, self._clock = rate, burst, clock
        self._left, self._looked, self._lock = burst, clock(), threading.Lock()

    def owe(self, amount: float) -> float:
        """Take ``amount``, on credit where it is not there; the seconds after which it is paid."""
        with self._lock:
            self._fill()
            self._left -= amount
            return max(0.0, -self._left / self._rate)

    def take(self, amount: float) -> bool:
        """Take ``amount`` if it is there; otherwise nothing is taken."""
        with self._lock:
            self._fill()
            there = self._left >= amount
            self._left -= amount if there else 0.0
            return there

    def _fill(self) -> None:
        now = self._clock()
        self._left = min(self._burst, self._left + (now - self._looked) * self._rate)
        self._looked = now


def video_pace() -> Pace:
    """Of all blocks that a viewer is shown, however often playback begins anew."""
    return Pace(FASTEST, STEP)


def question_pace() -> Pace:
    """Of a viewer's questions."""
    return Pace(_QUESTIONS_A_SECOND, _QUESTIONS)


def look_pace() -> Pace:
    """Of the whole videos that a viewer has looked at."""
    return Pace(_LOOKS_A_SECOND, _LOOKS)


class CameraPace:
    """Which pictures of one camera are looked at: those whose times go with the clock since it was started.

    A page sends twice ``fps`` a second, and gets room for twice as many. What comes in more quickly than the seconds pass, or
    from ahead of them, is left out: a page decides neither how much is decoded nor how many seconds the model sees.
    """

    def __init__(self, fps: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._begun, self._last = clock, clock(), 0.0
        self._pictures, self._seconds = Pace(4 * fps, 2 * fps * HELD_UP, clock), Pace(FASTEST, HELD_UP, clock)

    @property
    def passed(self) -> float:
        """Seconds since the camera was started."""
        return self._clock() - self._begun

    def follows(self, at: float) -> bool:
        """Whether a picture of second ``at`` may be looked at now. After a long pause the seconds between count as a hole
        (method 3.9), and no model sees them."""
        if not self._pictures.take(1.0) or at > self.passed + SLACK:
            return False
        if not self._seconds.take(min(max(0.0, at - self._last), HELD_UP)):
            return False
        self._last = max(at, self._last)
        return True
