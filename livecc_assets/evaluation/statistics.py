"""Sums over videos, and tests of two runs over the same ones: videos are swapped, never single events (method 4.7)."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable
from typing import Any, NamedTuple

import numpy as np

DRAWS = 2000
#: Swaps that are drawn where the videos have more than so many.
SWAPS = 10_000
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


def swap_p(first: np.ndarray, second: np.ndarray, statistic: Statistic, draws: int = SWAPS, seed: int = 0) -> float:
    """Two-sided p that `statistic` differs between two runs over the same clusters, [V, K] each.

    The two runs are swapped within clusters: exact where the swaps are few enough to try all, else `draws` of them are drawn.
    """
    first, second = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if first.shape != second.shape:
        raise ValueError(f"paired runs need the same clusters, got {first.shape} and {second.shape}")
    value = abs(float(statistic(first.sum(axis=0)) - statistic(second.sum(axis=0))))

    def as_large(signs: np.ndarray) -> int:
        swap = (signs < 0).astype(np.int8)
        null = statistic(swap @ first + (1 - swap) @ second) - statistic(swap @ second + (1 - swap) @ first)
        return int(np.count_nonzero(np.abs(null) >= value - 1e-12))

    return float(p_of_swaps(len(first), as_large, draws, seed))


def p_of_swaps(videos: int, as_large: Callable[[np.ndarray], Any], draws: int = SWAPS, seed: int = 0) -> Any:
    """The share of swaps of two runs that bring a difference `as_large` as the one seen.

    `as_large` counts them among rows of signs [N, V], -1 for a swapped video. All 2^V swaps are tried where these are no more
    than `draws`. Else so many are drawn; with one added to both counts, p is never 0.
    """
    if 2**videos <= draws:
        return as_large(1 - 2 * (np.arange(2**videos)[:, None] >> np.arange(videos) & 1)) / 2**videos
    rng, found = np.random.default_rng(seed), 0
    for start in range(0, draws, 1000):  # a million signs at a time, not a hundred
        found += as_large(1 - 2 * rng.integers(0, 2, size=(min(1000, draws - start), videos), dtype=np.int8))
    return (1 + found) / (draws + 1)


def mcnemar(only_first: int, only_second: int) -> float:
    """Exact two-sided p that two answerers differ, from the items which only one of them has right."""
    total = only_first + only_second
    if total == 0:
        return 1.0
    tail = sum(math.comb(total, k) for k in range(min(only_first, only_second) + 1))
    return float(min(1.0, 2 * tail / 2**total))
