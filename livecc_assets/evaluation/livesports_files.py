"""LiveSports-3K as published: the configs LiveSports_3K_CC (events) and LiveSports_3K_QA (questions), method 4.1."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from livecc_assets.core.errors import UserError
from livecc_assets.core.ids import first_fault, shown_id
from livecc_assets.core.text import LONGEST_LABEL, LONGEST_TITLE, brief, plain_line
from livecc_assets.evaluation import record_checks as checks
from livecc_assets.evaluation.files import read_records, require_columns
from livecc_assets.store.rows import Rejected
from livecc_assets.store.uris import local_path

CC_COLUMNS = ("video_id", "event_id", "begin", "end", "video", "class", "event_title", "event_asr")
QA_COLUMNS = ("video", "question_id", "q_type", "question", "options", "answer")
LETTERS = "ABCD"


def published_file(config: dict[str, Any], key: str) -> Path:
    """The file that the profile's section ``livesports`` names; UserError where it names none."""
    if not config.get(key):
        raise UserError(f"livesports.{key} is empty: name the published file in the profile, or remove `proposer`")
    return local_path(config[key])


def import_events(path: Path) -> Iterator[dict[str, Any] | Rejected]:
    """Events of the commentary track. Their videos are of no batch: `video` is a path in the benchmark's own folder.

    `event_asr` and `preasr` are JSON strings of [start, end, sentence] rows; their `_text` twins are rebuilt where
    absent. Rows without a transcript have no reference and are rejected as errors, as is anything malformed.
    """
    records = read_records(path)
    require_columns(path, records, CC_COLUMNS, "expected the config LiveSports_3K_CC with transcripts")
    once = checks.Once()
    for number, record in enumerate(records, start=1):
        video, event = record["video_id"], record["event_id"]
        key = f"{shown_id(video)}_{shown_id(event)}"
        if fault := first_fault(video_id=video, event_id=event):
            yield Rejected(key, "error", "malformed_id", f"record {number} of {path.name}: {fault}", shown_id(video))
            continue
        try:
            made = _event(record)
            once.check(video_id=made["video_id"], event_id=made["event_id"])
        except (ValueError, KeyError, TypeError, OverflowError) as error:
            detail = f"record {number} of {path.name} is malformed: {brief(error)}"
            yield Rejected(key, "error", checks.reason(error, "malformed_event"), detail, str(video))
            continue
        yield made


def import_questions(path: Path) -> Iterator[dict[str, Any] | Rejected]:
    """Questions of the QA track; their videos as in `import_events`."""
    records = read_records(path)
    require_columns(path, records, QA_COLUMNS, "expected the config LiveSports_3K_QA")
    once = checks.Once()
    for number, record in enumerate(records, start=1):
        video = str(record.get("video_id") or Path(str(record["video"])).stem)
        key = shown_id(record["question_id"])
        if fault := first_fault(question_id=record["question_id"], video_id=video):
            yield Rejected(key, "error", "malformed_id", f"record {number} of {path.name}: {fault}", shown_id(video))
            continue
        try:
            made = _question(record, video)
            once.check(question_id=made["question_id"])
        except (ValueError, KeyError, TypeError, OverflowError) as error:
            detail = f"record {number} of {path.name} is malformed: {brief(error)}"
            yield Rejected(key, "error", checks.reason(error, "malformed_question"), detail, video)
            continue
        yield made


def _event(record: dict[str, Any]) -> dict[str, Any]:
    if not -(2**31) <= int(record["event_id"]) < 2**31:
        raise ValueError(f"event_id {record['event_id']} does not fit into 32 bits")
    begin, end = checks.seconds(record["begin"], "begin"), checks.seconds(record["end"], "end")
    if begin is None or end is None or begin >= end:
        raise ValueError(f"begin {begin} and end {end} do not bound an event")
    said, said_text = _spoken(record, "event_asr")
    if not said_text:
        raise ValueError("no transcript of the event (event_asr is empty)")
    before, before_text = _spoken(record, "preasr")
    return {
        "video_id": str(record["video_id"]),
        "event_id": int(record["event_id"]),
        **_own_video(record["video"]),
        "begin": begin,
        "end": end,
        "class": _line(record["class"], "class", LONGEST_LABEL),
        "event_title": _line(record["event_title"], "event_title", LONGEST_TITLE),
        "event_asr": said,
        "event_asr_text": said_text,
        "preasr": before,
        "preasr_text": before_text,
        "truth": None,
    }


def _line(value: Any, name: str, most: int) -> str:
    """A title or a name of a kind as one line. ValueError beyond ``most`` characters: a cut one would change scores."""
    line = plain_line(checks.text(value, name))
    if len(line) > most:
        raise ValueError(f"{name} has {len(line):,} characters, more than {most}")
    return line


def _spoken(record: dict[str, Any], column: str) -> tuple[str, str]:
    """The (JSON, text) encodings of a transcript column; the JSON is checked and written anew."""
    raw = record.get(column) or "[]"
    rows = json.loads(raw) if isinstance(raw, str) else raw
    checked = [[float(start), float(end), str(text)] for start, end, text in rows]
    if not all(math.isfinite(time) for start, end, _ in checked for time in (start, end)):
        raise ValueError(f"{column} holds a time that is no number")
    text = record.get(f"{column}_text")
    return json.dumps(checked), text if text else " ".join(text.strip() for _, _, text in checked)


def _question(record: dict[str, Any], video: str) -> dict[str, Any]:
    options = checks.texts(record["options"], "options")
    start, end = checks.span(record.get("video_start"), record.get("video_end"))
    answer = str(record["answer"]).strip()
    if len(options) != len(LETTERS) or any(
        not str(o).startswith(f"{x}.") for o, x in zip(options, LETTERS, strict=True)
    ):
        raise ValueError(f"expected four options lettered A. to D., got {options!r}")
    if answer not in LETTERS or len(answer) != 1:
        raise ValueError(f"answer {answer!r} is not one of A to D")
    return {
        "question_id": str(record["question_id"]),
        "video_id": video,
        **_own_video(record["video"]),
        "video_start": start,
        "video_end": end,
        "q_type": _line(record["q_type"], "q_type", LONGEST_LABEL).lower(),
        "ocr": bool(int(record.get("OCR") or 0)),
        "question": checks.text(record["question"], "question"),
        "options": options,
        "answer": answer,
    }


def _own_video(name: Any) -> dict[str, str | None]:
    return {"batch": "", "path": checks.video_name(name), "sha256": None}
