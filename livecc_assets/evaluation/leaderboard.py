"""The leaderboard: one table and one JSON document over all experiments, with intervals and the data behind them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from livecc_assets.evaluation.cc_score import NOT_APPLICABLE
from livecc_assets.evaluation.compared import LEVEL, apart, compare
from livecc_assets.evaluation.conditions import Conditions
from livecc_assets.evaluation.event_f1 import EventF1, event_f1_gain
from livecc_assets.evaluation.intervals import FEW
from livecc_assets.evaluation.measures import MEASURES
from livecc_assets.evaluation.pairs import holm
from livecc_assets.evaluation.schemas import score_row
from livecc_assets.evaluation.statistics import DRAWS

Rows = Sequence[dict[str, Any]]

GUESS, GAIN = "baseline: guess", "event_f1_gain"
PAIRED = ("-streaming", "-blind")
#: How a row was got, beside its value.
CONDITIONS = ("chance", "judge", "opponent", "protocol", "rules", "data")


@dataclass(frozen=True)
class ExperimentScores:
    """What one experiment brings: rows of its score assets, its commentary, and data versions by 'asset[partition]'.

    `conditions` by score asset, `chances` (percent) by measure; `singles` are the rows of `single_scores`.
    """

    scores: Mapping[str, Rows]
    commentary: Rows = ()
    data_versions: Mapping[str, str] = field(default_factory=dict)
    conditions: Mapping[str, Conditions] = field(default_factory=dict)
    chances: Mapping[str, float] = field(default_factory=dict)
    singles: Rows = ()


def pairs_to_compare(experiments: Sequence[str]) -> list[tuple[str, str]]:
    """(seeing, blind) experiments: those whose names differ in '-streaming' and '-blind' only."""
    seeing, blind = PAIRED
    names = {name: name.removesuffix(seeing) + blind for name in experiments if name.endswith(seeing)}
    return [(name, other) for name, other in names.items() if other in experiments]


def leaderboard_rows(
    experiments: Mapping[str, ExperimentScores],
    events: Rows = (),
    pairs: Sequence[tuple[str, str]] | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> list[dict[str, Any]]:
    """Rows of the leaderboard: each experiment's scores, the paired gains in event F1, the guessing baseline.

    `pairs` are (first, second) experiments whose difference is wanted; by default each '-streaming' with its '-blind'.
    """
    rows = [row for name, one in experiments.items() for row in _experiment_rows(name, one)]
    scorer = EventF1(events)
    for first, second in pairs_to_compare(list(experiments)) if pairs is None else pairs:
        if not (experiments[first].commentary and experiments[second].commentary and any(scorer.truth.values())):
            continue
        gain = event_f1_gain(scorer, experiments[first].commentary, experiments[second].commentary, draws, seed)
        videos = len({video for video, _ in scorer.truth})
        note = f"points over the same {videos} videos; permutation p = {gain.p_value:.4f}"
        versions = {**experiments[first].data_versions, **experiments[second].data_versions}
        shown = score_row(GAIN, "all", gain.value, videos, (gain.low, gain.high), note, videos)
        rows.append(_from_score(f"{first} - {second}", GAIN, shown, versions, _about(experiments[first], "event_f1")))
    for one in experiments.values():
        for score in one.scores.get("livesports_cc_score", ()):
            if score["metric"] == "event_f1_guess":
                versions = {k: v for k, v in one.data_versions.items() if k.startswith("livesports_events")}
                rows.append(_from_score(GUESS, "event_f1", score, versions, _about(one, "event_f1")))
                return rows
    return rows


def sight(experiments: Mapping[str, ExperimentScores], rows: Rows) -> list[dict[str, Any]]:
    """Whether models that see stand above those that do not: an entry a pair and measure.

    `first` and `second` name the pair; `above` tells whether the first one's interval lies above the second's, `told_apart`
    whether the paired test tells them apart. p_holm is corrected for the pair's measures.
    """
    singles = [{**row, "experiment": name} for name, one in experiments.items() for row in one.singles]
    shown = {(row["experiment"], row["metric"]): row for row in rows}
    found: list[dict[str, Any]] = []
    for first, second in pairs_to_compare(list(experiments)):
        entries = compare([row for row in singles if row["experiment"] in (first, second)], second, [first])
        corrected = holm({entry["measure"]: entry["p"] for entry in entries if "p" in entry})
        for entry in entries:
            measure, told = entry["measure"], {"first": first, "second": second, **entry}
            ends = [shown.get((name, measure)) for name in (first, second)]
            del told["experiment"]
            if measure in corrected and ends[0] and ends[1]:
                p = corrected[measure]
                told |= {"p_holm": p, "above": apart(ends[0], ends[1]), "told_apart": p < LEVEL}
            found.append(told)
    return found


def document(rows: Rows, seen: Rows = ()) -> dict[str, Any]:
    """The JSON document of `livecc leaderboard --json`, as far as it is measured here.

    `experiments`: name -> {metric: value, metric_interval: [low, high], ..., n, videos, too_few, data_versions}; `too_few`
    names the metrics of fewer than 5 videos; `position_gap` is the text 'not applicable' for a judge without order. By metric:
    `notes`, `chance`, `judge`, `opponent`, `protocol`, `rules`, and `data`: 'sample' (the generated world), 'own' or 'published'.
    `event_f1_gain`: one entry a pair; `sight`: the entries of :func:`sight`; `baselines`: name -> metrics.
    """
    found: dict[str, Any] = {"experiments": {}, GAIN: [], "sight": list(seen), "baselines": {}}
    for row in rows:
        interval = None if row["low"] is None else [row["low"], row["high"]]
        if row["metric"] == GAIN:
            first, _, second = row["experiment"].partition(" - ")
            gain = {"first": first, "second": second, "value": row["value"], "interval": interval}
            found[GAIN].append({**gain, "videos": row["n"], "note": row["note"]})
            continue
        kind = "baselines" if row["experiment"] == GUESS else "experiments"
        entry = found[kind].setdefault(row["experiment"].removeprefix("baseline: "), {})
        entry[row["metric"]] = NOT_APPLICABLE if row["value"] is None else row["value"]
        if interval is not None:
            entry[f"{row['metric']}_interval"] = interval
        entry.setdefault("n", {})[row["metric"]] = row["n"]
        if row["clusters"] is not None:
            entry.setdefault("videos", {})[row["metric"]] = row["clusters"]
            if row["clusters"] < FEW:
                entry.setdefault("too_few", []).append(row["metric"])
        if row["note"]:
            entry.setdefault("notes", {})[row["metric"]] = row["note"]
        for name in CONDITIONS:
            if row[name] is not None:
                entry.setdefault(name, {})[row["metric"]] = row[name]
        entry.setdefault("data_versions", {}).update(json.loads(row["data_versions"]))
    return found


def rows_of(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows behind a document, for showing it again; one of an earlier version tells less of how they were got."""
    rows = []
    for kind, prefix in (("experiments", ""), ("baselines", "baseline: ")):
        for name, entry in document[kind].items():
            for metric, n in entry.get("n", {}).items():
                value = None if entry[metric] == NOT_APPLICABLE else entry[metric]
                note, videos = (entry.get(part, {}).get(metric) for part in ("notes", "videos"))
                shown = score_row(metric, "all", value, n, entry.get(f"{metric}_interval"), note, videos)
                about = {part: entry.get(part, {}).get(metric) for part in CONDITIONS}
                rows.append(_from_score(prefix + name, metric, shown, entry.get("data_versions", {}), about))
    for gain in document[GAIN]:
        videos = gain["videos"]
        shown = score_row(GAIN, "all", gain["value"], videos, gain["interval"], gain["note"], videos)
        rows.append(_from_score(f"{gain['first']} - {gain['second']}", GAIN, shown, {}, {}))
    return rows


