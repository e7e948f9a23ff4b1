"""A dead endpoint is soon asked no more; one that is busy, or away for a moment, is waited for."""

import pytest

from livecc_assets.core.errors import UserError
from livecc_assets.models.chat_breaker import DEAD_LATER, OPENS_AT, REFUSALS, Breaker
from tests.waiting import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


def fail(breaker: Breaker, clock: Clock, times: int, seconds: float = 0.0, after: float = 0.0) -> None:
    for _ in range(times):
        breaker.enter()
        clock.now += seconds
        breaker.failed("HTTP 500", after)
        breaker.leave()


def test_an_endpoint_that_never_answered_is_dead_after_half_a_minute(clock: Clock) -> None:
    breaker = Breaker("http://judge", clock)
    fail(breaker, clock, 5, seconds=6.1)
    with pytest.raises(
        UserError, match=r"http://judge gave no answer for 30 s \(5 requests, none answered; .*HTTP 500\)"
    ):
        breaker.enter()


def test_a_few_failures_at_once_are_not_the_end(clock: Clock) -> None:
    breaker = Breaker("http://judge", clock)
    fail(breaker, clock, OPENS_AT - 1)
    clock.now += 29
    breaker.enter()
    breaker.answered()
    clock.now += 100
    fail(breaker, clock, OPENS_AT - 1)
    breaker.enter()


def test_one_that_answered_before_or_asks_for_patience_is_given_more_time(clock: Clock) -> None:
    for known in (True, False):
        breaker = Breaker("http://judge", clock)
        breaker.enter()
        if known:
            breaker.answered()
        fail(breaker, clock, OPENS_AT - 1, seconds=4, after=0 if known else 1)
        breaker.enter()  # a minute without an answer, and it is asked
        clock.now += DEAD_LATER
        breaker.failed("HTTP 503")
        with pytest.raises(UserError, match="gave no answer for"):
            breaker.enter()


def test_after_many_failures_one_request_at_a_time_tries_with_growing_pauses(clock: Clock, monkeypatch) -> None:
    breaker = Breaker("http://judge", clock)
    breaker.enter()
    breaker.answered()
    fail(breaker, clock, OPENS_AT)
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        clock.now += seconds

    monkeypatch.setattr(breaker._changed, "wait", wait)
    began = clock.now
    fail(breaker, clock, 4)
    assert clock.now - began == pytest.approx(1 + 2 + 4 + 8, abs=0.5)
    breaker.enter()
    breaker.answered()
    breaker.leave()
    waits.clear()
    fail(breaker, clock, 3)
    assert waits == [], "it is back, and everybody asks"


def test_an_endpoint_that_refuses_all_is_asked_no_more_and_one_that_refuses_some_is(clock: Clock) -> None:
    all_of, some = Breaker("http://judge", clock), Breaker("http://judge", clock)
    some.answered()
    for _ in range(REFUSALS):
        all_of.refused("HTTP 400: seed is unknown")
        some.refused("HTTP 400")
    some.enter()
    with pytest.raises(UserError, match=r"refuses every request .*seed is unknown"):
        all_of.enter()


def test_the_first_error_that_ended_it_holds(clock: Clock) -> None:
    breaker = Breaker("http://judge", clock)
    first = breaker.end(UserError("wrong key"))
    assert breaker.end(UserError("another")) is first
    with pytest.raises(UserError, match="wrong key"):
        breaker.enter()
