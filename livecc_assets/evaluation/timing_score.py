"""Figures of timing with their intervals, from counts of stretches: minutes of a game, events of a benchmark (method 4.8)."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from livecc_assets.evaluation.intervals import DRAWS, Rate, rate
from livecc_assets.evaluation.statistics import Paired, cluster_sums, swap_p
from livecc_assets.evaluation.timing import LAG_BIN, Field, Stretch, lag_bins
from livecc_assets.evaluation.timing_match import USUAL, Window

F = Field
QUANTILES = (10, 50, 90)
#: Kinds of items: what one of each is worth [..., D], and how many there are [..., D]; of sums [..., K].
Kinds = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Metric:
    """A figure that is the mean of items of a few kinds, between ``low`` and 1; shown times ``scale``.

    It is NaN where there is no item, or it does not apply. Sums are those of ``sums_of``.
    """

    name: str
    kinds: Kinds
    scale: float = 100.0
    low: float = 0.0

    def value(self, sums: np.ndarray) -> np.ndarray:
        """The figure [...] of sums [..., K], between ``low`` and 1."""
        worth, count = self.kinds(sums)
        return _divided((worth * count).sum(axis=-1), count.sum(axis=-1))

    def rate(self, sums: np.ndarray, clusters: Sequence[Hashable], draws: int = DRAWS, seed: int = 0) -> Rate | None:
        """The figure of stretches, sums [N, K], with its interval over clusters as it is shown; None where it does not apply."""
        value = float(self.value(sums.sum(axis=0)))
        if not np.isfinite(value):
            return None
        found = rate(*self._items(sums, clusters), draws=draws, seed=seed)
        found = found.scaled((1 - self.low) * self.scale, self.low * self.scale)
        return found._replace(value=value * self.scale, clusters=len(set(clusters)))

    def difference(self, first: np.ndarray, second: np.ndarray, clusters: Sequence[Hashable]) -> Paired | None:
        """The first's figure minus the second's over the same stretches, [N, K] each; p by swaps of clusters.

        The interval is that of the mean of the one and what the other lacks, two strata whose items share the clusters.
        """
        values = [float(self.value(sums.sum(axis=0))) for sums in (first, second)]
        if not np.all(np.isfinite(values)):
            return None
        (ours, names), (theirs, others) = (self._items(sums, clusters) for sums in (first, second))
        strata = [0] * len(ours) + [1] * len(theirs)
        size = (1 - self.low) * self.scale
        found = rate(np.concatenate([ours, 1 - theirs]), names + others, strata).scaled(2 * size, -size)
        ours, theirs = (cluster_sums(clusters, sums) for sums in (first, second))
        p_value = swap_p(ours, theirs, lambda one: np.nan_to_num(self.value(one)))
        value = (values[0] - values[1]) * self.scale
        return Paired(value, min(found.low, value), max(found.high, value), p_value)

    def _items(self, sums: np.ndarray, clusters: Sequence[Hashable]) -> tuple[np.ndarray, list[Hashable]]:
        """Every item's worth, moved into [0, 1], and its cluster."""
        worth, count = self.kinds(sums.sum(axis=0))[0], self.kinds(sums)[1].astype(np.int64)
        names = [name for name, many in zip(clusters, count.sum(axis=1), strict=True) for _ in range(many)]
        return np.repeat(np.tile(self._unit(worth), len(count)), count.ravel()), names

    def _unit(self, values: np.ndarray) -> np.ndarray:
        return (values - self.low) / (1 - self.low)


def sums_of(stretches: Sequence[Stretch]) -> np.ndarray:
    """Their counts and lags side by side [N, K]."""
    return np.array([np.concatenate([one.counts, *one.lags]) for one in stretches], dtype=np.float64)


def together(stretches: Sequence[Stretch]) -> Stretch:
    """Several stretches, at least one, as one."""
    counts, lags = (np.sum([getattr(one, name) for one in stretches], axis=0) for name in ("counts", "lags"))
    return Stretch(stretches[0].begin, stretches[-1].end, counts, lags)


