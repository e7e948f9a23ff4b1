"""Intervals cover what they should, paired tests see real differences and no others."""

import numpy as np
import pytest

from livecc_assets.evaluation.statistics import (
    bootstrap,
    cluster_sums,
    mcnemar,
    paired_difference,
    ratio,
    resample_counts,
    wilson,
)


def test_resampling_draws_as_many_clusters_as_there_are():
    counts = resample_counts(7, draws=50, seed=3)
    assert counts.shape == (50, 7)
    assert (counts.sum(axis=1) == 7).all()
    assert (resample_counts(7, 50, 3) == counts).all()
    assert not (resample_counts(7, 50, 4) == counts).all()


def test_cluster_sums_add_rows_of_one_video():
    sums = cluster_sums(["a", "b", "a"], np.array([[1, 2], [3, 4], [5, 6]]))
    assert sums.tolist() == [[6, 8], [3, 4]]
    with pytest.raises(ValueError, match="2 cluster names for 1 rows"):
        cluster_sums(["a", "b"], np.array([[1, 2]]))


def test_bootstrap_interval_equals_a_plain_loop():
    rng = np.random.default_rng(0)
    sums = np.stack([rng.integers(0, 5, 30), rng.integers(5, 9, 30)], axis=1).astype(float)
    estimate = bootstrap(sums, draws=4000, seed=1)
    loop = np.random.default_rng(9)
    values = []
    for _ in range(4000):
        picked = sums[loop.integers(0, 30, 30)]
        values.append(picked[:, 0].sum() / picked[:, 1].sum())
    low, high = np.quantile(values, [0.025, 0.975])
    assert estimate.value == pytest.approx(sums[:, 0].sum() / sums[:, 1].sum())
    assert (estimate.low, estimate.high) == pytest.approx((low, high), abs=0.006)


def test_interval_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(5)
    covered = 0
    for trial in range(200):
        rights = rng.binomial(4, 0.6, size=60)
        estimate = bootstrap(np.stack([rights, np.full(60, 4)], axis=1), draws=400, seed=trial)
        covered += estimate.low <= 0.6 <= estimate.high
    assert 0.89 <= covered / 200 <= 0.99


def test_clusters_widen_the_interval():
    """The same answers, eight to a video that is all right or all wrong, carry less information."""
    rng = np.random.default_rng(2)
    alike = np.repeat(rng.integers(0, 2, 40), 8)
    ones = np.ones_like(alike)
    single = bootstrap(np.stack([alike, ones], axis=1))
    grouped = bootstrap(cluster_sums(np.repeat(np.arange(40), 8), np.stack([alike, ones], axis=1)))
    assert grouped.value == single.value
    assert grouped.high - grouped.low > 2 * (single.high - single.low)


def test_paired_difference_is_sharper_than_two_intervals_and_sees_no_ghosts():
    rng = np.random.default_rng(7)
    base = rng.integers(0, 20, 80).astype(float)
    total = np.full(80, 20.0)
    better = np.stack([np.minimum(base + 1, 20), total], axis=1)
    worse = np.stack([base, total], axis=1)
    found = paired_difference(better, worse)
    assert 0 < found.low <= found.value <= found.high
    assert found.p_value < 0.01
    assert bootstrap(worse).high > bootstrap(better).low, "unpaired intervals overlap here"
    same = paired_difference(worse, worse)
    assert (same.value, same.low, same.high, same.p_value) == (0, 0, 0, 1)


def test_paired_p_value_is_uniform_enough_under_no_difference():
    rng = np.random.default_rng(11)
    total = np.full((40, 1), 10.0)
    p_values = [
        paired_difference(
            np.hstack([rng.binomial(10, 0.5, (40, 1)), total]),
            np.hstack([rng.binomial(10, 0.5, (40, 1)), total]),
            draws=300,
        ).p_value
        for _ in range(150)
    ]
    assert 0.01 <= np.mean(np.array(p_values) < 0.1) <= 0.2


def test_paired_runs_must_share_their_clusters():
    with pytest.raises(ValueError, match="same clusters"):
        paired_difference(np.ones((3, 2)), np.ones((4, 2)))
    with pytest.raises(ValueError, match="no clusters"):
        bootstrap(np.empty((0, 2)))


def test_wilson_agrees_with_tables():
    value, low, high = wilson(8, 10)
    assert value == 0.8
    assert (low, high) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert wilson(0, 10).low == pytest.approx(0, abs=1e-12)
    assert wilson(0, 10).high == pytest.approx(0.2775, abs=1e-4)
    assert wilson(0, 0) == (0, 0, 1)


def test_mcnemar_is_the_exact_sign_test():
    assert mcnemar(0, 0) == 1
    assert mcnemar(5, 0) == pytest.approx(2 / 32)
    assert mcnemar(3, 3) == 1
    assert mcnemar(97, 265) < 1e-15  # Video-MME, only without against only with subtitles


def test_ratio_of_nothing_is_zero():
    assert ratio(np.array([[0.0, 0.0], [1.0, 4.0]])).tolist() == [0, 0.25]
