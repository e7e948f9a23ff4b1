"""Sums are of videos, and tests by swapping see real differences and no others."""

import numpy as np
import pytest

from livecc_assets.evaluation.statistics import cluster_sums, mcnemar, swap_p


def ratio(sums):
    return sums[..., 0] / sums[..., 1]


def test_cluster_sums_add_rows_of_one_video():
    sums = cluster_sums(["a", "b", "a"], np.array([[1, 2], [3, 4], [5, 6]]))
    assert sums.tolist() == [[6, 8], [3, 4]]
    with pytest.raises(ValueError, match="2 cluster names for 1 rows"):
        cluster_sums(["a", "b"], np.array([[1, 2]]))


def test_a_small_difference_in_every_video_is_seen_and_none_is_not():
    rng = np.random.default_rng(7)
    base = rng.integers(0, 20, 80).astype(float)
    total = np.full(80, 20.0)
    better = np.stack([np.minimum(base + 1, 20), total], axis=1)
    worse = np.stack([base, total], axis=1)
    assert swap_p(better, worse, ratio) < 0.01
    assert swap_p(worse, worse, ratio) == 1


def test_p_values_are_uniform_enough_under_no_difference():
    rng = np.random.default_rng(11)
    total = np.full((40, 1), 10.0)

    def run() -> np.ndarray:
        return np.hstack([rng.binomial(10, 0.5, (40, 1)), total])

    p_values = [swap_p(run(), run(), ratio, draws=300) for _ in range(150)]
    assert 0.01 <= np.mean(np.array(p_values) < 0.1) <= 0.2


def test_few_clusters_have_all_their_swaps_tried_and_many_ten_thousand_drawn():
    one = np.array([[1.0, 1.0]])
    zero = np.array([[0.0, 1.0]])
    for many in (3, 13):
        first, second = np.repeat(one, many, axis=0), np.repeat(zero, many, axis=0)
        assert swap_p(first, second, ratio) == 2 / 2**many, "only all swapped or none is as far apart"
        assert swap_p(first, second, ratio, seed=5) == 2 / 2**many
    assert swap_p(np.repeat(one, 40, axis=0), np.repeat(zero, 40, axis=0), ratio) == 1 / 10_001


def test_paired_runs_must_share_their_clusters():
    with pytest.raises(ValueError, match="same clusters"):
        swap_p(np.ones((3, 2)), np.ones((4, 2)), ratio)


def test_mcnemar_is_the_exact_sign_test():
    assert mcnemar(0, 0) == 1
    assert mcnemar(5, 0) == pytest.approx(2 / 32)
    assert mcnemar(3, 3) == 1
    assert mcnemar(97, 265) < 1e-15  # Video-MME, only without against only with subtitles
