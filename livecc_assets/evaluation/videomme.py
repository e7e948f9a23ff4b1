"""Video-MME: import, letter extraction, the official report and the score (method 4.4, 5.3)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from livecc_assets.core.errors import UserError
from livecc_assets.core.ids import first_fault, shown_id
from livecc_assets.core.rules import Rule
from livecc_assets.evaluation import record_checks as checks
from livecc_assets.evaluation.answering import choose, question_records
from livecc_assets.evaluation.files import read_records, require_columns
from livecc_assets.evaluation.letters import meant_letter
from livecc_assets.evaluation.mcq import Answered, Item, accuracy_rows, lettered_item
from livecc_assets.evaluation.qa import checked_video, with_video_folder
from livecc_assets.evaluation.question_config import question_options
from livecc_assets.evaluation.tables import add_text
from livecc_assets.runtime.task import Task
from livecc_assets.store.artifact import Artifact
from livecc_assets.store.rows import Rejected

COLUMNS = (
    "video_id",
    "duration",
    "domain",
    "sub_category",
    "question_id",
    "task_type",
    "question",
    "options",
    "answer",
)
DURATIONS = ("short", "medium", "long")
VIDEOS_PER_DURATION = 300
TASK_TYPES = (
    "Temporal Perception",
    "Spatial Perception",
    "Attribute Perception",
    "Action Recognition",
    "Object Recognition",
    "OCR Problems",
    "Counting Problem",
    "Temporal Reasoning",
    "Spatial Reasoning",
    "Action Reasoning",
    "Object Reasoning",
    "Information Synopsis",
)

# Stock phrases that the official scorer removes. Two pairs are glued, since it lacks two commas there.
_PHRASES = (
    "The best answer is",
    "The correct answer is",
    "The answer is",
    "The answer",
    "The best option isThe correct option is",
    "Best answer:Best option:",
    "Answer:",
    "Option:",
    "The correct answer",
    "The correct option",
)


def read_videomme(path: Path, videos: str = "", subtitles: bool = False) -> list[dict[str, Any]]:
    """Questions of a Video-MME file, one a record; UserError unless each has `video` (and, if asked, `subtitles`)."""
    records = read_records(path)
    require_columns(path, records, COLUMNS, "expected Video-MME questions, one a line")
    empty = sum(not record.get("video") for record in records)
    if empty:
        remedy = "add the path of each video, else the run would be answered from the text alone"
        raise UserError(f"{path}: {empty} of {len(records)} questions lack 'video'; {remedy}")
    if subtitles:
        require_columns(path, records, ("subtitles",), "the run with subtitles needs them in every question")
    return [with_video_folder(record, videos) for record in records]


def videomme_items(records: Iterable[dict[str, Any]], subtitles: bool = False) -> Iterator[Item | Rejected]:
    """Questions as items, grouped by duration, domain and task type."""
    once = checks.Once()
    for row in records:
        if fault := _id_fault(row):
            yield Rejected(shown_id(row["question_id"]), "error", "malformed_id", fault, shown_id(row["video_id"]))
            continue
        text = (row.get("subtitles") or None) if subtitles else None
        try:
            once.check(question_id=row["question_id"])
            named = (("duration", "duration"), ("domain", "domain"), ("task", "task_type"))
            groups = tuple(f"{kind}:{checks.text(row[column], column)}" for kind, column in named)
            start, end = checks.span(row.get("video_start"), row.get("video_end"))
            video = {"video": checked_video(row), "video_start": start, "video_end": end}
            asked, options = checks.text(row["question"], "question"), checks.texts(row["options"], "options")
            yield lettered_item(row["question_id"], row["video_id"], video, asked, options, row["answer"], text, groups)
        except (ValueError, TypeError) as error:
            why = checks.reason(error, "malformed_question")
            yield Rejected(shown_id(row["question_id"]), "error", why, str(error), shown_id(row["video_id"]))


def videomme_score(answered: Sequence[Answered]) -> list[dict[str, Any]]:
    """Accuracy over all questions, by duration, domain and task type."""
    return accuracy_rows(answered)


def _id_fault(row: dict[str, Any]) -> str | None:
    return first_fault(question_id=row["question_id"], video_id=row["video_id"])


def join_subtitles(cues: Iterable[str]) -> str:
    """Subtitle text of a whole video from its cues; `\\N` is a line break of the cue format."""
    return " ".join(cue.replace("\\N", " ") for cue in cues)


def results(records: Iterable[dict[str, Any]], answered: Iterable[Answered]) -> list[dict[str, Any]]:
    """The official result format of what was answered: a video an entry, with questions and responses.

    Questions without an answer stand in the rejected table alone, so that these files say the same score as the asset.
    """
    response = {one.item.id: one.response for one in answered}
    videos: dict[str, dict[str, Any]] = {}
    for row in records:
        said = None if _id_fault(row) else response.pop(row["question_id"], None)
        if said is None:
            continue
        head = {key: row[key] for key in ("video_id", "duration", "domain", "sub_category")}
        entry = videos.setdefault(row["video_id"], {**head, "questions": []})
        question = {key: row[key] for key in ("question_id", "task_type", "question", "options", "answer")}
        entry["questions"].append({**question, "response": said})
    return list(videos.values())


def extract_letter(response: str, options: Sequence[str] = (), rule: Rule = "corrected") -> str:
    """The letter that a response chooses, '' if none.

    `released`: the first capital A to D after removing stock phrases, wherever it stands ("Because D" is B).
    `corrected`: the letter that is meant (letters.py).
    """
    return _released_letter(response) if rule == "released" else meant_letter(response, options)


def _released_letter(response: str) -> str:
    text = response.strip()
    for phrase in _PHRASES:
        text = text.replace(phrase, "")
    if len(text.split()) > 10 and not re.search("[ABCDEF]", text):
        return ""
    found = re.search("[ABCD]", text)
    return found.group() if found else ""


class _Tally:
    """Right and answered counts by a key, in order of first appearance."""

    def __init__(self) -> None:
        self.counts: dict[str, list[int]] = {}

    def add(self, key: str, right: bool) -> None:
        count = self.counts.setdefault(key, [0, 0])
        count[0] += right
        count[1] += 1


def tally(
    videos: Iterable[dict[str, Any]], key: Callable[[dict[str, Any], dict[str, Any]], str], rule: Rule = "corrected"
) -> dict[str, tuple[int, int]]:
    """(right, answered) by `key(video, question)` over result entries.

    `released` leaves responses without a letter out of the count; `corrected` counts them as wrong.
    """
    found = _Tally()
    for video in videos:
        for question in video["questions"]:
            letter = extract_letter(question["response"], question["options"], rule)
            if letter or rule == "corrected":
                found.add(key(video, question), letter == question["answer"])
    return {name: (right, total) for name, (right, total) in found.counts.items()}


def report(videos: Sequence[dict[str, Any]], rule: Rule = "corrected") -> str:
    """The official text report: by duration, then overall; byte for byte when `released`.

    `released` demands 300 videos of each duration (ValueError otherwise), `corrected` takes any number.
    """
    parts = []
    for duration in DURATIONS:
        chosen = [video for video in videos if video["duration"] == duration]
        if rule == "released" and len(chosen) != VIDEOS_PER_DURATION:
            raise ValueError(
                f"{len(chosen)} videos of duration {duration!r}; the official report needs {VIDEOS_PER_DURATION}"
            )
        if chosen:
            parts.append(_section(f"Evaluation on video Type: {duration}", "Video Categories", chosen, rule) + "\n\n")
    return "".join(parts) + _section("Evaluation on the entire dataset", "Video Domains", videos, rule)


def _section(title: str, domains: str, videos: Sequence[dict[str, Any]], rule: Rule) -> str:
    tasks = tally(videos, lambda video, question: question["task_type"], rule)
    known = {name: tasks[name] for name in TASK_TYPES if name in tasks}
    lines = ["=" * 37, title, "=" * 37]
    for heading, counts in (
        (domains, tally(videos, lambda video, question: video["domain"], rule)),
        ("Video Sub Categories", tally(videos, lambda video, question: video["sub_category"], rule)),
        ("Task Categories", known | tasks),
        ("Overall Performance", tally(videos, lambda video, question: "Overall", rule)),
    ):
        lines += ["-" * 37, heading, "-" * 37]
        lines += [f"{name}:  {100 * right / total:.1f}%" for name, (right, total) in counts.items()]
    return "\n".join(lines) + "\n"


def read_results(path: Path) -> list[dict[str, Any]]:
    """A result file in the official format; UserError when it is something else."""
    try:
        videos = json.loads(path.read_text(encoding="utf-8"))
        if not all(video["questions"] and video["duration"] for video in videos):
            raise KeyError("questions")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path}: not a Video-MME result file ({error!r}); expected entries with questions") from error
    return videos


def answer_videomme(task: Task, model: Artifact, sources: Sequence[Artifact], events: Sequence[Artifact]) -> None:
    """Write the scores of Video-MME; the answers are kept in the official format, with the official report."""
    subtitles = bool(question_options(task.config).get("subtitles", False))
    records = question_records(
        task, "videomme", lambda path, videos: read_videomme(path, videos, subtitles), sources, events
    )
    answered = choose(task, model, list(videomme_items(records, subtitles)), videomme_score)
    found = results(records, answered)
    add_text(task, "results.json", json.dumps(found))
    add_text(task, "report.txt", _report(found, task.config.get("rule", "corrected")))


def _report(found: Sequence[dict[str, Any]], rule: Rule) -> str:
    """The report; the published script refuses a part of the benchmark, of which the corrected one is written."""
    try:
        return report(found, rule)
    except ValueError:
        return report(found)
