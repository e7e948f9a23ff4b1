"""The page on which annotators look at each clip and decide: it writes the sheet of ``review_sheet`` (method 4.1, step 3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from livecc_assets.evaluation.review_sheet import COLUMNS, cell, event_key

TITLE = "Review of proposed events"


def review_page(
    events: Sequence[Mapping[str, Any]],
    questions: Sequence[Mapping[str, Any]],
    clips: Mapping[str, str],
    *,
    reviewed: bool = False,
) -> str:
    """One HTML file. ``clips``: the address of each event's clip beside the page, by the event's key.

    Decisions stay in the browser until they are saved as CSV. Everything that comes from outside is text, never markup.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    items = [_item(row, questions, clips, reviewed) for row in events]
    templates = Environment(
        loader=PackageLoader("livecc_assets.evaluation", "."), autoescape=True, undefined=StrictUndefined
    )
    return templates.get_template("review.html").render(title=TITLE, items=items, columns=COLUMNS)


def _item(
    row: Mapping[str, Any], questions: Sequence[Mapping[str, Any]], clips: Mapping[str, str], reviewed: bool
) -> dict[str, Any]:
    key = event_key(row)
    event = {
        "kind": "event", "id": key, "video": cell(row["path"]), "said": cell(row["event_asr_text"]),
        "keep": "yes" if reviewed else "", "begin": f"{row['begin']:.2f}", "end": f"{row['end']:.2f}",
        "title": cell(row["event_title"] or ""), "class": cell(row["class"] or ""),
    }  # fmt: skip
    asked = [
        {
            "kind": "question", "id": one["question_id"], "video": cell(one["path"]), "question": cell(one["question"]),
            "options": " | ".join(one["options"]), "ocr": "yes" if one["ocr"] else "no", "choices": list(one["options"]),
        }
        for one in questions
        if one["question_id"].startswith(f"{key}_")
    ]  # fmt: skip
    return {"clip": clips.get(key, ""), "start": row["begin"], "event": event, "questions": asked}
