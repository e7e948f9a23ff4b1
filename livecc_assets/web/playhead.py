"""Where a viewer's playback is: what the player tells, carried on by the clock in between."""

import threading
import time
from collections.abc import Callable


class Playhead:
    """Seconds of the video that the viewer sees now, by the page's account: what it costs is the pace's (``web/pace.py``).

    It stands until :meth:`tell` says that it plays.
    ``clock`` gives seconds. All methods may be called from any thread.
    """

    def __init__(self, at: float = 0.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._changed = clock, threading.Condition()
        self._at, self._told, self._rate, self._stopped = at, clock(), 0.0, False

    def tell(self, at: float, playing: bool, rate: float = 1.0) -> None:
        """Playback is at second ``at`` and goes on at ``rate`` seconds a second, or stands."""
        with self._changed:
            self._at, self._told, self._rate = at, self._clock(), rate if playing else 0.0
            self._changed.notify_all()

    @property
    def position(self) -> float:
        """Second of the video."""
        return self._at + (self._clock() - self._told) * self._rate

    def wait(self, until: float) -> bool:
        """Returns when the viewer has seen everything up to second ``until``; False when there is nobody to wait for."""
        with self._changed:
            while not self._stopped and (left := until - self.position) > 0:
                self._changed.wait(left / self._rate if self._rate else None)
            return not self._stopped

    def stop(self) -> None:
        """End every wait, now and later."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
