"""Win rates from pairwise judgements, with slot preference, flips and intervals beside them (method 4.3, 5.1)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from livecc_assets.core.errors import UserError
from livecc_assets.core.rules import Rule
from livecc_assets.evaluation.files import read_records, require_columns, require_ids
from livecc_assets.evaluation.statistics import DRAWS, Estimate, Paired, bootstrap, cluster_sums, paired_difference


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


def call_sums(rows: Sequence[dict[str, Any]], rule: Rule = "corrected") -> tuple[list[str], np.ndarray]:
    """(videos, [V, 2] of wins x 100 and calls): what intervals and paired tests resample."""
    tie = 0.5 if rule == "corrected" else 0.0
    worth = {"model": 1.0, "tie": tie, "opponent": 0.0}
    counters = [(100 * (worth[row["ab_winner"]] + worth[row["ba_winner"]]), 2.0) for row in rows]
    videos = [video_of(row) for row in rows]
    return list(dict.fromkeys(videos)), cluster_sums(videos, np.array(counters).reshape(-1, 2))


def win_rate(rows: Sequence[dict[str, Any]], rule: Rule = "corrected", draws: int = DRAWS, seed: int = 0) -> Estimate:
    """Win rate in percent with a 95 % interval over videos."""
    return bootstrap(call_sums(rows, rule)[1], draws=draws, seed=seed)


def compare_runs(
    first: Sequence[dict[str, Any]], second: Sequence[dict[str, Any]], rule: Rule = "corrected", draws: int = DRAWS
) -> Paired:
    """Win rate of the first run minus that of the second, over the events that both were judged on (at least one)."""
    keys = {row["video_event_id"] for row in first} & {row["video_event_id"] for row in second}
    if not keys:
        raise ValueError("the two runs share no event")
    pair = [
        sorted((r for r in rows if r["video_event_id"] in keys), key=lambda r: r["video_event_id"])
        for rows in (first, second)
    ]
    return paired_difference(call_sums(pair[0], rule)[1], call_sums(pair[1], rule)[1], draws=draws)


def video_of(row: dict[str, Any]) -> str:
    """The video of a judgement row."""
    return row["video_event_id"].rsplit("_", 1)[0]


def read_published(path: Path, model: str, opponent: str) -> list[dict[str, Any]]:
    """Judgements in the published format {video_event_id, ab_winner, ba_winner}, winners named by model id."""
    records = read_records(path)
    require_columns(path, records, ("video_event_id", "ab_winner", "ba_winner"), "expected a published judgement file")
    require_ids(path, records, ("video_event_id",))
    names = {model: "model", opponent: "opponent", "tie": "tie"}
    rows = []
    for record in records:
        unknown = {record["ab_winner"], record["ba_winner"]} - names.keys()
        if unknown:
            winner = unknown.pop()
            raise UserError(f"{path}: winner {winner!r} is not {model!r}, {opponent!r} or 'tie'; name the two judged")
        rows.append(
            {
                "video_event_id": record["video_event_id"],
                "judge": "published",
                "opponent": opponent,
                "ab_winner": names[record["ab_winner"]],
                "ba_winner": names[record["ba_winner"]],
                "score_model": None,
                "score_opponent": None,
            }
        )
    return rows


def _percent(part: float, whole: float) -> float:
    return 100 * part / whole if whole else 0.0
