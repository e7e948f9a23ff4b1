"""Two runs on the same items: the difference with its interval, a test by videos, and Holm's correction (method 4.7)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence

import numpy as np

from livecc_assets.evaluation.intervals import rate
from livecc_assets.evaluation.statistics import SWAPS, Paired, cluster_sums, p_of_swaps


def paired(
    first: Sequence[float] | np.ndarray,
    second: Sequence[float] | np.ndarray,
    clusters: Sequence[Hashable],
    strata: Sequence[Hashable] | None = None,
    weights: dict[Hashable, float] | None = None,
    seed: int = 0,
) -> Paired:
    """Mean of `first` - `second` over the same items [N], each in [0, 1]; strata and weights as in `rate`.

    The two-sided p is that of the difference's sign changed video by video.
    """
    if not len(first) == len(second) == len(clusters):
        raise ValueError(f"{len(first)} and {len(second)} values of {len(clusters)} items")
    difference = np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64)
    found = rate((1 + difference) / 2, clusters, strata, weights, seed=seed).scaled(2, -1)
    names: list[Hashable] = list(strata) if strata is not None else [None] * len(difference)
    size = Counter(names)
    share = np.array([(weights[name] if weights else 1 / len(size)) / size[name] for name in names])
    p_value = sign_flips(cluster_sums(clusters, (share * difference)[:, None]), seed=seed)[0] if len(names) else 1.0
    return Paired(found.value, found.low, found.high, float(p_value))


def percent(found: Paired) -> Paired:
    """The same in points."""
    return Paired(100 * found.value, 100 * found.low, 100 * found.high, found.p_value)


def sign_flips(sums: np.ndarray, draws: int = SWAPS, seed: int = 0) -> np.ndarray:
    """Two-sided p [K] that the columns' sums over videos [V, K] are 0, by changes of their signs (`p_of_swaps`)."""
    seen = np.abs(sums.sum(axis=0)) - 1e-9
    return p_of_swaps(len(sums), lambda signs: (np.abs(signs @ sums) >= seen).sum(axis=0), draws, seed)


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """The p values corrected for there being so many (Holm 1979): below 0.05, one of them is wrong at most 5 % of the time."""
    found: dict[str, float] = {}
    largest = 0.0
    for rank, name in enumerate(sorted(p_values, key=lambda name: p_values[name])):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[name]))
        found[name] = largest
    return {name: found[name] for name in p_values}
