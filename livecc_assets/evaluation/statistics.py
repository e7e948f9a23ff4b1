"""Intervals and paired tests for benchmark scores: clusters (videos) are resampled, never single events.

All draws are seeded and vectorised: a resampling of V clusters is a row of counts that sums to V, so a statistic
that is a ratio of sums over clusters is one matrix product.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable
from typing import NamedTuple

import numpy as np

DRAWS = 2000
LEVEL = 0.95


class Estimate(NamedTuple):
    """A value with its interval."""

    value: float
    low: float
    high: float


class Paired(NamedTuple):
    """A difference first - second over the same clusters: bootstrap interval, two-sided p by permutation."""

    value: float
    low: float
    high: float
    p_value: float


Statistic = Callable[[np.ndarray], np.ndarray]  # sums [..., K] of K counters -> value [...]


def cluster_sums(clusters: Iterable[Hashable], counters: np.ndarray) -> np.ndarray:
    """Sum the rows of `counters` [N, K] that share a cluster: [V, K], clusters in order of first appearance."""
    counters = np.asarray(counters, dtype=np.float64)
    order: dict[Hashable, int] = {}
    index = np.array([order.setdefault(name, len(order)) for name in clusters], dtype=np.int64)
    if len(index) != len(counters):
        raise ValueError(f"{len(index)} cluster names for {len(counters)} rows")
    sums = np.zeros((len(order), counters.shape[1]))
    np.add.at(sums, index, counters)
    return sums


def ratio(sums: np.ndarray) -> np.ndarray:
    """First counter over the second; 0 where the second is 0."""
    return np.divide(sums[..., 0], sums[..., 1], out=np.zeros(sums.shape[:-1]), where=sums[..., 1] != 0)


def resample_counts(clusters: int, draws: int = DRAWS, seed: int = 0) -> np.ndarray:
    """How often each cluster is drawn in each of `draws` resamplings with replacement: int [draws, clusters]."""
    if clusters < 1:
        raise ValueError("nothing to resample: no clusters")
    return np.random.default_rng(seed).multinomial(clusters, np.full(clusters, 1 / clusters), size=draws)


def bootstrap(sums: np.ndarray, statistic: Statistic = ratio, draws: int = DRAWS, seed: int = 0) -> Estimate:
    """Percentile interval of `statistic` over clusters; `sums` is [V, K]."""
    sums = np.asarray(sums, dtype=np.float64)
    values = statistic(resample_counts(len(sums), draws, seed) @ sums)
    low, high = np.quantile(values, _tails())
    return Estimate(float(statistic(sums.sum(axis=0))), float(low), float(high))


def paired_difference(
    first: np.ndarray, second: np.ndarray, statistic: Statistic = ratio, draws: int = DRAWS, seed: int = 0
) -> Paired:
    """Difference of `statistic` between two runs over the same clusters.

    `first` and `second` are [V, K], row v the same cluster in both. The interval resamples clusters jointly; the
    p-value swaps the two runs within clusters at random (add-one, so it is never 0).
    """
    first, second = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if first.shape != second.shape:
        raise ValueError(f"paired runs need the same clusters, got {first.shape} and {second.shape}")
    counts = resample_counts(len(first), draws, seed)
    differences = statistic(counts @ first) - statistic(counts @ second)
    low, high = np.quantile(differences, _tails())
    value = float(statistic(first.sum(axis=0)) - statistic(second.sum(axis=0)))
    swap = np.random.default_rng([seed, 1]).integers(0, 2, size=(draws, len(first)))
    null = statistic(swap @ first + (1 - swap) @ second) - statistic(swap @ second + (1 - swap) @ first)
    p_value = (1 + np.count_nonzero(np.abs(null) >= abs(value) - 1e-12)) / (draws + 1)
    return Paired(value, float(low), float(high), float(p_value))


def wilson(correct: int, total: int, level: float = LEVEL) -> Estimate:
    """Wilson score interval of a share; (0, 0, 1) when nothing was counted."""
    if total == 0:
        return Estimate(0.0, 0.0, 1.0)
    z = _normal_quantile(0.5 + level / 2)
    share = correct / total
    centre = share + z * z / (2 * total)
    half = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    scale = 1 + z * z / total
    return Estimate(share, max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale))


def mcnemar(only_first: int, only_second: int) -> float:
    """Exact two-sided p that two answerers differ, from the items which only one of them has right."""
    total = only_first + only_second
    if total == 0:
        return 1.0
    tail = sum(math.comb(total, k) for k in range(min(only_first, only_second) + 1))
    return float(min(1.0, 2 * tail / 2**total))


def _tails() -> list[float]:
    return [(1 - LEVEL) / 2, (1 + LEVEL) / 2]


def _normal_quantile(p: float) -> float:
    from statistics import NormalDist

    return NormalDist().inv_cdf(p)
