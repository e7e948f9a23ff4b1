"""Sums over videos, and tests of two runs over the same ones: videos are swapped, never single events (method 4.7)."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable
from typing import NamedTuple

import numpy as np

DRAWS = 2000
LEVEL = 0.95


class Paired(NamedTuple):
    """A difference first - second over the same items: its 95 % interval, and a two-sided p by permutation."""

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


def swap_p(first: np.ndarray, second: np.ndarray, statistic: Statistic, draws: int = DRAWS, seed: int = 0) -> float:
    """Two-sided p that `statistic` differs between two runs over the same clusters, [V, K] each.

    The two runs are swapped within clusters at random; with one added to both counts, p is never 0.
    """
    first, second = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if first.shape != second.shape:
        raise ValueError(f"paired runs need the same clusters, got {first.shape} and {second.shape}")
    value = float(statistic(first.sum(axis=0)) - statistic(second.sum(axis=0)))
    swap = np.random.default_rng([seed, 1]).integers(0, 2, size=(draws, len(first)))
    null = statistic(swap @ first + (1 - swap) @ second) - statistic(swap @ second + (1 - swap) @ first)
    return float((1 + np.count_nonzero(np.abs(null) >= abs(value) - 1e-12)) / (draws + 1))


def mcnemar(only_first: int, only_second: int) -> float:
    """Exact two-sided p that two answerers differ, from the items which only one of them has right."""
    total = only_first + only_second
    if total == 0:
        return 1.0
    tail = sum(math.comb(total, k) for k in range(min(only_first, only_second) + 1))
    return float(min(1.0, 2 * tail / 2**total))
