"""Pictures for the pages of the benchmark assets."""

import json
from typing import Any

from livecc_assets.evaluation.board_formats import markdown
from livecc_assets.evaluation.board_page import page
from livecc_assets.evaluation.divided import as_markdown, closest, divided, judgements_behind
from livecc_assets.evaluation.gathering import DOCUMENT
from livecc_assets.media.charts import funnel, win_rate_bars
from livecc_assets.source.pictures import reasons
from livecc_assets.store.artifact import Artifact

Drawn = dict[str, bytes | str]


def events(artifact: Artifact, config: dict[str, Any]) -> Drawn:
    """Clips that became events, and why the others did not."""
    return {"funnel": funnel([("events", artifact.count, reasons(artifact))])}


def _bars(rows: list[tuple[str, dict[str, Any]]], title: str, reference: float | None) -> bytes:
    shown = [(label, row["value"], row["low"], row["high"]) for label, row in rows]
    return win_rate_bars(shown, title=title, reference=reference)


def cc_score(artifact: Artifact, config: dict[str, Any]) -> Drawn:
    """Every rate in percent with its interval, and how to see the closest calls beside the human words."""
    shown = [row for row in artifact.rows() if row["low"] is not None and not row["metric"].endswith("kappa")]
    rows = [(f"{row['metric']} {row['subset']}".strip(), row) for row in shown]
    drawn: Drawn = {"scores": _bars(rows, "LiveSports-3K CC", None)} if rows else {}
    looks = [look for name, judged in judgements_behind(artifact).items() for look in closest(name, judged)]
    return drawn | ({"compare": as_markdown(looks)} if looks else {})


def accuracy(artifact: Artifact, config: dict[str, Any]) -> Drawn:
    """Accuracy by subset with intervals."""
    rows = [(row["subset"] or row["metric"], row) for row in artifact.rows() if row["metric"] == "accuracy"]
    return {"accuracy": _bars(rows, artifact.asset, None)} if rows else {}


def leaderboard(artifact: Artifact, config: dict[str, Any]) -> Drawn:
    """Win rate and event F1 of every experiment, the whole board, and how to see side by side the events on which they part."""
    drawn: Drawn = {}
    for metric, title, reference in (
        ("win_rate", "Win rate against the opponent", 50.0),
        ("event_f1", "Event F1", None),
    ):
        found = [row for row in artifact.rows() if row["metric"] == metric and row["value"] is not None]
        rows = [(row["experiment"], row) for row in found]
        if rows:
            drawn[metric] = _bars(rows, title, reference)
    if DOCUMENT in artifact.names:
        drawn["board"] = markdown(page(json.loads(artifact.path(DOCUMENT).read_text("utf-8"))), level=3)
    looks = divided(judgements_behind(artifact))
    return drawn | ({"compare": as_markdown(looks)} if looks else {})
