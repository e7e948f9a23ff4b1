"""An event of the benchmark side by side: what the human and the experiments' models said, and what the judge found of it.

Everything is served from stored artifacts; nothing is computed again (method 4.2, 4.3).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any, Literal

from livecc_assets.commentary.side_by_side import Column
from livecc_assets.commentary.utterance import Utterance
from livecc_assets.core.errors import UserError
from livecc_assets.store.artifact import Artifact
from livecc_assets.store.store import Store

EVENTS, COMMENTARY, JUDGEMENTS = "livesports_events", "livesports_commentary", "livesports_judgements"
HUMAN = "Human commentary"

Outcome = Literal["won", "lost", ""]
_CALL = {"model": "wins", "opponent": "loses", "tie": "ties"}


def event_name(event: dict[str, Any]) -> str:
    """How an event is named on the command line."""
    return f"{event['video_id']}/{event['event_id']}"


def find_event(store: Store, name: str) -> dict[str, Any]:
    """The row of ``livesports_events`` called ``VIDEO_ID/EVENT_ID``, or as judgements call it.

    Raises UserError where there is none, with names that are near.
    """
    events = store.current(EVENTS, "all")
    if events is None:
        raise UserError(
            f"{name}: no such file, and there are no benchmark events yet; give the path of a video, or run `livecc demo`"
        )
    names: list[str] = []
    for event in events.rows():
        if name in (event_name(event), f"{event['video_id']}_{event['event_id']}"):
            return event
        names.append(event_name(event))
    near = get_close_matches(name, names, 3, 0.4) or names[:3]
    hint = f"there are {', '.join(near)}" if near else f"{EVENTS} is empty"
    raise UserError(f"{name}: no such file, and no such event in {EVENTS}; events are VIDEO_ID/EVENT_ID, {hint}")


def event_columns(store: Store, event: dict[str, Any], experiments: Sequence[str]) -> list[Column]:
    """The human's column, then one for each experiment in the order given; seconds of the source video.

    Raises UserError where an experiment has no commentary or verdicts of the event, or none of the current benchmark.
    """
    return [human_column(event), *(_column(store, event, name) for name in experiments)]


def human_column(event: dict[str, Any]) -> Column:
    """What the human said during the event; the words of a sentence share its time."""
    rows = sorted((float(start), float(end), text.strip()) for start, end, text in json.loads(event["event_asr"]))
    # Sentences that overlap end where the next one begins: the page lights words in the order of their times.
    nexts = [*(start for start, _, _ in rows[1:]), float("inf")]
    said = [
        Utterance(start, max(start, min(end, after)), text)
        for (start, end, text), after in zip(rows, nexts, strict=True)
    ]
    return Column(HUMAN, said, note="the judge's reference")


def verdict(row: dict[str, Any]) -> tuple[str, Outcome]:
    """A judgement row in words, and whether it is for or against the model."""
    ab, ba, opponent = row["ab_winner"], row["ba_winner"], row["opponent"]
    scores = ""
    if row["score_model"] is not None and row["score_opponent"] is not None:
        scores = f" ({row['score_model']:.4g} to {row['score_opponent']:.4g})"
    said = f"judge {row['judge']}: "
    if ab != ba:
        return f"{said}{_CALL[ab]} when shown before {opponent}, {_CALL[ba]} when shown after{scores}", ""
    if ab == "tie":
        return f"{said}tie with {opponent}{scores}", ""
    if ab == "model":
        return f"{said}closer to the human than {opponent}{scores}", "won"
    return f"{said}{opponent} is closer to the human{scores}", "lost"


def _column(store: Store, event: dict[str, Any], experiment: str) -> Column:
    key = (event["video_id"], event["event_id"])
    commentary = _current(store, COMMENTARY, experiment, EVENTS, "all")
    judgements = _current(store, JUDGEMENTS, experiment, COMMENTARY, experiment)
    row = next((row for row in commentary.rows() if (row["video_id"], row["event_id"]) == key), None)
    if row is None:
        raise UserError(
            f"{COMMENTARY}[{experiment}] holds nothing of {event_name(event)}; `livecc rejected {COMMENTARY} {experiment}` "
            "says why"
        )
    said = [Utterance(one["start"], one["end"], one["text"]) for one in row["utterances"]]
    return Column(experiment, said, *_verdict_of(judgements, f"{key[0]}_{key[1]}"))


def _verdict_of(judgements: Artifact, name: str) -> tuple[str, Outcome]:
    for row in judgements.rows():
        if row["video_event_id"] == name:
            return verdict(row)
    why = next((row["detail"] for row in judgements.rejected() if row["id"] == name), "not judged")
    return f"no verdict: {why}", ""


def _current(store: Store, asset: str, experiment: str, of_asset: str, of_partition: str) -> Artifact:
    """The experiment's current artifact, where it was made from the current one of ``of_asset``."""
    remedy = f"run `livecc evaluate {experiment}`"
    found = store.current(asset, experiment)
    if found is None:
        known = ", ".join(store.partitions(asset)) or "none yet"
        raise UserError(f"{asset}[{experiment}] was never materialised (there are: {known}); {remedy}")
    source = store.current(of_asset, of_partition)
    pinned = {(pin.asset, pin.partition): pin.data_version for pin in found.manifest.upstream}
    if source is None or pinned.get((of_asset, of_partition)) != source.data_version:
        raise UserError(f"{asset}[{experiment}] was made from another {of_asset}[{of_partition}]; {remedy}")
    return found
