"""The sheet in which annotators decide on proposed events and questions: written, and read back (method 4.1, step 3)."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from livecc_assets.core.errors import UserError
from livecc_assets.core.text import LONGEST_LABEL, LONGEST_TITLE, brief, plain_line
from livecc_assets.store.rows import Rejected

Row = dict[str, Any]
#: Columns that tell what is decided on; the sheet repeats them, and nothing reads them back.
TOLD = ("kind", "id", "video", "said", "question", "options")
#: Columns that an annotator fills in; an empty cell decides nothing.
DECIDED = ("keep", "begin", "end", "title", "class", "answer", "ocr", "needs_speech", "comment")
COLUMNS: tuple[str, ...] = (*TOLD, *DECIDED)
_YES, _NO = {"yes", "y", "true", "1"}, {"no", "n", "false", "0"}
#: Characters with which a spreadsheet begins a formula.
_FORMULA = ("=", "+", "-", "@", "\t")
_LONGEST_CELL = 2000


@dataclass(frozen=True)
class Decision:
    """What one annotator says of one event or question; None where nothing was filled in."""

    keep: bool | None = None
    begin: float | None = None
    end: float | None = None
    title: str | None = None
    label: str | None = None
    answer: str | None = None
    ocr: bool | None = None
    needs_speech: bool | None = None
    comment: str = ""
    question: str = ""


@dataclass(frozen=True)
class Sheet:
    """One annotator's decisions by the id of what they are about, and the rows that are none."""

    annotator: str
    decisions: Mapping[str, Decision]
    rejected: list[Rejected] = field(default_factory=list)


def event_key(row: Mapping[str, Any]) -> str:
    """By what a sheet knows an event."""
    return f"{row['video_id']}_{row['event_id']}"


def write_sheet(
    events: Iterable[Mapping[str, Any]], questions: Iterable[Mapping[str, Any]], *, reviewed: bool = False
) -> str:
    """The sheet as CSV text (UTF-8), a row an event and a row a question, with what stands for begin, end, title and class.

    ``answer`` is empty: an annotator answers without being shown the key. So is ``keep``, unless the events were ``reviewed``
    before: then it says yes of them, since only those that were kept are left.
    """
    out = io.StringIO()
    table = csv.DictWriter(out, COLUMNS, restval="", lineterminator="\n")
    table.writeheader()
    for row in events:
        about = {"kind": "event", "id": event_key(row), "video": row["path"], "said": row["event_asr_text"]}
        stands = {"title": row["event_title"] or "", "class": row["class"] or ""}
        times = {"begin": f"{row['begin']:.2f}", "end": f"{row['end']:.2f}", "keep": "yes" if reviewed else ""}
        table.writerow({name: cell(value) for name, value in (about | stands).items()} | times)
    for row in questions:
        about = {"kind": "question", "id": row["question_id"], "video": row["path"], "question": row["question"]}
        shown = {"options": " | ".join(row["options"]), "ocr": "yes" if row["ocr"] else "no"}
        table.writerow({name: cell(value) for name, value in (about | shown).items()})
    return out.getvalue()


def read_sheets(files: Mapping[str, str]) -> list[Sheet]:
    """The sheets of annotators, by their names. Raises UserError for a file that is no such sheet."""
    from livecc_assets.store.uris import local_path

    return [read_sheet(name, local_path(files[name])) for name in sorted(files)]


def read_sheet(annotator: str, path: Path) -> Sheet:
    """One annotator's sheet, comma- or semicolon-separated as spreadsheets write it.

    Raises UserError for a file that cannot be read, or lacks a column. A row that decides twice, or impossibly, is rejected.
    """
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeError) as error:
        raise UserError(f"{path}: cannot be read ({brief(error)}); save the review sheet as CSV in UTF-8") from error
    head = text.partition("\n")[0]
    table = csv.DictReader(io.StringIO(text), delimiter=";" if head.count(";") > head.count(",") else ",")
    missing = [name for name in ("id", "keep") if name not in (table.fieldnames or ())]
    if missing:
        raise UserError(
            f"{path}: the column {missing[0]} is missing; start from the sheet of `livecc livesports review`"
        )
    found: dict[str, Decision] = {}
    rejected: list[Rejected] = []
    try:
        for number, row in enumerate(table, start=2):
            key = (row.get("id") or "").strip()
            try:
                if not key:
                    raise ValueError("it has no id")
                if key in found:
                    raise ValueError(f"{brief(key, 80)} was decided on before")
                found[key] = _decision(row)
            except ValueError as error:
                told = f"row {number} of {path.name}: {error}"
                rejected.append(Rejected(f"{annotator}:{number}", "error", "malformed_decision", told, ""))
    except csv.Error as error:
        raise UserError(f"{path}: no CSV file ({brief(error)}); save the review sheet as CSV in UTF-8") from error
    return Sheet(annotator, found, rejected)


def _decision(row: Mapping[str, Any]) -> Decision:
    cells = {name: (row.get(name) or "").strip() for name in DECIDED}
    begin, end = (_seconds(name, cells[name]) for name in ("begin", "end"))
    if begin is not None and end is not None and end <= begin:
        raise ValueError(f"end {end:g} is not after begin {begin:g}")
    answer = cells["answer"].upper().rstrip(".") or None
    if answer is not None and answer not in ("A", "B", "C", "D"):
        raise ValueError(f"answer {brief(cells['answer'], 20)!r} is not A, B, C or D")
    return Decision(
        _flag("keep", cells["keep"]),
        begin,
        end,
        _text(cells["title"], LONGEST_TITLE),
        _text(cells["class"], LONGEST_LABEL),
        answer,
        _flag("ocr", cells["ocr"]),
        _flag("needs_speech", cells["needs_speech"]),
        plain_line(cells["comment"])[:_LONGEST_CELL],
        (row.get("question") or "").strip(),
    )


def _flag(name: str, cell: str) -> bool | None:
    if not cell:
        return None
    if cell.lower() in _YES | _NO:
        return cell.lower() in _YES
    raise ValueError(f"{name} {brief(cell, 20)!r} is neither yes nor no")


def _seconds(name: str, cell: str) -> float | None:
    if not cell:
        return None
    try:
        value = float(cell.replace(",", "."))
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= 0):
        raise ValueError(f"{name} {brief(cell, 20)!r} is no time in seconds")
    return value


def _text(cell: str, most: int) -> str | None:
    line = plain_line(cell.removeprefix("'") if cell[1:2] in _FORMULA else cell).strip()
    if len(line) > most:
        raise ValueError(f"{brief(line, 40)!r}… has more than {most} characters")
    return line or None


def cell(value: Any) -> str:
    """A text that a spreadsheet does not take for a formula."""
    line = plain_line(value if isinstance(value, str) else json.dumps(value))
    return f"'{line}" if line.startswith(_FORMULA) else line
