"""Pauses between tries to open a source again: doubling, with an end."""

import threading
import time

from livecc_assets.media.live_address import Waits


class Backoff:
    """Counts one outage. A source that delivers again calls for a new one."""

    def __init__(self, waits: Waits, stop: threading.Event) -> None:
        self._waits, self._stop = waits, stop
        self._next, self._since = waits.first_pause, time.monotonic()

    def pause(self) -> float | None:
        """Waits and says for how long; None when the outage has lasted for too long or nobody wants the source any more."""
        if time.monotonic() + self._next - self._since > self._waits.outage:
            return None
        pause, self._next = self._next, min(2 * self._next, self._waits.longest_pause)
        return None if self._stop.wait(pause) else pause
