"""The win rate at equal lengths: a logistic regression on who was shown first and who said more (method 4.7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from livecc_assets.evaluation.intervals import Rate, rate
from livecc_assets.evaluation.win_rate import video_of

RIDGE = 0.01
#: The rate is called extrapolated where a smaller share of the events lies on either side of equal lengths.
_SIDE = 0.05
_WORTH = {"model": 1.0, "tie": 0.5, "opponent": 0.0}


class LengthControlled(NamedTuple):
    """The rate in percent; `extrapolated`: hardly an event in which the shorter side is the longer one elsewhere."""

    rate: Rate
    slot: float
    length: float
    median_ratio: float
    longer: float
    extrapolated: bool


def words(text: str) -> int:
    """Words of a commentary, at least one: an ellipsis alone is one."""
    return max(1, len(text.split()))


def length_controlled(
    rows: Sequence[dict[str, Any]], model: Mapping[str, str], opponent: Mapping[str, str]
) -> LengthControlled | None:
    """Fit logit P(model wins) = level + slot x (shown first 1, second -1) + length x tanh(log ratio / sd) over all calls.

    The ratio is the model's words to the opponent's, sd that of its logarithm over the events; a tie is half a win. The
    rate is the mean over both slots with the length's part left out. Texts by `video_event_id`; events without both are
    left out, None where none has them.
    """
    rows = [row for row in rows if row["video_event_id"] in model and row["video_event_id"] in opponent]
    if not rows:
        return None
    keys = [row["video_event_id"] for row in rows]
    ratio = np.log([words(model[key]) / words(opponent[key]) for key in keys])
    length = np.tanh(ratio / (ratio.std() or 1.0))
    won = np.array([_WORTH[row[order]] for order in ("ab_winner", "ba_winner") for row in rows])
    first = np.repeat([1.0, -1.0], len(rows))
    design = np.stack([np.ones(len(won)), first, np.tile(length, 2)], axis=1)
    beta, inverse = fit(design, won)
    ends = _logistic(beta[0] + beta[1] * np.array([1.0, -1.0]))
    share = float(ends.mean())
    slope = ends * (1 - ends) / 2
    gradient = np.array([slope.sum(), slope[0] - slope[1], 0.0])
    influence = (design * (won - _logistic(design @ beta))[:, None]) @ inverse @ gradient
    each = share + len(rows) * (influence[: len(rows)] + influence[len(rows) :])
    found = rate(each, [video_of(row) for row in rows])
    found = Rate(share, min(found.low, share), max(found.high, share), found.n, found.clusters).scaled(100)
    longer = float((ratio > 0).mean())
    few = min(longer, 1 - longer) < _SIDE
    return LengthControlled(found, float(beta[1]), float(beta[2]), float(np.exp(np.median(ratio))), 100 * longer, few)


def fit(design: np.ndarray, won: np.ndarray, ridge: float = RIDGE) -> tuple[np.ndarray, np.ndarray]:
    """(Coefficients, inverse of the information) of a logistic regression by Newton; the first column is not penalised."""
    beta, penalty = np.zeros(design.shape[1]), ridge * np.diag([0.0, *[1.0] * (design.shape[1] - 1)])
    penalty[0, 0] = 1e-9  # all won or all lost: the level ends where it stands after the last step
    inverse = np.eye(design.shape[1])
    for _ in range(50):
        chance = _logistic(design @ beta)
        inverse = np.linalg.inv(design.T @ (design * (chance * (1 - chance))[:, None]) + penalty)
        step = inverse @ (design.T @ (won - chance) - penalty @ beta)
        beta = beta + np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-9:
            break
    return beta, inverse


def _logistic(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-np.clip(x, -30, 30)))
