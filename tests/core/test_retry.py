"""How often calls are made again, and what is waited for between them."""

import pytest

from livecc_assets.core import retry
from livecc_assets.core.http import TryAgainError, patient


class Flaky:
    """Fails with the next of ``errors`` as long as there are some."""

    def __init__(self, *errors: Exception) -> None:
        self.errors, self.calls = list(errors), 0

    def __call__(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"


def is_timeout(error: BaseException) -> bool:
    return isinstance(error, TimeoutError)


def test_an_outage_is_waited_for_with_growing_pauses(pauses: list[float]) -> None:
    heard: list[BaseException] = []
    first, second = TimeoutError("1"), TimeoutError("2")
    assert retry.retry_through_outage(Flaky(first, second), is_timeout, heard.append) == "done"
    assert pauses == list(retry.PAUSES[:2]) and heard == [first, second]


def test_the_last_error_is_raised_when_every_pause_was_in_vain(pauses: list[float]) -> None:
    call = Flaky(*(TimeoutError(str(number)) for number in range(9)))
    with pytest.raises(TimeoutError, match="4"):
        retry.retry_through_outage(call, is_timeout)
    assert (call.calls, pauses) == (5, list(retry.PAUSES))


def test_a_mistake_is_raised_at_once(pauses: list[float]) -> None:
    call = Flaky(ValueError("mistake"))
    with pytest.raises(ValueError, match="mistake"):
        retry.retry_through_outage(call, is_timeout)
    assert (call.calls, pauses) == (1, [])


def test_a_reply_that_cannot_be_read_is_asked_for_again_without_a_pause(pauses: list[float]) -> None:
    assert retry.ask_again(Flaky(ValueError("a"), ValueError("b")), 3, ValueError) == "done"
    with pytest.raises(ValueError, match="c"):
        retry.ask_again(Flaky(ValueError("a"), ValueError("b"), ValueError("c")), 3, ValueError)
    assert set(pauses) <= {0}


def test_what_stays_full_is_returned_after_the_last_try(pauses: list[float]) -> None:
    left = [[1, 2], [1], []]
    assert retry.until_empty(lambda: left.pop(0), 3) == []
    assert retry.until_empty(lambda: [1], 3) == [1]


def test_http_pauses_double_up_to_a_bound_and_a_server_may_ask_for_longer_ones(pauses: list[float]) -> None:
    call = Flaky(*(TryAgainError("busy", after) for after in (0.0, 30.0, 0.0, 0.0, 0.0, 0.0, 0.0)))
    assert patient(call, 9, 1.0) == "done"
    assert [round(pause - 0.125) for pause in pauses] == [1, 30, 4, 8, 16, 32, 60]


def test_no_http_try_begins_after_the_time_for_all_of_them(pauses: list[float]) -> None:
    call = Flaky(TryAgainError("busy", 30.0), TryAgainError("busy", 30.0))
    with pytest.raises(TryAgainError):
        patient(call, 9, 1.0, within=20.0)
    assert (call.calls, pauses) == (1, [])
