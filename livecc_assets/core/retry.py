"""When a call is made again: the policies that stores, workers and HTTP clients share, as ``tenacity`` runs them."""

from collections.abc import Callable
from typing import TypeVar

import tenacity

T = TypeVar("T")

#: Seconds before each further try of a call that should outlast an outage. A client's own tries, a few seconds in all, come
#: before each. A server that is away for a minute costs no work.
PAUSES = (1.0, 5.0, 20.0, 60.0)


def retry_through_outage(
    call: Callable[[], T],
    retryable: Callable[[BaseException], bool],
    before_pause: Callable[[BaseException], None] | None = None,
) -> T:
    """What ``call`` returns; called again after each of :data:`PAUSES` while its errors are ``retryable``.

    ``before_pause`` hears each error that is waited for. Raises the last error.
    """

    def told(state: tenacity.RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        if before_pause and error is not None:
            before_pause(error)

    policy = tenacity.Retrying(
        retry=tenacity.retry_if_exception(retryable),
        wait=tenacity.wait_chain(*map(tenacity.wait_fixed, PAUSES)) if PAUSES else tenacity.wait_none(),
        stop=tenacity.stop_after_attempt(len(PAUSES) + 1),
        before_sleep=told,
        reraise=True,
    )
    return policy(call)


def ask_again(call: Callable[[], T], tries: int, on: type[Exception]) -> T:
    """What ``call`` returns; made again at once where it raises ``on``, ``tries`` times in all. Raises the last error."""
    policy = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(on), stop=tenacity.stop_after_attempt(tries), reraise=True
    )
    return policy(call)


def until_empty(call: Callable[[], list[T]], tries: int) -> list[T]:
    """What ``call`` returns; made again at once while it returns something, ``tries`` times in all."""
    policy = tenacity.Retrying(
        retry=tenacity.retry_if_result(bool),
        stop=tenacity.stop_after_attempt(tries),
        retry_error_callback=lambda state: state.outcome.result() if state.outcome else [],
        reraise=True,
    )
    return policy(call)
