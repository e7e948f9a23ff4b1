"""A LiveSports of one's own: proposals, written or ruled, and what annotators decided on them (method 4.1)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from livecc_assets.evaluation.decisions import agreement, decided_events, decided_questions, unknown
from livecc_assets.evaluation.livesports import fault_of_truth, propose_events
from livecc_assets.evaluation.review_sheet import event_key, read_sheets
from livecc_assets.runtime.task import Task
from livecc_assets.store.rows import Rejected

Row = dict[str, Any]


def build_events(task: Task, sentence_clips: Iterable[Row], source_rows: Iterable[Row]) -> None:
    """Write the asset's events; the metadata tells who proposed and how far annotators agree."""
    config = task.config
    sheets = read_sheets(config.get("decisions") or {})
    sources = list(source_rows)
    if config.get("proposer") == "chat":
        from livecc_assets.evaluation.proposing import propose
        from livecc_assets.models.chat_replies import client_of

        client = client_of(config["writer"], task.writer.blobs)
        proposed = list(propose(sentence_clips, sources, config, client))
        task.writer.metadata |= {"proposed_by": client.model}
    else:
        proposed = list(propose_events(sentence_clips, sources, config))
    task.writer.metadata |= against_truth(_rows(proposed), sources)
    if not sheets:
        task.writer.extend(proposed)
        return
    events = _rows(proposed)
    durations = {row["video_id"]: row["duration"] for row in sources if row.get("duration")}
    ids = [event_key(row) for row in events]
    task.writer.extend(one for one in proposed if isinstance(one, Rejected))
    task.writer.extend(decided_events(events, sheets, float(config.get("min_event_sec", 10)), durations))
    task.writer.extend(unknown(sheets, ids, "events"))
    task.writer.metadata |= {"proposed": len(events)} | agreement(sheets, ids)


def build_questions(task: Task, events: Iterable[Row]) -> None:
    """Write the asset's questions about the events that were kept."""
    config, rows = task.config, list(events)
    sheets = read_sheets(config.get("decisions") or {})
    if config.get("proposer") == "chat":
        from livecc_assets.evaluation.question_writer import write_questions
        from livecc_assets.models.chat_replies import client_of

        client = client_of(config["writer"], task.writer.blobs)
        proposed = list(write_questions(rows, config, client))
        task.writer.metadata |= {"proposed_by": client.model}
    else:
        from livecc_assets.evaluation.questions import propose_questions

        proposed = list(propose_questions(rows, config))
    if not sheets:
        task.writer.extend(proposed)
        return
    questions = _rows(proposed)
    ids = [row["question_id"] for row in questions]
    task.writer.extend(one for one in proposed if isinstance(one, Rejected))
    task.writer.extend(decided_questions(questions, sheets))
    # Those about an event that was not kept went with it.
    kept = tuple(f"{event_key(row)}_" for row in rows)
    gone = [key for sheet in sheets for key in sheet.decisions if not key.startswith(kept)]
    task.writer.extend(one for one in unknown(sheets, [*ids, *gone], "questions") if one.reason == "unknown_decision")
    task.writer.metadata |= {"proposed": len(questions)} | agreement(sheets, ids)


def against_truth(events: Sequence[Mapping[str, Any]], sources: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """Where the truth is known: the share of true happenings that an event holds, and of events that hold one, in percent."""
    truths = {
        row["video_id"]: json.loads(row["truth"])["events"]
        for row in sources
        if row.get("truth") is not None and fault_of_truth(row["truth"]) is None
    }
    known = [row for row in events if row["video_id"] in truths]
    happenings = [(video, one["time"]) for video, some in truths.items() for one in some]
    if not known or not happenings:
        return {}

    def holds(event: Mapping[str, Any], video: str, time: float) -> bool:
        return event["video_id"] == video and event["begin"] <= time <= event["end"]

    found = sum(any(holds(row, *one) for row in known) for one in happenings)
    right = sum(any(holds(row, *one) for one in happenings) for row in known)
    return {
        "true_happenings_held": round(100 * found / len(happenings), 2),
        "events_with_one": round(100 * right / len(known), 2),
    }


def _rows(some: Iterable[Row | Rejected]) -> list[Row]:
    return [one for one in some if isinstance(one, dict)]
