"""Pictures for the pages of the benchmark assets."""

from typing import Any

from livecc_assets.media.charts import funnel, win_rate_bars
from livecc_assets.source.pictures import reasons
from livecc_assets.store.artifact import Artifact

Drawn = dict[str, bytes | str]


def events(artifact: Artifact, config: dict[str, Any]) -> Drawn:
    """Clips that became events, and why the others did not."""
    return {"funnel": funnel([("events", artifact.count, reasons(artifact))])}


def commentary(artifact: Artifact, config: dict[str, Any]) -> Drawn:
    """What the model said of the first event."""
    row = next((row for row in artifact.rows() if row["utterances"]), None)
    if row is None:
        return {"first event": "*the model said nothing*"}
    said = [f"- {one['start']:.1f}-{one['end']:.1f} s: {one['text']}" for one in row["utterances"]]
    return {"first event": f"{row['video_id']}, event {row['event_id']}\n\n" + "\n".join(said)}


def _bars(rows: list[tuple[str, dict[str, Any]]], title: str, reference: float | None) -> bytes:
    shown = [(label, row["value"], row["low"], row["high"]) for label, row in rows]
    return win_rate_bars(shown, title=title, reference=reference)


def cc_score(artifact: Artifact, config: dict[str, Any]) -> Drawn:
    """Win rate and event F1 with their intervals."""
    rows = [(f"{row['metric']} {row['subset']}".strip(), row) for row in artifact.rows() if row["low"] is not None]
    return {"scores": _bars(rows, "LiveSports-3K CC", None)} if rows else {}


def accuracy(artifact: Artifact, config: dict[str, Any]) -> Drawn:
    """Accuracy by subset with intervals."""
    rows = [(row["subset"] or row["metric"], row) for row in artifact.rows() if row["metric"] == "accuracy"]
    return {"accuracy": _bars(rows, artifact.asset, None)} if rows else {}


def leaderboard(artifact: Artifact, config: dict[str, Any]) -> Drawn:
    """Win rate and event F1 of every experiment."""
    drawn: Drawn = {}
    for metric, title, reference in (
        ("win_rate", "Win rate against the opponent", 50.0),
        ("event_f1", "Event F1", None),
    ):
        rows = [(row["experiment"], row) for row in artifact.rows() if row["metric"] == metric]
        if rows:
            drawn[metric] = _bars(rows, title, reference)
    return drawn
