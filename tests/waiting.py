"""Waiting in tests: a question asked until it is answered with yes, and a failure that says for what."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(ask: Callable[[], T], seconds: float, what: str | Callable[[], str], every: float = 0.05) -> T:
    """The first true answer of ``ask``. AssertionError after ``seconds``, with ``what`` did not happen (or its result)."""
    deadline = time.monotonic() + seconds
    while not (answer := ask()):
        assert time.monotonic() < deadline, what if isinstance(what, str) else what()
        time.sleep(every)
    return answer


class Clock:
    """Seconds that pass when a test says so."""

    now = 100.0

    def __call__(self) -> float:
        return self.now
