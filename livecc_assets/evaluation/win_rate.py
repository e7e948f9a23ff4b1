"""Win rates from pairwise judgements, with slot preference, flips and intervals beside them (method 4.3, 5.1)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from livecc_assets.core.rules import Rule
from livecc_assets.evaluation.intervals import DRAWS, Rate, rate
from livecc_assets.evaluation.pairs import paired, percent
from livecc_assets.evaluation.schemas import rate_row
from livecc_assets.evaluation.statistics import Paired

#: (Name, above, up to) in seconds of the event.
DURATIONS = (("le30", 0.0, 30.0), ("30_60", 30.0, 60.0), ("gt60", 60.0, float("inf")))


class WinCounts(NamedTuple):
    """Counts of one run; `wins` are over two calls an event."""

    events: int
    wins_as_a: int
    wins_as_b: int
    ties_ab: int
    ties_ba: int
    both: int
    a_only: int
    b_only: int
    neither: int
    flips: int

    @property
    def wins(self) -> int:
        """Calls that the model won."""
        return self.wins_as_a + self.wins_as_b

    def win_rate(self, rule: Rule = "corrected") -> float:
        """Share of calls won, percent. A tie counts nothing when `released`, half a win when `corrected`."""
        ties = self.ties_ab + self.ties_ba if rule == "corrected" else 0
        return _percent(self.wins + ties / 2, 2 * self.events)

    @property
    def rate_as_a(self) -> float:
        """Share of calls won where the model was shown first, percent."""
        return _percent(self.wins_as_a, self.events)

    @property
    def rate_as_b(self) -> float:
        """Share of calls won where the model was shown second, percent."""
        return _percent(self.wins_as_b, self.events)

    @property
    def position_gap(self) -> float:
        """How many points the first slot is worth: rate as A minus rate as B."""
        return self.rate_as_a - self.rate_as_b

    @property
    def flip_rate(self) -> float:
        """Share of events whose winner changes with the order, percent."""
        return _percent(self.flips, self.events)

    @property
    def consistent_only(self) -> float:
        """Wins among the events that one side wins in both orders, percent."""
        return _percent(self.both, self.both + self.neither)


def count(rows: Iterable[dict[str, Any]]) -> WinCounts:
    """Count judgement rows. `neither`: the opponent wins in both orders. An event with a tie is no flip."""
    totals = dict.fromkeys(WinCounts._fields, 0)
    for row in rows:
        ab, ba = row["ab_winner"], row["ba_winner"]
        totals["events"] += 1
        totals["wins_as_a"] += ab == "model"
        totals["wins_as_b"] += ba == "model"
        totals["ties_ab"] += ab == "tie"
        totals["ties_ba"] += ba == "tie"
        totals["both"] += ab == ba == "model"
        totals["neither"] += ab == ba == "opponent"
        totals["a_only"] += ab == "model" != ba
        totals["b_only"] += ba == "model" != ab
        totals["flips"] += {ab, ba} == {"model", "opponent"}
    return WinCounts(**totals)


def event_scores(rows: Sequence[dict[str, Any]], rule: Rule = "corrected") -> np.ndarray:
    """Share of its two calls that the model won, for each event [N]."""
    return np.array([(_worth(row["ab_winner"], rule) + _worth(row["ba_winner"], rule)) / 2 for row in rows])


def win_rate(rows: Sequence[dict[str, Any]], rule: Rule = "corrected", draws: int = DRAWS, seed: int = 0) -> Rate:
    """Win rate in percent with a 95 % interval over videos."""
    return rate(event_scores(rows, rule), [video_of(row) for row in rows], draws=draws, seed=seed).scaled(100)


def rates(rows: Sequence[dict[str, Any]], rule: Rule = "corrected", errors: Sequence[str] = ()) -> dict[str, Rate]:
    """Every rate of a run in percent with its interval over videos: the win rate and how far the order decided it.

    `errors` are the videos of the events without a verdict; `error_rate` is such events' share of all.
    """
    ab, ba = ([row[order] for row in rows] for order in ("ab_winner", "ba_winner"))
    a, b = (np.array([winner == "model" for winner in side], dtype=float) for side in (ab, ba))
    ties = np.array([((x == "tie") + (y == "tie")) / 2 for x, y in zip(ab, ba, strict=True)])
    flips = np.array([{x, y} == {"model", "opponent"} for x, y in zip(ab, ba, strict=True)], dtype=float)
    videos = [video_of(row) for row in rows]
    decided = [number for number, (x, y) in enumerate(zip(ab, ba, strict=True)) if x == y != "tie"]
    found = {
        "win_rate": rate(event_scores(rows, rule), videos),
        "rate_as_A": rate(a, videos),
        "rate_as_B": rate(b, videos),
        "flip_rate": rate(flips, videos),
        "consistent_only_win_rate": rate(a[decided], [videos[number] for number in decided]),
        "tie_rate": rate(ties, videos),
    }
    if errors:
        found["error_rate"] = rate([0.0] * len(rows) + [1.0] * len(errors), [*videos, *errors])
    shown = {name: one.scaled(100) for name, one in found.items()}
    return shown | {"position_gap": rate((1 + a - b) / 2, videos).scaled(200, -100)}


#: Rates beside the win rate: (name in a score table, name among `rates`, note).
_BESIDE = (
    ("win_rate_as_a", "rate_as_A", "the model's commentary shown first"),
    ("win_rate_as_b", "rate_as_B", "the model's commentary shown second"),
    ("position_gap", "position_gap", "points that being shown first is worth"),
    ("flip_rate", "flip_rate", "events whose winner changes with the order"),
    ("consistent_only_win_rate", "consistent_only_win_rate", "one winner in both orders"),
    ("tie_rate", "tie_rate", "calls that ended in a tie"),
)


def order_rows(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Score rows of how far the order of showing decided, each rate with its interval, n and videos."""
    found = rates(rows)
    return [rate_row(metric, "all", found[name], note) for metric, name, note in _BESIDE if found[name].n]


def compare_runs(first: Sequence[dict[str, Any]], second: Sequence[dict[str, Any]], rule: Rule = "corrected") -> Paired:
    """Win rate of the first run minus that of the second in points, over the events that both were judged on.

    ValueError where there is none.
    """
    left, right = ({row["video_event_id"]: row for row in rows} for rows in (first, second))
    keys = sorted(left.keys() & right.keys())
    if not keys:
        raise ValueError("the two runs share no event")
    first_scores, second_scores = (event_scores([side[key] for key in keys], rule) for side in (left, right))
    return percent(paired(first_scores, second_scores, [video_of(left[key]) for key in keys]))


def video_of(row: dict[str, Any]) -> str:
    """The video of a judgement row."""
    return row["video_event_id"].rsplit("_", 1)[0]


def _worth(winner: str, rule: Rule) -> float:
    """What a call counts; a tie half a win when `corrected`."""
    return 1.0 if winner == "model" else 0.5 if winner == "tie" and rule == "corrected" else 0.0


def _percent(part: float, whole: float) -> float:
    return 100 * part / whole if whole else 0.0
