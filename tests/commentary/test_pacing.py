"""Real time, by a clock that a test turns."""

from dataclasses import dataclass

import pytest

from livecc_assets.commentary.latency import Latencies
from livecc_assets.commentary.pacing import Pace


class Clock:
    """Time passes where somebody sleeps or works."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += seconds


@dataclass(frozen=True)
class Seconds:
    end_s: float


BLOCKS = [Seconds(end) for end in (3.0, 4.0, 5.0, 6.0, 7.0, 8.0)]


def play(late: str, work: list[float]) -> tuple[list[tuple[float, bool, float]], Pace]:
    """(Block's end, shown?, the clock when it came) while showing the n-th shown block takes ``work[n]`` seconds."""
    clock = Clock()
    pace = Pace(late, clock, clock.pass_by)  # type: ignore[arg-type]
    came, left = [], iter(work)
    for block, there in pace.paced(BLOCKS):
        came.append((block.end_s, there is not None, clock.now - 100.0))
        if there is not None:
            clock.pass_by(next(left))
    return came, pace


@pytest.mark.parametrize("late", ["catch-up", "skip"])
def test_a_fast_model_gets_each_block_when_it_has_been_seen(late: str) -> None:
    came, pace = play(late, [0.2] * 6)
    assert came == [(end, True, pytest.approx(end)) for end in (3.0, 4.0, 5.0, 6.0, 7.0, 8.0)]
    assert pace.behind == 0 and pace.waited == pytest.approx(3.0 + 5 * 0.8)


def test_catching_up_shows_everything_and_says_how_late_it_is() -> None:
    came, pace = play("catch-up", [3.5, 0.1, 0.1, 0.1, 0.1, 0.1])
    assert [shown for _, shown, _ in came] == [True] * 6
    assert [at for *_, at in came] == pytest.approx([3.0, 6.5, 6.6, 6.7, 7.0, 8.0])
    assert pace.behind == 0
    _, slow = play("catch-up", [2.0] * 6)
    assert slow.behind == pytest.approx(5.0), "it falls behind by a second each second"


def test_skipping_shows_the_newest_block_and_counts_the_others() -> None:
    came, pace = play("skip", [2.5, 0.1, 0.1, 0.1, 0.1, 0.1])
    assert [(end, shown) for end, shown, _ in came] == [
        (3.0, True), (4.0, False), (5.0, True), (6.0, True), (7.0, True), (8.0, True)
    ]  # fmt: skip
    assert pace.behind == 0


def test_a_stream_is_never_more_than_a_block_late_when_it_skips() -> None:
    came, _ = play("skip", [1.9] * 6)
    assert all(at - end < 1.0 + 1e-9 for end, shown, at in came if shown)
    assert came[-1][1], "the last block is shown"


def test_latencies_sum_up() -> None:
    found = Latencies()
    assert found.as_metadata() == {} and str(found) == "no interval was commented"
    for value in [0.1] * 19 + [2.0, None]:
        found.add(value)
    found.video, found.taken = 20.0, 5.0
    about = found.as_metadata()
    assert (about["latency_p50"], about["latency_worst"], about["real_time_factor"]) == (0.1, 2.0, 0.25)
    assert 0.1 <= about["latency_p95"] < 2.0
    assert (found.synchrony, found.intervals) == (0.95, 20), "one of twenty ended after its second"
    assert (Latencies().synchrony, Latencies().intervals) == (None, 0)
