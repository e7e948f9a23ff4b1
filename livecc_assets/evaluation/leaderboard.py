"""The leaderboard: one table and one JSON document over all experiments, with intervals and the data behind them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from livecc_assets.evaluation.cc_score import NOT_APPLICABLE
from livecc_assets.evaluation.event_f1 import EventF1, event_f1_gain
from livecc_assets.evaluation.intervals import FEW
from livecc_assets.evaluation.schemas import score_row
from livecc_assets.evaluation.statistics import DRAWS

Rows = Sequence[dict[str, Any]]

#: (score asset, metric, name on the leaderboard), in the order of the columns.
COLUMNS = (
    ("livesports_cc_score", "event_f1", "event_f1"),
    ("livesports_cc_score", "win_rate", "win_rate"),
    ("livesports_cc_score", "position_gap", "position_gap"),
    ("livesports_qa_score", "accuracy", "livesports_qa"),
    ("videomme_score", "accuracy", "videomme"),
    ("mvbench_score", "mean_accuracy", "mvbench"),
    ("ovobench_score", "mean_accuracy", "ovobench"),
    ("livesports_cc_score", "words_per_second", "words_per_second"),
)
#: Columns of text that the table needs with the experiments down.
WIDE = 140
GUESS, GAIN = "baseline: guess", "event_f1_gain"
PAIRED = ("-streaming", "-blind")


@dataclass(frozen=True)
class ExperimentScores:
    """What one experiment brings: rows of its score assets, its commentary, and data versions by 'asset[partition]'."""

    scores: Mapping[str, Rows]
    commentary: Rows = ()
    data_versions: Mapping[str, str] = field(default_factory=dict)


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
        rows.append(_from_score(f"{first} - {second}", GAIN, shown, versions))
    for one in experiments.values():
        for score in one.scores.get("livesports_cc_score", ()):
            if score["metric"] == "event_f1_guess":
                versions = {k: v for k, v in one.data_versions.items() if k.startswith("livesports_events")}
                rows.append(_from_score(GUESS, "event_f1", score, versions))
                return rows
    return rows


def document(rows: Rows) -> dict[str, Any]:
    """The JSON document of `livecc leaderboard --json`.

    `experiments`: name -> {metric: value, metric_interval: [low, high], ..., n, videos, too_few, data_versions}; `too_few`
    names the metrics of fewer than 5 videos; `position_gap` is the text 'not applicable' for a judge without order.
    `event_f1_gain`: one entry a pair; `baselines`: name -> metrics.
    """
    found: dict[str, Any] = {"experiments": {}, GAIN: [], "baselines": {}}
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
        entry.setdefault("data_versions", {}).update(json.loads(row["data_versions"]))
    return found


def rows_of(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows behind a document, for showing it again."""
    rows = []
    for kind, prefix in (("experiments", ""), ("baselines", "baseline: ")):
        for name, entry in document[kind].items():
            for metric, n in entry.get("n", {}).items():
                value = None if entry[metric] == NOT_APPLICABLE else entry[metric]
                note, videos = (entry.get(part, {}).get(metric) for part in ("notes", "videos"))
                shown = score_row(metric, "all", value, n, entry.get(f"{metric}_interval"), note, videos)
                rows.append(_from_score(prefix + name, metric, shown, entry.get("data_versions", {})))
    for gain in document[GAIN]:
        videos = gain["videos"]
        shown = score_row(GAIN, "all", gain["value"], videos, gain["interval"], gain["note"], videos)
        rows.append(_from_score(f"{gain['first']} - {gain['second']}", GAIN, shown, {}))
    return rows


def render(document: Mapping[str, Any]) -> None:
    """Print a document as a table on the terminal."""
    from rich.console import Console

    console = Console()
    console.print(table(rows_of(document), narrow=console.width < WIDE))


def table(rows: Rows, narrow: bool = False) -> Any:
    """A rich table: experiments down, metrics across, '54.2 [48.9, 59.0]' in the cells; the other way round if narrow."""
    from rich.table import Table

    plain = [row for row in rows if row["metric"] != GAIN]
    metrics = [name for _, _, name in COLUMNS if any(row["metric"] == name for row in plain)]
    cells = {(row["experiment"], row["metric"]): cell(row) for row in plain}
    experiments = list(dict.fromkeys(row["experiment"] for row in plain))
    down, across = (metrics, experiments) if narrow else (experiments, metrics)
    shown = Table(title="Leaderboard", caption=_caption(rows), caption_justify="left")
    shown.add_column("" if narrow else "experiment", no_wrap=True)
    for name in across:
        shown.add_column(name, justify="right", overflow="fold")
    for name in down:
        keys = [(other, name) if narrow else (name, other) for other in across]
        shown.add_row(name, *(cells.get(key, "") for key in keys))
    return shown


def text(rows: Rows, width: int = 160) -> str:
    """The table as plain text."""
    from rich.console import Console

    console = Console(width=width, no_color=True, force_terminal=False)
    with console.capture() as capture:
        console.print(table(rows))
    return capture.get()


def cell(row: dict[str, Any]) -> str:
    """Value and interval as people read them."""
    if row["value"] is None:
        return "n/a"
    shown = f"{row['value']:.1f}" + ("" if row["low"] is None else f" [{row['low']:.1f}, {row['high']:.1f}]")
    return shown + (" too few" if (row.get("clusters") or FEW) < FEW else "")


def _caption(rows: Rows) -> str:
    lines = [f"{GAIN}: {row['experiment']} = {cell(row)} {row['note']}" for row in rows if row["metric"] == GAIN]
    lines += [f"{row['experiment']}: {row['note']}" for row in rows if row["experiment"] == GUESS]
    return "\n".join([*lines, f"Values in percent with 95 % intervals over videos; too few: of fewer than {FEW}."])


def _experiment_rows(name: str, one: ExperimentScores) -> list[dict[str, Any]]:
    rows = []
    for asset, metric, shown in COLUMNS:
        for score in one.scores.get(asset, ()):
            if (score["metric"], score["subset"]) == (metric, "all"):
                rows.append(_from_score(name, shown, score, one.data_versions))
    return rows


def _from_score(name: str, metric: str, score: dict[str, Any], versions: Mapping[str, str]) -> dict[str, Any]:
    shown = {key: score[key] for key in ("value", "low", "high", "n", "clusters", "note")}
    return {"experiment": name, "metric": metric, **shown, "data_versions": json.dumps(dict(sorted(versions.items())))}
