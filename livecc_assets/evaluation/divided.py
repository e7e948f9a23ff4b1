"""Events that are worth a look side by side: those whose verdict was close, and those on which experiments part."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from livecc_assets.evaluation.comparison import verdict
from livecc_assets.store.artifact import Artifact
from livecc_assets.store.store import Store

Rows = Sequence[dict[str, Any]]
_WORTH = {"model": 1.0, "tie": 0.5, "opponent": 0.0}


class Look(NamedTuple):
    """An event to look at: its name for `livecc compare`, the experiments to name, and why."""

    event: str
    experiments: tuple[str, ...]
    why: str

    @property
    def command(self) -> str:
        """The command that writes the page."""
        models = " ".join(f"--model {shlex.quote(one)}" for one in self.experiments)
        return f"livecc compare {shlex.quote(self.event)} {models} -o compare.html"


def closest(experiment: str, judgements: Rows, most: int = 3) -> list[Look]:
    """Events of one experiment that were called closest: first those whose winner changes with the order.

    Then by the distance of the scores. Without scores a verdict that holds in both orders is not close, and is left out.
    """

    def margin(row: dict[str, Any]) -> float | None:
        if row["ab_winner"] != row["ba_winner"]:
            return -1.0
        if row["score_model"] is None or row["score_opponent"] is None:
            return 0.0 if row["ab_winner"] == "tie" else None
        return abs(row["score_model"] - row["score_opponent"])

    found = [(at, -(row["score_model"] or 0.0), row) for row in judgements if (at := margin(row)) is not None]
    found.sort(key=lambda one: (*one[:2], one[2]["video_event_id"]))
    return [Look(_named(row), (experiment,), verdict(row)[0]) for _, _, row in found[:most]]


def divided(judgements: Mapping[str, Rows], most: int = 3) -> list[Look]:
    """Events on which experiments part: one wins more of its calls than the other; the widest first.

    Calls won decide (a tie is half of one), then the distance of the scores.
    """
    by_event: dict[str, list[tuple[float, float, str, dict[str, Any]]]] = {}
    for experiment, rows in judgements.items():
        for row in rows:
            won = _WORTH[row["ab_winner"]] + _WORTH[row["ba_winner"]]
            by_event.setdefault(row["video_event_id"], []).append((won, row["score_model"] or 0.0, experiment, row))
    found: list[tuple[float, float, str, Look]] = []
    for event, calls in by_event.items():
        low, high = min(calls, key=lambda one: one[:3]), max(calls, key=lambda one: one[:3])
        if high[0] > low[0]:
            why = f"{high[2]}: {verdict(high[3])[0]}; {low[2]}: {verdict(low[3])[0]}"
            look = Look(_named(high[3]), (high[2], low[2]), why)
            found.append((low[0] - high[0], low[1] - high[1], event, look))
    return [look for *_, look in sorted(found, key=lambda one: one[:3])[:most]]


def as_markdown(looks: Sequence[Look]) -> str:
    """The commands for a page, each with the reason; they go into a shell as they are."""
    return "\n".join(f"{look.why}\n\n```\n{look.command}\n```\n" for look in looks)


def judgements_behind(artifact: Artifact) -> dict[str, Rows]:
    """Judgement rows by experiment that an artifact was made from, directly or through the experiments' scores."""
    store = Store(artifact.blobs.root, artifact.cache)
    found: dict[str, Rows] = {}
    for one in [artifact, *_upstream(store, artifact, "livesports_cc_score")]:
        for judged in _upstream(store, one, "livesports_judgements"):
            found[judged.partition] = list(judged.rows())
    return found


def _upstream(store: Store, artifact: Artifact, asset: str) -> list[Artifact]:
    pins = (pin for pin in artifact.manifest.upstream if pin.asset == asset)
    found = (store.at(store.place(pin.asset, pin.partition, pin.input_key)) for pin in pins)
    return [one for one in found if one is not None]


def _named(row: dict[str, Any]) -> str:
    video, _, number = row["video_event_id"].rpartition("_")
    return f"{video}/{number}"
