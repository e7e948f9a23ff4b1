"""When an endpoint is asked no more: dead ones, ones that refuse everything, and what a person has to mend first."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from livecc_assets.core.errors import UserError
from livecc_assets.core.text import brief

#: Failures in a row after which one request at a time tries whether the endpoint is back.
OPENS_AT = 16
#: The same after which an endpoint that never answered may be called dead.
DEAD_AT = 5
#: Seconds without an answer after which it is: from the start on, and once it has answered or asked for patience.
DEAD_FROM_START, DEAD_LATER = 30.0, 120.0
#: Refusals after which an endpoint that answered nothing else is taken to refuse everything.
REFUSALS = 20
KEPT = "what came is kept: run this again then"


class Breaker:
    """What all requests to one endpoint know of it together; safe to use from many threads.

    A request calls :meth:`enter` before each try, then one of ``answered``, ``failed`` and ``refused``, and ``leave``. While the
    endpoint is away all wait but one, whose pauses double. Nothing is asked after the end: ``enter`` raises its error.
    """

    def __init__(self, address: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._address, self._clock = address, clock
        self._changed = threading.Condition()
        self._ended: UserError | None = None
        self._row, self._tries, self._refusals = 0, 0, 0
        self._answers, self._spoke, self._takes_some = 0, False, False
        self._alive: float | None = None  # when it last answered, or was first asked
        self._probe_at, self._pause, self._prober = 0.0, 1.0, 0

    def enter(self) -> None:
        """Return when a request may be sent. Raises the UserError that ended it."""
        with self._changed:
            while True:
                if self._ended:
                    raise self._ended
                now = self._clock()
                if self._row < OPENS_AT:
                    break
                if not self._prober and now >= self._probe_at:
                    self._prober = threading.get_ident()
                    break
                self._changed.wait(max(0.05, min(1.0, self._probe_at - now)))
            self._tries += 1
            if self._alive is None:
                self._alive = self._clock()

    def answered(self) -> None:
        """The endpoint gave a reply."""
        with self._changed:
            self._answers += 1
            self._recovered()

    def remembered(self) -> None:
        """A reply of an earlier run was served: the endpoint takes requests of this form, whatever it refuses now."""
        self._takes_some = True

    @property
    def takes_some(self) -> bool:
        """Whether the endpoint has answered a request of this form, in this run or an earlier one."""
        return self._takes_some or self._answers > 0

    def refused(self, problem: str) -> None:
        """It refused this request (400, 413, 422) and may take others."""
        with self._changed:
            self._refusals += 1
            self._recovered()
            if not self._takes_some and not self._answers and self._refusals >= REFUSALS:
                why = f"{self._address} refuses every request ({brief(problem)})"
                self._end(UserError(f"{why}: mend what it names, in the settings or at the endpoint; {KEPT}"))

    def failed(self, problem: str, after: float = 0.0) -> None:
        """It was busy, broken or away. ``after``: seconds that it asks for, which are waited."""
        with self._changed:
            now = self._clock()
            self._row += 1
            self._spoke |= after > 0
            known = bool(self._answers or self._spoke)
            if self._row >= OPENS_AT:
                self._probe_at = now + max(self._pause, after)
                self._pause = min(2 * self._pause, 30.0 if known else 6.0)
            silent = now - (now if self._alive is None else self._alive)
            if self._row >= (OPENS_AT if known else DEAD_AT) and silent >= (DEAD_LATER if known else DEAD_FROM_START):
                tried = f"{self._tries} requests, none answered" if not self._answers else "it answered before"
                why = f"{self._address} gave no answer for {silent:.0f} s ({tried}; the last problem was {brief(problem)})"
                self._end(UserError(f"{why}: see that it runs and that base_url is right; {KEPT}"))
            self._changed.notify_all()

    def leave(self) -> None:
        """The try is over, whatever became of it: another one may see whether the endpoint is back."""
        with self._changed:
            if self._prober == threading.get_ident():
                self._prober = 0
                self._changed.notify_all()

    def end(self, error: UserError) -> UserError:
        """Let no further request be sent, because of ``error``; the error that holds, the first one's."""
        with self._changed:
            return self._end(error)

    def _end(self, error: UserError) -> UserError:
        self._ended = self._ended or error
        self._changed.notify_all()
        return self._ended

    def _recovered(self) -> None:
        self._row, self._pause, self._prober, self._alive = 0, 1.0, 0, self._clock()
        self._changed.notify_all()
