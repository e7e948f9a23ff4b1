"""LiveSports-3K QA and MVBench: import, items and score (method 4.4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from livecc_assets.core.ids import first_fault, shown_id
from livecc_assets.evaluation import record_checks as checks
from livecc_assets.evaluation.files import read_records, require_columns
from livecc_assets.evaluation.mcq import Answered, Item, accuracy_rows, lettered_item, strata_mean
from livecc_assets.evaluation.schemas import rate_row
from livecc_assets.store.rows import Rejected
from livecc_assets.store.videos import AddressOf

MVBENCH_COLUMNS = ("video", "task_type", "question", "options", "answer")
#: The names that the original files, one a task, have for what the released ones call otherwise.
_ORIGINAL = {"candidates": "options", "start": "video_start", "end": "video_end"}


def livesports_items(questions: Iterable[dict[str, Any]], address_of: AddressOf) -> Iterator[Item | Rejected]:
    """Rows of `livesports_questions` as items; groups are the kind of question and, where text is read, OCR."""
    for row in questions:
        groups = (f"q_type:{row['q_type']}", *(("ocr:yes",) if row["ocr"] else ()))
        video = _video(address_of(row), row["video_start"], row["video_end"])
        try:
            yield lettered_item(
                row["question_id"],
                row["video_id"],
                video,
                row["question"],
                row["options"],
                row["answer"],
                groups=groups,
            )
        except ValueError as error:
            yield Rejected(row["question_id"], "error", "malformed_question", str(error), row["video_id"])


def livesports_score(answered: Sequence[Answered]) -> list[dict[str, Any]]:
    """Micro accuracy over all questions, by kind, and on the OCR subset."""
    return accuracy_rows(answered)


def read_mvbench(path: Path, videos: str = "") -> list[dict[str, Any]]:
    """Questions of an MVBench file; every one must name its video, else UserError (never a silent text-only run).

    The original files are read, too: `candidates`, `start` and `end`; the task is then the file's name.
    """
    records = [_as_released(record, path.stem) for record in read_records(path)]
    require_columns(
        path, records, MVBENCH_COLUMNS, "MVBench needs each question's video, task type, options and answer"
    )
    return [with_video_folder(record, videos) for record in records]


def with_video_folder(record: dict[str, Any], videos: str) -> dict[str, Any]:
    """The record with `video` placed in the folder (or s3:// prefix) `videos`; `video_named` is what it was."""
    if not videos:
        return record
    return {**record, "video": f"{videos.rstrip('/')}/{record['video']}", "video_named": record["video"]}


def checked_video(record: Mapping[str, Any]) -> str:
    """The video of a record; ValueError for none, and for a path that leaves the folder in which it was placed."""
    checks.video_name(record["video_named"]) if "video_named" in record else checks.text(record["video"], "video")
    return record["video"]


def _as_released(record: dict[str, Any], task: str) -> dict[str, Any]:
    if "candidates" not in record:
        return record
    named = {_ORIGINAL.get(name, name): value for name, value in record.items()}
    return {"task_type": task.replace("_", " ").title(), **named}


def mvbench_items(records: Iterable[dict[str, Any]]) -> Iterator[Item | Rejected]:
    """MVBench questions as items. `answer` may be the letter, or the text of an option as in the original files."""
    for number, row in enumerate(records, start=1):
        name, task = f"mvbench-{number}", row["task_type"]
        stem = Path(str(row["video"])).stem
        if fault := first_fault(video_id=stem):
            yield Rejected(name, "error", "malformed_id", f"question {number}: {fault}", shown_id(stem))
            continue
        try:
            video = _video(checked_video(row), *checks.span(row.get("video_start"), row.get("video_end")))
            if row.get("frames"):
                video["frames"] = row["frames"]
            asked = checks.text(row["question"], "question")
            options, answer = lettered(checks.texts(row["options"], "options"), row["answer"])
            groups = (f"task:{checks.text(task, 'task_type')}",)
            yield lettered_item(name, stem, video, asked, options, answer, groups=groups, stratum=task)
        except (ValueError, TypeError, KeyError) as error:
            yield Rejected(name, "error", "malformed_question", f"question {number}: {error}", stem)


def mvbench_score(answered: Sequence[Answered]) -> list[dict[str, Any]]:
    """The benchmark's score, the mean over task types, then accuracy over all questions and by task."""
    mean = strata_mean(answered)
    tasks = len({one.item.stratum for one in answered})
    note = f"mean over {tasks} task types"
    return [rate_row("mean_accuracy", "all", mean, note), *accuracy_rows(answered)]


def lettered(options: Sequence[str], answer: str) -> tuple[list[str], str]:
    """Options with letters 'A. ' and so on (kept where they have them), and the answer as a letter."""
    letters = "ABCDEFGHIJ"[: len(options)]
    if all(str(option)[:2] == f"{letter}." for option, letter in zip(options, letters, strict=True)):
        texts = [str(option) for option in options]
    else:
        texts = [f"{letter}. {option}" for letter, option in zip(letters, options, strict=True)]
    plain = [text[3:].strip() for text in texts]
    if answer in plain:
        return texts, letters[plain.index(answer)]
    letter = str(answer).strip().strip("().")[:1]
    if letter not in letters or not letter:
        raise ValueError(f"answer {answer!r} is neither a letter nor one of the options")
    return texts, letter


def _video(uri: str, start: float | None, end: float | None) -> dict[str, Any]:
    return {"video": uri, "video_start": start, "video_end": end}