def _experiment_rows(name: str, one: ExperimentScores) -> list[dict[str, Any]]:
    rows = []
    for measure in MEASURES:
        for score in one.scores.get(measure.asset, ()):
            if (score["metric"], score["subset"]) == (measure.metric, measure.subset):
                rows.append(_from_score(name, measure.name, score, one.data_versions, _about(one, measure.name)))
    return rows


def _about(one: ExperimentScores, name: str) -> dict[str, Any]:
    """How a measure was got; the judge and the rules belong to what the judge decided."""
    measure = next(each for each in MEASURES if each.name == name)
    about: dict[str, Any] = {"chance": one.chances.get(name)}
    if (own := one.conditions.get(measure.asset)) is None:
        return about
    about |= {"protocol": own.protocol, "data": own.data}
    return about if name in ("event_f1", "words_per_second") else about | {
        "judge": own.judge, "opponent": own.opponent, "rules": own.rules
    }  # fmt: skip


def _from_score(
    name: str, metric: str, score: dict[str, Any], versions: Mapping[str, str], about: Mapping[str, Any]
) -> dict[str, Any]:
    shown = {key: score[key] for key in ("value", "low", "high", "n", "clusters", "note")}
    told = {key: about.get(key) for key in CONDITIONS}
    return {
        "experiment": name,
        "metric": metric,
        **shown,
        **told,
        "data_versions": json.dumps(dict(sorted(versions.items()))),
    }
