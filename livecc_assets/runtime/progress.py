"""One progress line for everything that takes longer than two seconds."""

import sys
import time
from collections.abc import Callable

from livecc_assets.core.text import printable

#: Seconds between two lines on a terminal and between two lines in a log.
TERMINAL_EVERY, LOG_EVERY = 0.5, 5.0


class Progress:
    """Rate-limited reports of how far a step is: live on a terminal, sparse in logs and in the Dagster run page.

    ``log`` receives a line at most every five seconds and one at the end; nothing at all is said of steps that
    end within two seconds.
    """

    def __init__(self, name: str, log: Callable[[str], None] | None = None, quiet_for: float = 2.0) -> None:
        self.name, self._log = name, log
        self._started = time.monotonic()
        self._shown = self._logged = self._began = self._started
        self._quiet_for, self._on_line = quiet_for, False
        self._tty = sys.stderr.isatty()
        self._served = 0

    def resume(self, served: int, total: int) -> None:
        """Say that so many are served from an earlier attempt; how long the rest takes is told by the others."""
        self._served = served
        line = printable(f"{self.name}: {served} of {total} served from an earlier attempt")
        if self._log:
            self._log(line)
        else:
            print(line, file=sys.stderr, flush=True)

    def __call__(self, done: int, total: int | None = None, message: str = "", **metrics: float) -> None:
        now = time.monotonic()
        if done == 0:
            self._began = now  # what went before, such as loading a model, says nothing of how long the rest takes
        last = total is not None and done >= total
        if now - self._started < self._quiet_for:
            return
        line = self._line(done, total, message, metrics, now)
        if self._tty and (last or now - self._shown >= TERMINAL_EVERY):
            sys.stderr.write(f"\r\x1b[K{line}")
            sys.stderr.flush()
            self._shown, self._on_line = now, True
        if last or now - self._logged >= LOG_EVERY:
            if not self._tty:
                print(line, file=sys.stderr, flush=True)
            if self._log:
                self._log(line)
            self._logged = now

    def _line(self, done: int, total: int | None, message: str, metrics: dict[str, float], now: float) -> str:
        share = f"{done}/{total}" if total else str(done)
        own = done - self._served
        elapsed, rest = now - self._started, now - self._began
        left = f", {rest * (total - done) / own:.0f} s left" if total and own > 0 and done < total else ""
        numbers = "".join(f" {name}={value:.4g}" for name, value in metrics.items())
        return printable(f"{self.name}: {share}{numbers} {message} ({elapsed:.0f} s{left})".replace("  ", " "))

    def close(self) -> None:
        """Leave the terminal on a fresh line."""
        if self._on_line:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self._on_line = False
