"""The interval of a mean over items that share videos, by task or over all (method 4.7).

A mean of n items in [0, 1] says as much as n / deff independent ones, deff being its design effect: how much wider it
scatters because items of one video are alike. The interval is that of a share among so many (Korn and Graubard 1998),
averaged over what the design effect may be, since few videos say little about it. Strata are melded: the ends of a
sum's interval come from draws of the ends of its parts (Fay, Proschan and Brittain 2015).
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np

from livecc_assets.evaluation.statistics import LEVEL

#: Videos below which an interval is called too few: none is tested with fewer (benchmarks/interval_coverage.py).
FEW = 5
DRAWS = 8000
#: Clopper and Pearson add 0 and 1 to wins and losses, Jeffreys 0.5 and 0.5; here so much less and more than 0.5, over deff.
_APART = 0.3
#: How much more the excess of deff counts on the far side of a rate near 0 or 1: a mean of few such videos is skewed.
_SKEW = 0.3
#: Prior of the correlation within videos: none with this probability, else _GRID with _WEIGHTS.
_NONE = 0.35
_GRID = np.exp(np.linspace(math.log(0.002), math.log(0.9), 24))
_WEIGHTS = _GRID**0.75 * np.exp(-0.3 * _GRID)


class Rate(NamedTuple):
    """A mean with its 95 % interval in the unit of the items, and what stands behind it."""

    value: float
    low: float
    high: float
    n: int
    clusters: int

    @property
    def few(self) -> bool:
        """Whether so few videos stand behind it that no interval is promised to hold."""
        return self.clusters < FEW

    def scaled(self, factor: float, offset: float = 0.0) -> Rate:
        """The same in another unit: `factor` x + `offset`, with a factor above 0."""
        value, low, high = (factor * end + offset for end in self[:3])
        return Rate(value, low, high, self.n, self.clusters)


class _Strata(NamedTuple):
    """Per stratum [S]: items, sum, items' variance, the same smoothed, the mean smoothed, videos, one item's weight."""

    n: np.ndarray
    total: np.ndarray
    variance: np.ndarray
    smoothed: np.ndarray
    guess: np.ndarray
    videos: np.ndarray
    weight: np.ndarray


def rate(
    values: Sequence[float] | np.ndarray,
    clusters: Sequence[Hashable],
    strata: Sequence[Hashable] | None = None,
    weights: dict[Hashable, float] | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> Rate:
    """Mean of `values` [N], or the weighted mean over strata of their means, with its interval.

    `values` lie in [0, 1] (or are linearised around a value that does); `clusters` names each item's video. `weights`
    add up to 1; by default strata weigh alike. Of nothing the interval is all of [0, 1].
    """
    y = np.asarray(values, dtype=np.float64)
    if not len(y):
        return Rate(0.0, 0.0, 1.0, 0, 0)
    video, videos = _numbered(clusters)
    stratum, names = _numbered(strata if strata is not None else [None] * len(y))
    if not len(y) == len(video) == len(stratum):
        raise ValueError(f"{len(y)} values, {len(video)} clusters and {len(stratum)} strata")
    shares = np.array([weights[name] if weights else 1 / len(names) for name in names])
    parts = _parts(y, video, stratum, shares)
    value = float((shares * parts.total / parts.n).sum())
    deff = _design_effects(y, video, stratum, parts, draws)
    low, high = _melded(parts, shares, deff, seed)
    return Rate(value, min(low, value), max(high, value), len(y), len(videos))


def share(won: np.ndarray, of: np.ndarray, draws: int = DRAWS, seed: int = 0) -> Rate:
    """The share of whole numbers `won` [V] in `of` [V], video by video."""
    won, of = np.asarray(won, dtype=np.int64), np.asarray(of, dtype=np.int64)
    videos = np.tile(np.arange(len(won)), 2)
    items = np.concatenate([won, of - won])
    return rate(
        np.repeat([1.0, 0.0], [won.sum(), (of - won).sum()]), np.repeat(videos, items).tolist(), draws=draws, seed=seed
    )


def _numbered(names: Sequence[Hashable]) -> tuple[np.ndarray, list[Hashable]]:
    order: dict[Hashable, int] = {}
    return np.array([order.setdefault(name, len(order)) for name in names], dtype=np.int64), list(order)


def _parts(y: np.ndarray, video: np.ndarray, stratum: np.ndarray, shares: np.ndarray) -> _Strata:
    n = np.bincount(stratum).astype(float)
    total = np.bincount(stratum, y)
    mean = total / n
    squares = np.bincount(stratum, (y - mean[stratum]) ** 2)
    pairs = np.unique(np.stack([stratum, video]), axis=1)
    guess = (total.clip(0, n) + 0.5) / (n + 1)
    one = guess * (1 - guess)  # one more item that is all or nothing: items that are alike are not without variance
    binary = n * (mean * (1 - mean)).clip(0)
    smoothed = one * (squares + one) / (binary + one)
    return _Strata(n, total, squares / np.maximum(n - 1, 1), smoothed, guess, np.bincount(pairs[0]), shares / n)


def _design_effects(y: np.ndarray, video: np.ndarray, stratum: np.ndarray, parts: _Strata, draws: int) -> np.ndarray:
    """Design effects [draws] in proportion to how probable they are: prior times the likelihood of what is seen.

    What is seen is the variance between videos over that of independent items; it is about deff chi2(nu) / nu.
    """
    rho = np.concatenate([[0.0], _GRID])
    weight = np.concatenate([[_NONE], (1 - _NONE) * _WEIGHTS / _WEIGHTS.sum()])
    deff = 1 + rho * (_alike(parts.smoothed, video, stratum, parts) - 1)
    free = parts.videos > 1
    seen = np.where(free, parts.variance, 0.0)
    apart = (parts.weight**2 * seen * parts.n).sum()
    if apart > 0:
        small = np.sqrt(parts.videos / np.maximum(parts.videos - 1, 1)) * parts.weight * free
        residual = small[stratum] * (y - (parts.total / parts.n)[stratum])
        ratio = (np.bincount(video, residual) ** 2).sum() / apart
        expected = 1 + rho * (_alike(seen, video, stratum, parts) - 1)
        nu = _degrees(rho, seen, video, stratum, parts)
        videos = int(video.max()) + 1
        alike = np.minimum(
            expected * videos / len(y), 0.95
        )  # the correlation of a video's mean with that of one event each
        nu = 1 / (1 / nu + _excess(float((parts.weight * parts.n) @ parts.guess), alike) / (2 * videos))
        x = nu / 2 * max(ratio, 1e-4) / expected
        log = nu / 2 * np.log(x) - x - np.array([math.lgamma(one / 2) for one in nu])
        weight = weight * np.exp(log - log.max())
    ends = np.floor(np.cumsum(weight / weight.sum()) * draws + 0.5).astype(int)
    return np.repeat(deff, np.diff(ends, prepend=0))


def _alike(variance: np.ndarray, video: np.ndarray, stratum: np.ndarray, parts: _Strata) -> float:
    """How many times wider the mean scatters where items of a video are all alike."""
    scale = parts.weight * np.sqrt(variance)
    apart = (scale**2 * parts.n).sum()
    return float((np.bincount(video, scale[stratum]) ** 2).sum() / apart)


def _degrees(
    rho: np.ndarray, variance: np.ndarray, video: np.ndarray, stratum: np.ndarray, parts: _Strata
) -> np.ndarray:
    """Degrees of freedom of the variance between videos of unequal weight (Satterthwaite), for each correlation."""
    scale = (parts.weight * np.sqrt(variance))[stratum]
    apart, alike = np.bincount(video, scale**2), np.bincount(video, scale) ** 2
    each = (1 - rho)[:, None] * apart + rho[:, None] * alike
    return np.maximum(each.sum(axis=1) ** 2 / (each**2).sum(axis=1) - 1, 0.5)


def _excess(p: float, rho: np.ndarray) -> np.ndarray:
    """Times V, what the ratio variance / (p (1 - p)) of V videos scatters beyond a normal one's: beta with mean p.

    Its kurtosis, less what moves along with the estimate of p. Near 0 and 1 it is large: most videos look alike there.
    """
    scale = (1 - rho) / rho
    a, b = p * scale, (1 - p) * scale
    kurtosis = 6 * ((a - b) ** 2 * (scale + 1) - a * b * (scale + 2)) / (a * b * (scale + 2) * (scale + 3))
    skewness = 2 * (b - a) * np.sqrt(scale + 1) / ((scale + 2) * np.sqrt(a * b))
    along = (1 - 2 * p) * np.sqrt(rho / (p * (1 - p)))
    return np.maximum(kurtosis + along**2 - 2 * along * skewness, 0)


def _melded(parts: _Strata, shares: np.ndarray, deff: np.ndarray, seed: int) -> tuple[float, float]:
    rng = np.random.default_rng(seed)
    low, high = np.zeros(len(deff)), np.zeros(len(deff))
    for n, total, variance, p, weight in zip(*parts[:2], parts.smoothed, parts.guess, shares, strict=True):
        near = n * (p * (1 - p) / variance) / deff
        far = near * deff / (1 + (deff - 1) * (1 + _SKEW * abs(1 - 2 * p)))
        mean = min(max(total / n, 0.0), 1.0)
        down, up = (near, far) if mean < 0.5 else (far, near)
        less, more = 0.5 - _APART / deff, 0.5 + _APART / deff
        low += weight * rng.beta(down * mean + less, down * (1 - mean) + more)
        high += weight * rng.beta(up * mean + more, up * (1 - mean) + less)
    tail = (1 - LEVEL) / 2
    return float(np.quantile(low, tail)), float(np.quantile(high, 1 - tail))
