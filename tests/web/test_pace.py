"""A viewer is served no faster than a player plays, whatever the page says."""

import pytest

from livecc_assets.web.pace import CameraPace, Pace
from tests.waiting import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_what_is_taken_on_credit_is_paid_at_the_rate_after_the_burst(clock: Clock) -> None:
    pace = Pace(2.0, 6.0, clock)
    assert [pace.owe(3.0), pace.owe(3.0), pace.owe(1.0), pace.owe(1.0)] == [0.0, 0.0, 0.5, 1.0]
    clock.now += 600
    assert [pace.owe(6.0), pace.owe(1.0)] == [0.0, 0.5], "a long rest gives no more than the burst"


def test_what_is_not_there_is_not_taken(clock: Clock) -> None:
    pace = Pace(0.5, 2.0, clock)
    assert [pace.take(1) for _ in range(3)] == [True, True, False]
    clock.now += 2.0
    assert [pace.take(1) for _ in range(2)] == [True, False]


@pytest.mark.parametrize("rate", [0.5, 1.0, 2.0])
def test_who_plays_at_a_speed_that_players_offer_never_waits(clock: Clock, rate: float) -> None:
    pace = Pace(2.0, 6.0, clock)
    clock.now += 3.0 / rate
    waits = [pace.owe(3.0)]
    for _ in range(100):
        clock.now += 1.0 / rate
        waits.append(pace.owe(1.0))
    assert max(waits) < 1e-9


def seen(clock: Clock, pictures: list[tuple[float, float]]) -> list[float]:
    """Seconds of those pictures (second at which it comes, second that it names) that may be looked at."""
    camera, begun = CameraPace(2.0, clock), clock.now
    found = []
    for comes, at in pictures:
        clock.now = begun + comes
        if camera.follows(at):
            found.append(at)
    return found


def test_a_camera_in_time_is_seen_whole_also_after_its_line_or_its_page_stood_still(clock: Clock) -> None:
    steady = [(n / 4 + 0.3, n / 4) for n in range(400)]
    assert len(seen(clock, steady)) == 400
    held_up = [(max(comes, 60.0) if at > 54 else comes, at) for comes, at in steady]
    assert len(seen(clock, held_up)) == 400
    asleep = [(comes + (3600 if at > 50 else 0), at) for comes, at in steady]
    assert len(seen(clock, asleep)) == 400, "its clock stood meanwhile"
    away = [(comes + (3600 if at > 50 else 0), at + (3600 if at > 50 else 0)) for comes, at in steady]
    assert len(seen(clock, away)) == 400, "its clock went on meanwhile"


@pytest.mark.parametrize(
    "pictures",
    [
        [(n * 0.01, n * 0.5) for n in range(1000)],
        [(n * 0.01, n * 0.01 + 5) for n in range(1000)],
        [(0.0, n / 4) for n in range(1000)],
    ],
    ids=["fifty times as fast", "ahead", "all at once"],
)
def test_a_camera_that_lies_about_its_time_gains_a_second_at_most(
    clock: Clock, pictures: list[tuple[float, float]]
) -> None:
    assert max(seen(clock, pictures), default=0.0) <= pictures[-1][0] + 1.0


def test_a_camera_that_catches_up_shows_ten_seconds_at_once_and_then_two_a_second(clock: Clock) -> None:
    late = [(60.0, n / 2) for n in range(120)] + [(60.0 + n / 10, 60 + n / 10) for n in range(100)]
    assert len([at for at in seen(clock, late) if at < 60]) <= 21


def test_pictures_beyond_what_a_page_sends_are_left_out(clock: Clock) -> None:
    flood = [(n / 1000, n / 1000) for n in range(10_000)]
    assert len(seen(clock, flood)) <= 40 + 10 * 8 + 1