def metrics(window: Window = USUAL) -> dict[str, Metric]:
    """The figures by name; those of ``TIMING`` are what a delay lowers."""
    weights = np.array([window.weight(lag) for lag in lags_of(window)])
    everyone = np.ones(len(weights))
    found = (
        Metric("timely_f1", _matched(weights, F.SAID, F.SPOKEN)),
        Metric("timely_precision", _matched(weights, F.SAID)),
        Metric("timely_recall", _matched(weights, F.SPOKEN)),
        Metric("silence_kappa", _kappa, scale=1.0, low=-1.0),
        Metric("synchrony", _share(F.IN_SECOND, F.INTERVALS)),
        Metric("content_f1", _matched(everyone, F.SAID, F.SPOKEN)),
        Metric("repetition", _share(F.REPEATED, F.GRAMS)),
        Metric("human_repetition", _share(F.HUMAN_REPEATED, F.HUMAN_GRAMS)),
    )
    return {one.name: one for one in found}


TIMING = ("timely_f1", "timely_precision", "timely_recall", "silence_kappa", "synchrony")


def _matched(weights: np.ndarray, *sides: Field) -> Kinds:
    """Content words of the sides: matched ones are worth the weight of their lag, the others nothing."""
    bins = len(weights)

    def kinds(sums: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        at = [len(Field) + bins * side for side in sides]  # SAID and SPOKEN are 0 and 1, as the rows of lags are
        lags = np.sum([sums[..., first : first + bins] for first in at], axis=0)
        alone = sums[..., list(sides)].sum(axis=-1) - lags.sum(axis=-1)
        return np.append(weights, 0.0), np.concatenate([lags, alone[..., None]], axis=-1)

    return kinds


def _share(part: Field, of: Field) -> Kinds:
    def kinds(sums: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.array([1.0, 0.0]), np.stack([sums[..., part], sums[..., of] - sums[..., part]], axis=-1)

    return kinds


def _kappa(sums: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cohen's kappa of seconds, who speaks in them: a second is worth kappa and how much one more of its kind moves it."""
    seconds = sums[..., F.BOTH_SPEAK : F.BOTH_SILENT + 1]
    both, mine, human, neither = np.moveaxis(seconds, -1, 0)
    by_chance = (both + mine) * (mine + neither) + (both + human) * (human + neither)
    kappa = _divided(2 * (both * neither - mine * human), by_chance)
    slopes = [
        2 * neither - kappa * (mine + human + 2 * neither),
        -2 * human - kappa * (both + 2 * mine + neither),
        -2 * mine - kappa * (both + 2 * human + neither),
        2 * both - kappa * (2 * both + mine + human),
    ]
    moved = _divided(np.stack(slopes, axis=-1), np.broadcast_to(by_chance[..., None], seconds.shape))
    return kappa[..., None] + seconds.sum(axis=-1)[..., None] * moved, seconds


def _divided(part: np.ndarray, of: np.ndarray) -> np.ndarray:
    return np.divide(part, of, out=np.full(np.shape(of), np.nan), where=np.asarray(of) > 0)


def lags_of(window: Window = USUAL) -> np.ndarray:
    """The lag of each bin, seconds."""
    return np.arange(lag_bins(window)) * LAG_BIN - window.end


def lag_quantiles(lags: np.ndarray, window: Window = USUAL) -> dict[str, float]:
    """``p10``, ``p50`` and ``p90`` in seconds, to a bin, of the lags of a stretch; nothing without a matched word."""
    count = lags[0]
    if not count.sum():
        return {}
    reached = np.cumsum(count) / count.sum()
    at = [int(np.searchsorted(reached, q / 100 - 1e-12)) for q in QUANTILES]
    return {f"p{q}": round(float(lags_of(window)[k]), 3) for q, k in zip(QUANTILES, at, strict=True)}


def lag_shares(lags: np.ndarray, window: Window = USUAL) -> dict[str, float]:
    """Percent of the matched words that come ``early``, ``in_time`` and ``late``."""
    count, lag = lags[0], lags_of(window)
    if not count.sum():
        return {}
    early, late = lag < -window.in_time - 1e-9, lag > window.in_time + 1e-9
    parts = {"early": early, "in_time": ~(early | late), "late": late}
    return {name: 100 * float(count[part].sum() / count.sum()) for name, part in parts.items()}


def lag_entry(one: Stretch, window: Window = USUAL) -> dict[str, float]:
    """Quantiles of the lags in seconds, percent early, in time and late, and how many words were matched."""
    shares = {name: round(value, 2) for name, value in lag_shares(one.lags, window).items()}
    return {"n": int(one.lags[0].sum()), **lag_quantiles(one.lags, window), **shares}
