"""Answering a benchmark's questions with an experiment's model: by the logits of the candidates (method 4.4)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from livecc_assets.core.errors import UserError
from livecc_assets.evaluation.mcq import Answered, Item, by_words
from livecc_assets.evaluation.ovo_generated import MOST_TOKENS, PENALTY
from livecc_assets.evaluation.question_config import answered_by, question_options
from livecc_assets.evaluation.sample_questions import EMBEDDED, sample_questions
from livecc_assets.evaluation.tables import add_text, headline, rows_of, with_rule
from livecc_assets.models.checkpoint import checkpoint_folder
from livecc_assets.runtime.task import Task
from livecc_assets.store.artifact import Artifact
from livecc_assets.store.rows import Rejected, Row
from livecc_assets.store.uris import local_path

Score = Callable[[Sequence[Answered]], list[dict[str, Any]]]


def question_records(
    task: Task,
    benchmark: str,
    read: Callable[[Path, str], list[dict[str, Any]]],
    sources: Sequence[Artifact],
    events: Sequence[Artifact],
) -> list[dict[str, Any]]:
    """The benchmark's own questions, or with ``embedded:sample`` some made from the sample world's truth."""
    options = question_options(task.config)
    path = options.get("path") or ""
    if not path:
        raise UserError(f"benchmarks.{benchmark} is empty: set it to the question file in the profile")
    if path == EMBEDDED:
        task.writer.metadata["questions"] = "made from the sample world's truth; not the published benchmark"
        columns = ["video_id", "batch", "path", "duration", "subtitles", "truth"]
        return sample_questions(
            benchmark, rows_of(sources, columns), rows_of(events, ["video_id"]), task.videos.address
        )
    return read(local_path(path), options.get("videos", ""))


def choose(
    task: Task,
    model: Artifact,
    items: Sequence[Item | Rejected],
    score: Score,
    correct: Callable[[Item, str], bool] | None = None,
) -> list[Answered]:
    """Answer all items, write score rows, what was in error, and every answer (answers.jsonl).

    Where answers are `generated`, ``correct`` reads the reply.
    """
    from livecc_assets.evaluation.mcq_model import Answerer, answers, replies

    config = task.config
    written = answered_by(config) == "generated"
    if answered_by(config) == "words":
        if config.get("rule") == "released":
            raise UserError(
                f"{task.asset}: the released rules know letters alone; set `answers: letters`, or rules corrected"
            )
        items = [by_words(item) if isinstance(item, Item) else item for item in items]
    answerer = Answerer.load(
        checkpoint_folder(model, task.home),
        config["video"],
        config.get("device", "cpu"),
        config.get("dtype"),
        config.get("rule", "corrected"),
        bool(config.get("blank_frames", False)),
    )

    def answer(some: list[Item | Rejected]) -> Iterator[Row]:
        if written and correct is not None:
            return map(as_row, replies(answerer, some, correct, MOST_TOKENS, PENALTY))
        return map(as_row, answers(answerer, some, correct))

    done: list[Answered] = []
    for item, row in zip(items, task.resumable(items, answer, len(items), "questions"), strict=True):
        if isinstance(item, Rejected) or not isinstance(row, dict):
            task.writer.add(row)
        else:
            done.append(answered(item, row))
    if not done:
        raise UserError(f"{task.asset}: not one of {len(items)} questions could be answered; see its rejected rows")
    rows = with_rule(score(done), config.get("rule"))
    task.writer.extend(rows)
    task.writer.metadata |= headline(rows) | {
        "questions_answered": len(done),
        "questions_in_error": len(items) - len(done),
    }
    add_text(task, "answers.jsonl", "".join(json.dumps(line) + "\n" for line in answer_lines(done)))
    return done


def as_row(one: Answered | Rejected) -> Row:
    """What the model chose, without the question."""
    if isinstance(one, Rejected):
        return one
    return {"choice": one.choice, "response": one.response, "correct": one.correct, "log_probs": list(one.log_probs)}


def answered(item: Item, row: dict[str, Any]) -> Answered:
    """The question with what :func:`as_row` kept of its answer."""
    return Answered(item, row["choice"], row["response"], row["correct"], tuple(row["log_probs"]))


def answer_lines(done: Iterable[Answered]) -> Iterable[dict[str, Any]]:
    """What was answered to each question, with the candidates' log probabilities."""
    for one in done:
        yield {
            "id": one.item.id,
            "video_id": one.item.video_id,
            "groups": one.item.groups,
            "answer": one.item.answer,
            "choice": one.choice,
            "response": one.response,
            "correct": one.correct,
            **(_by_logits(one) if one.log_probs else {"chance": one.item.chance}),
        }


def _by_logits(one: Answered) -> dict[str, Any]:
    return {"log_probs": dict(zip(one.item.candidates, (round(p, 4) for p in one.log_probs), strict=True))}
