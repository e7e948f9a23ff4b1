"""The end of interest in a live source, told from another thread to all who wait for it."""

import threading
from collections.abc import Callable


class Stop(threading.Event):
    """Set when nobody wants a source any more. Who waits for something else meanwhile says what frees it."""

    def __init__(self) -> None:
        super().__init__()
        self._frees: list[Callable[[], None]] = []
        self._lock = threading.Lock()

    def set(self) -> None:
        """Nobody wants the source any more; who waits is freed."""
        super().set()
        with self._lock:
            frees = list(self._frees)
        for free in frees:
            free()

    def frees_by(self, free: Callable[[], None]) -> None:
        """Call ``free`` when the stop comes; at once where it has come. It may be called more than once."""
        with self._lock:
            self._frees.append(free)
        if self.is_set():
            free()

    def forget(self, free: Callable[[], None]) -> None:
        """Call ``free`` no more."""
        with self._lock:
            self._frees = [one for one in self._frees if one != free]
