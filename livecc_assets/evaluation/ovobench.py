"""OVO-Bench: from annotations to questions, and the score over tasks and groups (method 4.5).

Three tasks (REC counting, SSR steps, CRR enough information) ask again at several times of one video; the others are
lettered multiple choice about the video up to a moment. The benchmark's own prompts are data of its release: give them
as `templates`, else paraphrases are used, and the score's note says so.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from livecc_assets.core.errors import UserError
from livecc_assets.core.ids import first_fault, shown_id
from livecc_assets.core.rules import Rule
from livecc_assets.evaluation import record_checks as checks
from livecc_assets.evaluation.answering import choose, question_records
from livecc_assets.evaluation.files import read_records, require_columns
from livecc_assets.evaluation.mcq import Answered, Item, accuracy_rows, question_text, strata_mean
from livecc_assets.evaluation.ovo_generated import CHOICE, choice_text, is_right
from livecc_assets.evaluation.ovo_groups import FORWARD, GROUP_OF, GROUPS, task_weights
from livecc_assets.evaluation.qa import checked_video, with_video_folder
from livecc_assets.evaluation.question_config import answered_by, question_options
from livecc_assets.evaluation.schemas import rate_row
from livecc_assets.runtime.task import Task
from livecc_assets.store.artifact import Artifact
from livecc_assets.store.rows import Rejected
from livecc_assets.store.uris import local_path

COUNTS = tuple(str(count) for count in range(11))
LETTERS = "ABCDE"
ANSWER_PREFIX = "The answer is:\n"

#: What the published script lets compete for every task; 10 is not among them and can never be answered.
RELEASED_CANDIDATES = ("No", "Yes", *COUNTS[:10], *LETTERS)

#: Placeholders: {activity}, {step}, {question}.
TEMPLATES = {
    "REC": "In this video an action may be done again and again, by one person or by several, all meant by 'they'. "
    "How often have they done this so far: {activity}? Answer with a whole number.",
    "SSR": "The video teaches a procedure of several steps. One of them is:\n{step}\n"
    "Is the person in the video doing this step right now? Answer Yes or No.",
    "CRR": "A question about the most recent moments of this video:\n{question}\n"
    "Has the video shown enough by now to answer it? Answer Yes or No.",
}


def read_templates(path: str) -> dict[str, str]:
    """Prompts of the three forward tasks from a JSON file; the built-in paraphrases when `path` is empty."""
    if not path:
        return TEMPLATES
    try:
        templates = json.loads(local_path(path).read_text(encoding="utf-8"))
        return {task: str(templates[task]) for task in (*FORWARD, *({"CHOICE"} & templates.keys()))}
    except (OSError, ValueError, KeyError, TypeError) as error:
        remedy = "expected JSON with REC ({activity}), SSR ({step}), CRR ({question}), perhaps CHOICE ({question}, {options})"
        raise UserError(f"{path}: OVO-Bench prompts cannot be read ({error!r}); {remedy}") from error


def read_ovobench(path: Path, videos: str = "") -> list[dict[str, Any]]:
    """Annotations of an OVO-Bench file; every one must name its video."""
    records = read_records(path)
    require_columns(path, records, ("id", "task", "video"), "expected OVO-Bench's annotation file")
    return [with_video_folder(record, videos) for record in records]


def format_annotation(record: Mapping[str, Any], templates: Mapping[str, str] = TEMPLATES) -> list[dict[str, Any]]:
    """Rows {id, task, video, question, video_start, video_end, answer, options?} of one annotation.

    Raises ValueError for what has no answer among the candidates: a count above 10, more than five options.
    """
    task = checks.text(record["task"], "task").upper()
    if task not in GROUP_OF:
        raise ValueError(f"unknown task {record['task']!r}")
    head = {"id": record["id"], "task": record["task"], "video": checked_video(record)}
    if task not in FORWARD:
        options = checks.texts(record["options"], "options")
        if len(options) > len(LETTERS):
            raise ValueError(f"{len(options)} options; at most {len(LETTERS)} letters can be answered")
        lettered = [f"{letter}. {option}" for letter, option in zip(LETTERS, options, strict=False)]
        if not 0 <= record["gt"] < len(options):
            raise ValueError(f"gt {record['gt']} is none of {len(options)} options")
        asked = {"question": checks.text(record["question"], "question"), "options": lettered}
        return [
            {**head, **asked, "answer": LETTERS[record["gt"]], "video_start": 0, "video_end": _time(record, "realtime")}
        ]
    rows = []
    for test in record["test_info"]:
        start, answer = 0, "Yes" if test.get("type") else "No"
        if task == "REC":
            if not 0 <= test["count"] < len(COUNTS):
                raise ValueError(f"a count of {test['count']}; only 0 to 10 can be answered")
            names, answer = {"activity": checks.text(record["activity"], "activity")}, COUNTS[test["count"]]
        elif task == "SSR":
            names = {"step": checks.text(test["step"], "step")}
        else:
            names, start = {"question": checks.text(record["question"], "question")}, _time(record, "ask_time")
        question = templates[task].format(**names)
        rows.append(
            {**head, "question": question, "answer": answer, "video_start": start, "video_end": _time(test, "realtime")}
        )
    return rows


def _time(record: Mapping[str, Any], name: str) -> float:
    found = checks.seconds(record[name], name)
    if found is None:
        raise ValueError(f"{name} is empty")
    return found


def ovobench_items(
    records: Iterable[Mapping[str, Any]],
    templates: Mapping[str, str] = TEMPLATES,
    rule: Rule = "corrected",
    written: bool = False,
) -> Iterator[Item | Rejected]:
    """Annotations as items. `released` lets all 17 candidates compete for every task; `corrected` those of the task.

    `written`: as the benchmark itself asks, for a reply in words about the video from its beginning.
    """
    once = checks.Once()
    for record in records:
        stem = Path(str(record.get("video"))).stem
        if fault := first_fault(id=record.get("id"), video_id=stem):
            yield Rejected(f"ovo-{shown_id(record.get('id'))}", "error", "malformed_id", fault, shown_id(stem))
            continue
        try:
            once.check(id=record["id"], task=record["task"])
            rows = format_annotation(record, templates)
        except (ValueError, KeyError, TypeError, IndexError) as error:
            detail = f"annotation {record.get('id')}: {error}"
            yield Rejected(f"ovo-{record.get('id')}", "error", checks.reason(error, "malformed_question"), detail, stem)
            continue
        for number, row in enumerate(rows):
            yield _written(row, number, templates) if written else _item(row, number, rule)


def _item(row: dict[str, Any], number: int, rule: Rule) -> Item:
    task = row["task"].upper()
    options = row.get("options")
    own = COUNTS if task == "REC" else ("No", "Yes") if task in FORWARD else tuple(LETTERS[: len(options or ())])
    candidates = RELEASED_CANDIDATES if rule == "released" else own
    start, end = clamp(float(row["video_start"]), float(row["video_end"]))
    return Item(
        id=f"ovo-{row['id']}-{number}",
        video_id=Path(row["video"]).stem,
        video={"video": row["video"], "video_start": start, "video_end": end},
        text=question_text(row["question"], options) if options else row["question"],
        candidates=candidates,
        responses=candidates,
        answer=row["answer"],
        answer_prefix=ANSWER_PREFIX,
        lead="\n",
        groups=(f"task:{task}",),
        stratum=task,
        cluster=str(row["id"]),
        options=tuple(options or ()),
    )


def _written(row: dict[str, Any], number: int, templates: Mapping[str, str]) -> Item:
    item = _item({**row, "video_start": 0}, number, "corrected")
    text = row["question"]
    if item.options:
        text = choice_text(templates.get("CHOICE", CHOICE), row["question"], item.options)
    return replace(item, text=text, answer_prefix="", lead="")


def clamp(start: float, end: float) -> tuple[float, float]:
    """The range to be read: at least one second long, from 0 at the earliest."""
    start = max(0.0, min(start, end - 1.0))
    return start, max(end, start + 1.0)


def is_correct(item: Item, response: str, rule: Rule = "corrected") -> bool:
    """`released`: the response starts with the answer, so that a 10 would pass for a 1. `corrected`: it is the answer."""
    return response.startswith(item.answer) if rule == "released" else response == item.answer


def ovobench_score(answered: Sequence[Answered], rule: Rule = "corrected", note: str = "") -> list[dict[str, Any]]:
    """Overall (mean of the groups), each group (mean of its tasks), each task.

    A forward task asks one question at several times. `released` counts every time alike; `corrected` averages each
    question first, as the benchmark's paper does.
    """
    if rule == "released":
        answered = [
            Answered(_alone(one.item), one.choice, one.response, one.correct, one.log_probs) for one in answered
        ]
    rows = []
    if answered:
        weights = task_weights([one.item.stratum for one in answered])
        present = ", ".join(group for group in GROUPS if group in {GROUP_OF[task] for task in weights})
        overall = strata_mean(answered, weights)
        rows.append(rate_row("mean_accuracy", "all", overall, _join(f"mean of {present}", note)))
    for group, tasks in GROUPS.items():
        if chosen := [one for one in answered if one.item.stratum in tasks]:
            rows.append(rate_row("mean_accuracy", f"group:{group}", strata_mean(chosen), "mean over its tasks"))
    return rows + accuracy_rows(answered)


def _alone(item: Item) -> Item:
    return replace(item, cluster=item.id)


def _join(*notes: str) -> str:
    return "; ".join(note for note in notes if note)


def answer_ovobench(task: Task, model: Artifact, sources: Sequence[Artifact], events: Sequence[Artifact]) -> None:
    """Write the scores of OVO-Bench; their note says when the prompts are not the published ones."""
    rule: Rule = task.config.get("rule", "corrected")
    written = answered_by(task.config) == "generated"
    templates = read_templates(question_options(task.config).get("templates", ""))
    note = "prompts paraphrased" if templates is TEMPLATES else ""
    records = question_records(task, "ovobench", read_ovobench, sources, events)
    choose(
        task,
        model,
        list(ovobench_items(records, templates, rule, written)),
        lambda done: ovobench_score(done, rule, note),
        lambda item, response: (
            is_right(item.stratum, response, item.answer, item.options, rule)
            if written
            else is_correct(item, response, rule)
        ),
    )
