"""Result files of multiple-choice benchmarks as the published scripts write them, read row by row (method 4.4, 4.5).

Video-MME, MVBench and LiveSports-3K QA: a list of videos with their questions and responses. OVO-Bench: a list of
questions. A flat list, a question a row or a line, is read for all of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from livecc_assets.core.errors import UserError
from livecc_assets.core.ids import id_fault, shown_id
from livecc_assets.core.rules import Rule
from livecc_assets.core.text import brief, sound_values
from livecc_assets.evaluation.files import read_records
from livecc_assets.evaluation.ovo_generated import is_result_file, is_right, read_reply, result_rows
from livecc_assets.evaluation.ovo_groups import FORWARD, GROUP_OF
from livecc_assets.evaluation.qa import lettered
from livecc_assets.evaluation.videomme import extract_letter
from livecc_assets.store.rows import Rejected

#: What a question of each benchmark has; those of the first tuple may stand on its video.
COLUMNS = {
    "videomme": (("duration", "domain", "sub_category"), ("question_id", "task_type", "options", "answer", "response")),
    "mvbench": ((), ("task_type", "question", "options", "answer", "response")),
    "livesports-qa": ((), ("question_id", "q_type", "options", "answer", "response")),
    "ovobench": ((), ("id", "task", "answer", "response")),
}


class Answer(NamedTuple):
    """One answered question: `key` is the same in another run's file, `letter` what the response was read as."""

    key: str
    video: str
    letter: str
    answer: str
    correct: bool
    row: dict[str, Any]


def read_answers(path: Path, benchmark: str, rule: Rule = "corrected") -> tuple[list[Answer], list[Rejected]]:
    """Answers of a result file, and the rows that do not count with their reasons; UserError where no row is one."""
    records = _ovo_results(path) if benchmark == "ovobench" else None
    records = read_records(path) if records is None else records
    found: dict[str, Answer] = {}
    rejected: list[Rejected] = []
    turns: dict[str, int] = {}
    for number, row in enumerate(_questions(records), start=1):
        try:
            one = _answer(row, benchmark, rule, turns)
            if one.key in found:
                raise _RowError("duplicate", "the question was answered in a row before")
            if not one.letter and benchmark == "videomme" and rule == "released":  # as the official scorer counts
                raise _RowError("no_letter", f"no letter in {brief(row['response'], 60)!r}")
            found[one.key] = one
        except _RowError as fault:
            name = shown_id(row.get("question_id") or row.get("id") or number)
            video = shown_id(row.get("video_id") or row.get("video") or "")
            kind = "filtered" if fault.reason == "no_letter" else "error"
            rejected.append(Rejected(name, kind, fault.reason, f"question {number}: {fault}", video))
    if not found:
        why = f"; the first of {len(rejected)} rows: {rejected[0].detail}" if rejected else ""
        raise UserError(f"{path}: holds no answered question of {benchmark}{why}; name a result file")
    return list(found.values()), rejected


def _ovo_results(path: Path) -> list[dict[str, Any]] | None:
    """The questions of a file of OVO-Bench's own scripts; None for another form."""
    if path.suffix.lower() != ".json" or not path.is_file():
        return None
    try:
        found = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return None
    if not is_result_file(found):
        return None
    try:
        return sound_values(list(result_rows(found)))
    except (ValueError, AttributeError) as error:
        raise UserError(f"{path}: {brief(error)}; name a result file of OVO-Bench") from error


class _RowError(Exception):
    """Why a row does not count."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def _questions(records: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Questions, each with what its video says of itself."""
    for record in records:
        inner = record.get("questions")
        if isinstance(inner, list):
            head = {name: value for name, value in record.items() if name != "questions"}
            yield from (head | one if isinstance(one, dict) else head | {"response": None} for one in inner)
        else:
            yield record


def _answer(row: dict[str, Any], benchmark: str, rule: Rule, turns: dict[str, int]) -> Answer:
    for column in sum(COLUMNS[benchmark], ()):
        if column not in row:
            raise _RowError("missing_field", f"no {column!r}")
        if row[column] is None:
            raise _RowError("null_field", f"{column} is null")
    if not isinstance(row["response"], str):
        raise _RowError("malformed_question", f"response is {brief(row['response'], 60)!r}, no text")
    video = row.get("video_id") or row.get("video") or (row["id"] if benchmark == "ovobench" else None)
    fault = id_fault(video.replace("/", "_") if isinstance(video, str) else video)  # MVBench's are paths
    if fault is not None:
        raise _RowError("malformed_id", f"video {shown_id(video)!r} {fault}")
    if benchmark == "ovobench":
        return _ovo(row, str(video), rule, turns)
    options, answer = _lettered(row)
    key = json.dumps([str(video), row.get("question_id"), row.get("question"), row.get("task_type"), options])
    if row.get("question_id") is not None:
        key = str(row["question_id"])
    if benchmark == "videomme" or rule == "corrected":
        letter = extract_letter(row["response"], options, rule)
    else:
        letter = row["response"][:1]  # the published scripts compare the first character
    return Answer(key, str(video), letter, answer, letter == answer, row)


def _lettered(row: dict[str, Any]) -> tuple[list[str], str]:
    options = row["options"]
    if not isinstance(options, list) or not 2 <= len(options) <= 10 or not all(isinstance(one, str) for one in options):
        raise _RowError("malformed_question", f"options are {brief(options, 60)!r}, no list of 2 to 10 texts")
    try:
        return lettered(options, str(row["answer"]))
    except ValueError:
        detail = f"answer {brief(row['answer'], 40)!r} is none of {len(options)} options"
        raise _RowError("answer_outside_options", detail) from None


def _ovo(row: dict[str, Any], video: str, rule: Rule, turns: dict[str, int]) -> Answer:
    task, answer = str(row["task"]).upper(), str(row["answer"]).strip()
    if task not in GROUP_OF:
        raise _RowError("malformed_question", f"unknown task {brief(row['task'], 40)!r}")
    key = f"{task}:{row['id']}"
    if task in FORWARD:  # the same question at several times, which the rows do not tell
        turns[key] = turns.get(key, -1) + 1
        key = f"{key}:{turns[key]}"
        fits = answer.isdigit() if task == "REC" else answer in ("Yes", "No")
    else:
        fits = len(answer) == 1 and answer in "ABCDE"[: len(row.get("options") or "ABCDE")]
    if not fits or not answer:
        raise _RowError("answer_outside_options", f"answer {brief(answer, 40)!r} cannot be given in {task}")
    response = row["response"].strip()
    if row.get("written"):
        options = [str(one) for one in row.get("options") or ()]
        letter = read_reply(task, response, options)
        return Answer(key, video, letter, answer, is_right(task, row["response"], answer, options, rule), row)
    right = row["response"].startswith(answer) if rule == "released" else response == answer
    if rule == "corrected" and not right and task not in FORWARD and isinstance(row.get("options"), list):
        options = [str(one) for one in row["options"]]
        right = extract_letter(response, options) == answer
    return Answer(key, video, response, answer, right, row)
