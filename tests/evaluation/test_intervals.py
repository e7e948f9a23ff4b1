"""The interval of a rate: known cases, clusters, strata, and that it holds the truth as often as it says."""

from functools import partial

import numpy as np
import pytest

from benchmarks.interval_coverage import STRATA, cell, ours, resampled, settings
from livecc_assets.evaluation.intervals import FEW, rate


def test_one_event_a_video_is_nearly_the_exact_interval_of_a_share():
    found = rate([1.0] * 30 + [0.0] * 70, range(100))
    assert (found.value, found.n, found.clusters) == (0.3, 100, 100)
    assert (found.low, found.high) == pytest.approx((0.2124, 0.3998), abs=0.012)  # Clopper and Pearson


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("videos", [1, 2, 3, 40])
def test_no_interval_is_a_point_however_alike_the_events_are(value, videos):
    found = rate([value] * 40, [n % videos for n in range(40)])
    assert 0 <= found.low < found.high <= 1
    assert found.low <= found.value == value <= found.high
    assert found.few == (videos < FEW)


def test_three_wins_are_far_from_certain():
    found = rate([1.0] * 3, range(3)).scaled(100)
    assert (found.value, found.high) == (100, 100)
    assert 30 < found.low < 60
    assert found.few


def test_events_that_agree_within_their_videos_count_as_few():
    alike = np.repeat([1.0, 0.0] * 10, 10)
    grouped, single = rate(alike, np.repeat(np.arange(20), 10).tolist()), rate(alike, range(200))
    assert grouped.value == single.value
    assert grouped.high - grouped.low > 2.5 * (single.high - single.low)


def test_half_wins_are_surer_than_wins_and_losses():
    halves, wholes = rate([0.5] * 40, range(40)), rate([0.0, 1.0] * 20, range(40))
    assert halves.high - halves.low < 0.5 * (wholes.high - wholes.low)


def test_the_unit_does_not_matter_nor_the_order():
    values, videos = [1.0, 0.0, 1.0, 1.0, 0.5], ["a", "b", "b", "c", "d"]
    found = rate(values, videos)
    assert rate(values[::-1], videos[::-1])[:3] == pytest.approx(found[:3])
    assert found.scaled(200, -100)[:3] == pytest.approx([200 * end - 100 for end in found[:3]])


def test_strata_weigh_alike_or_as_told():
    values, strata = [1.0] * 9 + [0.0], ["big"] * 9 + ["small"]
    assert rate(values, range(10), strata).value == 0.5
    assert rate(values, range(10), strata, {"big": 0.75, "small": 0.25}).value == 0.75
    assert rate(values, range(10)).value == 0.9
    one = rate(values, range(10), strata)
    assert one.high - one.low > 0.45, "a task of one question hardly tells anything"


def test_a_video_with_questions_in_several_tasks_is_one_cluster():
    values, strata = np.repeat([1.0, 0.0] * 8, 2), ["a", "b"] * 16
    shared, apart = rate(values, np.repeat(np.arange(16), 2).tolist(), strata), rate(values, range(32), strata)
    assert shared.value == apart.value == 0.5
    assert shared.high - shared.low > 1.15 * (apart.high - apart.low)


def test_nothing_can_be_anything():
    assert rate([], []) == (0, 0, 1, 0, 0)
    with pytest.raises(ValueError, match="2 values, 1 clusters"):
        rate([1.0, 0.0], ["a"])


SOME = settings([5, 10], [1, 40])


@pytest.mark.parametrize(
    ("name", "p", "rho"),
    [
        ("5 videos x 1", 0.5, 0.0),
        ("5 videos x 40", 0.5, 0.3),
        ("10 videos x 40", 0.1, 0.3),
        ("5 videos x 1 to 20", 0.9, 0.1),
        ("tasks of 7, 4, 1", 0.3, 0.0),
        ("tasks of 7, 4, 1, videos shared", 0.7, 0.3),
    ],
)
def test_the_truth_is_held_as_often_as_promised_and_the_width_is_not_what_pays_for_it(name, p, rho):
    found = cell(name, *SOME[name], p, rho, 400, partial(ours, draws=700))
    assert found["coverage"] > 0.93 - 0.03, "three standard errors of 400 runs"
    assert found["width"] < 1.3
    assert found["zero_width"] == 0


def test_resampling_videos_holds_it_far_too_seldom_where_tasks_are_small():
    assert STRATA == (7, 4, 1)
    assert cell("", *SOME["tasks of 7, 4, 1"], 0.5, 0.0, 200, resampled)["coverage"] < 0.75
