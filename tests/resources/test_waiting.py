"""How launchers wait for what takes time, and for a service that is away."""

import time
from itertools import pairwise

import pytest

from resources.launchers import waiting
from resources.launchers.waiting import no_answer, patiently, until


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses, on a clock that only they move."""
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    monkeypatch.setattr(time, "monotonic", lambda: 1000.0 + sum(pauses))
    return pauses


class AwayError(Exception):
    pass


def failing(times: int, error: Exception | None = None):
    left = [times]

    def call() -> str:
        left[0] -= 1
        if left[0] >= 0:
            raise error or AwayError("nobody home")
        return "here"

    return call


def is_away(error: Exception) -> bool:
    return isinstance(error, AwayError)


def test_a_passing_error_is_waited_out_with_growing_pauses(slept: list[float]) -> None:
    assert patiently(failing(6), is_away, 600, lambda error: None) == "here"
    assert slept == [1, 2, 4, 8, 10, 10]


def test_another_error_is_raised_at_once(slept: list[float]) -> None:
    with pytest.raises(ValueError, match="wrong"):
        patiently(failing(1, ValueError("wrong")), is_away, 600, lambda error: None)
    assert slept == []


def test_patience_ends_with_the_services_own_error(slept: list[float]) -> None:
    with pytest.raises(AwayError, match="nobody home"):
        patiently(failing(10**6), is_away, 60, lambda error: None)
    assert 60 <= sum(slept) < 60 + waiting.LONGEST_PAUSE


def test_the_reader_hears_of_it_at_once_and_then_once_a_minute(slept: list[float]) -> None:
    told: list[float] = []
    patiently(failing(20), is_away, 600, lambda error: told.append(sum(slept)))
    assert told[0] == 0 and len(told) == 3
    assert all(60 < later - sooner <= 75 for sooner, later in pairwise(told))


@pytest.mark.parametrize("end", [KeyboardInterrupt, SystemExit])
def test_the_end_of_the_process_is_never_waited_out(end: type[BaseException], slept: list[float]) -> None:
    def call() -> None:
        raise end

    with pytest.raises(end):
        patiently(call, lambda error: True, 600, lambda error: None)
    assert slept == []


def test_a_question_is_asked_until_it_is_answered(slept: list[float]) -> None:
    answers = iter(["", "", "yes"])
    assert until(lambda: next(answers), 10) == "yes"
    assert slept == [1, 1]


def test_a_question_that_nobody_answers_ends_with_the_last_no(slept: list[float]) -> None:
    assert until(lambda: "", 5) == ""
    assert sum(slept) == 5


def test_an_error_ends_the_wait(slept: list[float]) -> None:
    with pytest.raises(AwayError):
        until(failing(1), 5)
    assert slept == []


def test_the_line_names_the_place_and_keeps_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "pl/anted+secret=0123456789")
    line = no_answer("Job", AwayError("refused pl/anted+secret=0123456789"))
    assert line.startswith("Job: no answer (AwayError: refused") and "anted" not in line
