"""What a judgement file says: the document of `livecc score judgements` (method 4.3, 4.7, 5.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from livecc_assets.core.errors import UserError
from livecc_assets.core.rules import Rule
from livecc_assets.evaluation.canaries import failures
from livecc_assets.evaluation.files import read_records, require_columns, require_ids
from livecc_assets.evaluation.intervals import Rate
from livecc_assets.evaluation.judgement_files import Judged
from livecc_assets.evaluation.length_control import length_controlled
from livecc_assets.evaluation.statistics import Paired
from livecc_assets.evaluation.win_rate import DURATIONS, compare_runs, count, rates, win_rate
from livecc_assets.store.rows import Rejected

_RULES = {
    "released": "released: win_rate = wins/(2*events)*100; a tie or a baseline win adds nothing",
    "corrected": "corrected: win_rate = (wins + ties/2)/(2*events)*100",
}
Texts = Mapping[str, dict[str, Any]]


def read_predictions(path: Path) -> dict[str, dict[str, Any]]:
    """Rows {begin, end, pred} of a prediction file by `video_event_id`; UserError names the row that is no such."""
    records = read_records(path)
    columns = ("video_id", "event_id", "begin", "end", "pred")
    require_columns(path, records, columns, "expected predictions as published")
    require_ids(path, records, ("video_id", "event_id"))
    found = {}
    for number, record in enumerate(records, start=1):
        try:
            begin, end = float(record["begin"]), float(record["end"])
        except (TypeError, ValueError):
            raise UserError(f"{path} record {number}: begin and end are no seconds; mend it") from None
        if not isinstance(record["pred"], str):
            raise UserError(f"{path} record {number}: pred is no text; mend it")
        found[f"{record['video_id']}_{record['event_id']}"] = {"begin": begin, "end": end, "pred": record["pred"]}
    return found


def document(
    judged: Judged, rule: Rule = "corrected", predictions: Texts | None = None, opponents: Texts | None = None
) -> dict[str, Any]:
    """Counts and rates in percent; by duration where predictions tell it, at equal length where both sides' texts are there."""
    rows, errors = judged.rows, [one.video_id for one in judged.rejected if one.reason == "no_verdict"]
    counts, found = count(rows), rates(rows, rule, errors)
    document: dict[str, Any] = {
        "rule": _RULES[rule],
        "win_rate": round(found["win_rate"].value, 4) if rows else None,
        "win_rate_2dp": f"{found['win_rate'].value:.2f}" if rows else None,
        "win_rate_interval": interval(found["win_rate"]) if rows else None,
        "model_id": judged.model,
        "baseline_id": judged.opponent,
        "events": counts.events,
        "videos": found["win_rate"].clusters,
        "calls": 2 * counts.events,
        "wins": counts.wins,
        "wins_as_A": counts.wins_as_a,
        "wins_as_B": counts.wins_as_b,
        "both": counts.both,
        "A_only": counts.a_only,
        "B_only": counts.b_only,
        "neither": counts.neither,
        "ties_ab": counts.ties_ab,
        "ties_ba": counts.ties_ba,
        "flips": counts.flips,
        "errors": len(errors),
        "consistent_events": counts.both + counts.neither,
        **{name: round(one.value, 4) for name, one in found.items() if one.n and name != "win_rate"},
        "rates": {name: rate_entry(one) for name, one in found.items() if one.n},
        "rejected": rejected_entry(judged.rejected),
    }
    if judged.canaries is not None:
        document |= {"canaries": judged.canaries, "canaries_failed": failures(judged.canaries)}
    if predictions is not None:
        document |= _with_predictions(judged, rule, predictions, opponents)
    return document


def _with_predictions(judged: Judged, rule: Rule, predictions: Texts, opponents: Texts | None) -> dict[str, Any]:
    known = [row for row in judged.rows if row["video_event_id"] in predictions]
    if judged.rows and not known:
        raise UserError("the predictions hold none of the judged events; name those of the same benchmark")

    def seconds(row: dict[str, Any]) -> float:
        one = predictions[row["video_event_id"]]
        return one["end"] - one["begin"]

    parts = {name: [row for row in known if low < seconds(row) <= high] for name, low, high in DURATIONS}
    found: dict[str, Any] = {
        "events_without_prediction": len(judged.rows) - len(known),
        "by_duration_s": {name: _part(rows, rule) for name, rows in parts.items() if rows},
    }
    empty = count(row for row in known if not predictions[row["video_event_id"]]["pred"].strip().removesuffix("..."))
    found["empty_predictions"] = {
        "events": empty.events,
        "wins_as_A": empty.wins_as_a,
        "wins_as_B": empty.wins_as_b,
    }
    if opponents is not None:
        texts = [{key: one["pred"] for key, one in side.items()} for side in (predictions, opponents)]
        controlled = length_controlled(judged.rows, *texts)
        if controlled is None:
            raise UserError(
                "the opponent's predictions hold none of the judged events; name those of the same benchmark"
            )
        found |= {
            "length_controlled_win_rate": round(controlled.rate.value, 4),
            "length_controlled": rate_entry(controlled.rate)
            | {
                "slot": round(controlled.slot, 4),
                "length": round(controlled.length, 4),
                "median_length_ratio": round(controlled.median_ratio, 4),
                "longer_than_opponent": round(controlled.longer, 4),
                "extrapolated": controlled.extrapolated,
            },
        }
    return found


def _part(rows: Sequence[dict[str, Any]], rule: Rule) -> dict[str, Any]:
    counts, found = count(rows), win_rate(rows, rule)
    head = {"events": counts.events, "wins": counts.wins, "win_rate": round(found.value, 4)}
    return head | {"win_rate_interval": interval(found), "videos": found.clusters, "too_few": found.few}


def comparison(first: Judged, second: Judged, rule: Rule = "corrected") -> dict[str, Any]:
    """The first file's win rate minus the second's, in points, over the events that both have."""
    try:
        found = compare_runs(first.rows, second.rows, rule)
    except ValueError:
        raise UserError("the two files share no event; name files of the same benchmark") from None
    keys = [{row["video_event_id"] for row in one.rows} for one in (first, second)]
    shared = keys[0] & keys[1]
    return {
        "model_id": second.model,
        "baseline_id": second.opponent,
        "events": len(shared),
        "only_here": len(keys[0] - shared),
        "only_there": len(keys[1] - shared),
        **difference_entry(found),
    }


def interval(found: Rate | Paired) -> list[float]:
    """The ends of an interval as documents hold them."""
    return [round(found.low, 4), round(found.high, 4)]


def rate_entry(found: Rate) -> dict[str, Any]:
    """A rate as documents hold it."""
    head = {"value": round(found.value, 4), "interval": interval(found)}
    return head | {"n": found.n, "videos": found.clusters, "too_few": found.few}


def difference_entry(found: Paired) -> dict[str, Any]:
    """A paired difference as documents hold it."""
    return {"difference": round(found.value, 4), "interval": interval(found), "p": round(found.p_value, 6)}


def rejected_entry(rejected: Sequence[Rejected]) -> dict[str, Any]:
    """Rows that do not count: how many of each reason, and every one."""
    reasons = [one.reason for one in rejected]
    return {
        "rows": len(rejected),
        "reasons": {name: reasons.count(name) for name in dict.fromkeys(reasons)},
        "shown": [{"id": one.id, "reason": one.reason, "detail": one.detail} for one in rejected],
    }
