"""LiveSports-3K QA and MVBench: import, items and score (method 4.4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from livecc_assets.core.ids import first_fault, shown_id
from livecc_assets.evaluation.files import read_records, require_columns
from livecc_assets.evaluation.mcq import Answered, Item, accuracy_rows, lettered_item, strata_mean
from livecc_assets.evaluation.schemas import rate_row
from livecc_assets.store.rows import Rejected
from livecc_assets.store.videos import AddressOf

MVBENCH_COLUMNS = ("video", "task_type", "question", "options", "answer")


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
    """Questions of an MVBench file; every one must name its video, else UserError (never a silent text-only run)."""
    records = read_records(path)
    require_columns(
        path, records, MVBENCH_COLUMNS, "MVBench needs each question's video, task type, options and answer"
    )
    return [with_video_folder(record, videos) for record in records]


def with_video_folder(record: dict[str, Any], videos: str) -> dict[str, Any]:
    """The record with `video` placed in the folder (or s3:// prefix) `videos`."""
    return {**record, "video": f"{videos.rstrip('/')}/{record['video']}"} if videos else record


def mvbench_items(records: Iterable[dict[str, Any]]) -> Iterator[Item | Rejected]:
    """MVBench questions as items. `answer` may be the letter, or the text of an option as in the original files."""
    for number, row in enumerate(records, start=1):
        name, task = f"mvbench-{number}", str(row["task_type"])
        stem = Path(str(row["video"])).stem
        if fault := first_fault(video_id=stem):
            yield Rejected(name, "error", "malformed_id", f"question {number}: {fault}", shown_id(stem))
            continue
        video = _video(row["video"], row.get("video_start"), row.get("video_end"))
        if row.get("frames"):
            video["frames"] = row["frames"]
        try:
            options, answer = lettered(row["options"], row["answer"])
            groups = (f"task:{task}",)
            yield lettered_item(name, stem, video, row["question"], options, answer, groups=groups, stratum=task)
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
