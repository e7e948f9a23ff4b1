"""Two runs on the same items: p values that are uniform without a difference, exact for few videos, corrected for many."""

import numpy as np
import pytest

from livecc_assets.evaluation.pairs import holm, paired, sign_flips


def test_a_run_against_itself_has_p_one_and_an_interval_around_nothing():
    values = np.random.default_rng(0).integers(0, 2, 60).astype(float)
    found = paired(values, values, [n // 3 for n in range(60)])
    assert (found.value, found.p_value) == (0, 1)
    assert -0.1 < found.low < 0 < found.high < 0.1


def test_a_difference_within_pairs_is_seen_though_the_runs_scatter():
    rng = np.random.default_rng(1)
    worse = (rng.random(200) < 0.5).astype(float)
    better = np.where(rng.random(200) < 0.15, 1.0, worse)
    found = paired(better, worse, [n // 2 for n in range(200)])
    assert 0 < found.low < found.value < found.high
    assert found.p_value < 0.01
    assert paired(worse, better, [n // 2 for n in range(200)]).value == pytest.approx(-found.value)


def test_few_videos_are_told_exactly():
    assert sign_flips(np.ones((5, 1)))[0] == 2 / 2**5
    assert sign_flips(np.zeros((3, 1)))[0] == 1
    assert sign_flips(np.array([[2.0], [1.0]]))[0] == 0.5


def test_p_values_without_a_difference_are_as_often_below_a_tenth_as_they_say():
    rng = np.random.default_rng(2)
    sums = rng.normal(size=(30, 400))
    p_values = sign_flips(sums, draws=1000)
    assert 0.05 < np.mean(p_values < 0.1) < 0.15
    assert sign_flips(np.full((60, 1), 1.0), draws=1000)[0] == 1 / 1001, "never 0"


def test_events_of_one_video_are_one_observation():
    first, second = [1.0] * 40, [0.0] * 40
    assert paired(first, second, ["v"] * 40).p_value == 1
    assert paired(first, second, range(40)).p_value < 0.001


def test_strata_weigh_as_in_the_rate():
    first, second = [1.0] * 9 + [0.0], [1.0] * 10
    assert paired(first, second, range(10), ["a"] * 9 + ["b"]).value == -0.5


def test_holm_corrects_step_by_step_and_never_turns_the_order():
    assert holm({"a": 0.01, "b": 0.04, "c": 0.03}) == pytest.approx({"a": 0.03, "b": 0.06, "c": 0.06})
    assert holm({"a": 0.9, "b": 0.8}) == {"a": 1.0, "b": 1.0}
    assert holm({}) == {}


def test_runs_of_different_items_are_refused():
    with pytest.raises(ValueError, match="2 and 1 values"):
        paired([1.0, 0.0], [1.0], ["a", "b"])
