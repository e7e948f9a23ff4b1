"""Experiments compared with one of them, measure by measure, over the events and questions that both have (method 4.7)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from livecc_assets.evaluation.event_f1 import f1_gain
from livecc_assets.evaluation.measures import MEASURES
from livecc_assets.evaluation.pairs import holm, paired, percent
from livecc_assets.evaluation.single_scores import GAP, weights_of
from livecc_assets.evaluation.statistics import Paired

Rows = Sequence[dict[str, Any]]
#: Below this, corrected, a difference is told apart from chance.
LEVEL = 0.05


def compare(singles: Iterable[Mapping[str, Any]], against: str, others: Sequence[str] | None = None) -> Rows:
    """Differences to `against` of the other experiments (or of those named), each measure's p corrected for their number.

    `singles`: rows of `single_scores`. Each entry has experiment, measure, n, videos and difference (points), interval, p,
    p_holm; or a `reason` why there is none.
    """
    found: dict[str, dict[str, list[Mapping[str, Any]]]] = {}
    for row in singles:
        found.setdefault(row["measure"], {}).setdefault(row["experiment"], []).append(row)
    entries = []
    for measure in [one.name for one in MEASURES if one.name in found]:
        by_name = found[measure]
        chosen = [name for name in others or sorted(by_name) if name in by_name and name != against]
        entries += _measured(measure, by_name, against, chosen)
    return entries


def apart(first: Mapping[str, Any], second: Mapping[str, Any]) -> bool:
    """Whether the first rate's interval lies above the second's; both rows have low and high, or None."""
    return first["low"] is not None and second["high"] is not None and first["low"] > second["high"]


def _measured(
    measure: str, by_name: Mapping[str, Sequence[Mapping[str, Any]]], against: str, others: Sequence[str]
) -> Rows:
    entries = []
    for name in others:
        head: dict[str, Any] = {"experiment": name, "measure": measure}
        if against not in by_name:
            entries.append(head | {"reason": f"{against} was not scored on it"})
            continue
        first, second = ({row["item"]: row for row in by_name[one]} for one in (name, against))
        shared = [item for item in first if item in second]
        if first and second and next(iter(first.values()))["basis"] != next(iter(second.values()))["basis"]:
            entries.append(
                head | {"reason": f"{against} was scored on other items, by another judge or by other rules"}
            )
        elif not shared:
            entries.append(head | {"reason": f"no item in common with {against}"})
        else:
            one = _paired(measure, [first[item] for item in shared], [second[item] for item in shared])
            videos = len({first[item]["video"] for item in shared})
            told = {"difference": one.value, "interval": [one.low, one.high], "p": one.p_value}
            entries.append(head | {"n": len(shared), "videos": videos} | told)
    tested = {entry["experiment"]: entry["p"] for entry in entries if "p" in entry}
    corrected = holm(tested)
    return [entry | ({"p_holm": corrected[entry["experiment"]]} if "p" in entry else {}) for entry in entries]


def _paired(measure: str, first: Sequence[Mapping[str, Any]], second: Sequence[Mapping[str, Any]]) -> Paired:
    if measure == "event_f1":
        return f1_gain(_sums(first), _sums(second))
    strata = [row["stratum"] for row in first]
    values, others = ([row["value"] for row in side] for side in (first, second))
    found = percent(paired(values, others, [row["video"] for row in first], strata, weights_of(measure, strata)))
    if measure != GAP:
        return found
    return Paired(2 * found.value, 2 * found.low, 2 * found.high, found.p_value)


def _sums(rows: Sequence[Mapping[str, Any]]) -> np.ndarray:
    """Counters per video [V, 3]."""
    return np.array([[row["value"], row["claims"], row["events"]] for row in rows])
