"""How launchers wait: a question asked until its answer is yes, a call repeated while its service is away (tenacity)."""

import time
from collections.abc import Callable
from typing import TypeVar

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    retry_if_not_result,
    stop_after_delay,
    wait_exponential,
    wait_fixed,
)

from livecc_assets.core.redaction import redact

T = TypeVar("T")
#: Seconds between two calls to a service that is away, at most.
LONGEST_PAUSE = 10.0
#: Seconds between two lines that say so.
TELL_EVERY = 60.0


def until(ask: Callable[[], T], seconds: float, every: float = 1.0) -> T:
    """The first true answer of ``ask``, or its last one where ``seconds`` did not bring one."""
    retrying = Retrying(
        retry=retry_if_not_result(bool),
        stop=stop_after_delay(seconds),
        wait=wait_fixed(every),
        retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
    )
    return retrying(ask)


def patiently(
    call: Callable[[], T], is_passing: Callable[[Exception], bool], seconds: float, tell: Callable[[Exception], None]
) -> T:
    """What ``call`` returns. Its passing errors are waited out for ``seconds``; ``tell`` hears of them once a minute."""
    told: list[float] = []

    def before_sleep(state: RetryCallState) -> None:
        error, now = state.outcome.exception() if state.outcome else None, time.monotonic()
        if isinstance(error, Exception) and (not told or now - told[-1] > TELL_EVERY):
            told.append(now)
            tell(error)

    retrying = Retrying(
        retry=retry_if_exception(lambda error: isinstance(error, Exception) and is_passing(error)),
        stop=stop_after_delay(seconds),
        wait=wait_exponential(max=LONGEST_PAUSE),
        before_sleep=before_sleep,
        reraise=True,
    )
    return retrying(call)


def no_answer(place: str, error: Exception) -> str:
    """The line that says that a service is away."""
    why = redact(str(error))[:300]
    return f"{place}: no answer ({type(error).__name__}: {why}); asked again until there is one"
