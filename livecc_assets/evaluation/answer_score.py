"""What a multiple-choice result file says: the documents of `livecc score videomme` and its like (method 4.4, 4.5, 4.7)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from livecc_assets.core.errors import UserError
from livecc_assets.core.rules import Rule
from livecc_assets.evaluation.answer_files import Answer
from livecc_assets.evaluation.intervals import rate
from livecc_assets.evaluation.judgement_score import difference_entry, interval, rate_entry, rejected_entry
from livecc_assets.evaluation.ovo_groups import GROUP_OF, GROUPS, task_weights
from livecc_assets.evaluation.pairs import holm, paired, percent, sign_flips
from livecc_assets.evaluation.statistics import cluster_sums, mcnemar
from livecc_assets.evaluation.videomme import report
from livecc_assets.store.rows import Rejected

Answers = Sequence[Answer]
_RULES = {
    ("videomme", "released"): "released: letter by the authors' function; accuracy = correct/answered*100",
    ("videomme", "corrected"): "corrected: letter that is meant; a response without one is wrong",
    ("ovobench", "released"): "released: the response starts with the answer; every time of a question counts alike",
    ("ovobench", "corrected"): "corrected: the response is the answer; a question's times are averaged first",
}
_OTHERS = {
    "released": "released: the response's first character is the answer",
    "corrected": "corrected: letter that is meant; a response without one is wrong",
}
#: Breakdowns of each benchmark: (name, the part that an answer belongs to, None for no part).
BREAKDOWNS: dict[str, tuple[tuple[str, Callable[[Answer], str | None]], ...]] = {
    "videomme": tuple(
        (name, lambda one, name=name: str(one.row[name]))
        for name in ("duration", "domain", "sub_category", "task_type")
    ),
    "mvbench": (("task_type", lambda one: str(one.row["task_type"])),),
    "livesports-qa": (
        ("q_type", lambda one: str(one.row["q_type"])),
        ("ocr", lambda one: "yes" if str(one.row.get("OCR")) in ("1", "True") else None),
    ),
    "ovobench": (("task", lambda one: str(one.row["task"]).upper()),),
}


def document(
    benchmark: str, answers: Answers, rejected: Sequence[Rejected], rule: Rule = "corrected"
) -> dict[str, Any]:
    """Counts and accuracies in percent over all and by part; for MVBench and OVO-Bench also the mean over tasks."""
    unread = sum(one.reason == "no_letter" for one in rejected)
    made: dict[str, Any] = {
        "rule": _RULES.get((benchmark, rule), _OTHERS[rule]),
        "benchmark": benchmark,
        "videos": len({one.video for one in answers}),
    }
    if benchmark in ("mvbench", "ovobench"):
        mean = rate(*_strata(benchmark, answers, rule)).scaled(100)
        made |= {"mean_accuracy": round(mean.value, 4), "mean_accuracy_interval": interval(mean)}
    made["overall"] = _accuracy(answers, unread)
    if benchmark == "ovobench":
        groups = {name: [one for one in answers if GROUP_OF[_task(one)] == name] for name in GROUPS}
        made["group"] = {
            name: rate_entry(rate(*_strata(benchmark, some, rule)).scaled(100)) for name, some in groups.items() if some
        }
    for name, part in BREAKDOWNS[benchmark]:
        made[name] = {key: _accuracy(some) for key, some in _parts(answers, part).items()}
    made["predicted_letters"] = dict(sorted(Counter(one.letter or "none" for one in answers).items()))
    made["answer_letters"] = dict(sorted(Counter(one.answer for one in answers).items()))
    if benchmark == "videomme":
        made["report_txt"] = _report(answers, rule)
    made["rejected"] = rejected_entry(rejected)
    return made


def _report(answers: Answers, rule: Rule) -> str | None:
    """The official text report; None where the official scorer would refuse."""
    videos: dict[str, dict[str, Any]] = {}
    for one in answers:
        head = {name: str(one.row[name]) for name in ("duration", "domain", "sub_category")}
        videos.setdefault(one.video, {**head, "questions": []})["questions"].append(one.row)
    try:
        return report(list(videos.values()), rule)
    except ValueError:
        return None


def comparison(benchmark: str, first: Answers, second: Answers, rule: Rule = "corrected") -> dict[str, Any]:
    """The first file's accuracy minus the second's, in points, over the questions that both have; parts with Holm's p."""
    here, there = ({one.key: one for one in answers} for answers in (first, second))
    keys = [key for key in here if key in there]
    if not keys:
        raise UserError("the two files share no question; name files of the same benchmark")
    left, right = ([side[key] for key in keys] for side in (here, there))
    a, b = (np.array([one.correct for one in side]) for side in (left, right))
    only = int((a & ~b).sum()), int((~a & b).sum())
    made = {
        "questions": len(keys),
        "only_here": len(here) - len(keys),
        "only_there": len(there) - len(keys),
        "both_right": int((a & b).sum()),
        "right_here": only[0],
        "right_there": only[1],
        "neither": int((~a & ~b).sum()),
        "overall": _difference(a, b, left),
        "mcnemar_p": round(mcnemar(*only), 6),
    }
    if benchmark in ("mvbench", "ovobench"):
        scores = [_strata(benchmark, side, rule) for side in (left, right)]
        made["mean_accuracy"] = difference_entry(percent(paired(scores[0][0], scores[1][0], *scores[0][1:])))
    for name, part in BREAKDOWNS[benchmark]:
        parts = _parts(left, part)
        difference = a.astype(float) - b
        columns = np.array([[key == part(one) for key in parts] for one in left]) * difference[:, None]
        p_values = dict(zip(parts, sign_flips(cluster_sums([one.video for one in left], columns)), strict=True))
        corrected = holm(p_values)
        made[name] = {
            key: {
                "difference": round(100 * float(difference[columns_of(left, part, key)].mean()), 4),
                "p": round(float(p_values[key]), 6),
                "p_holm": round(float(corrected[key]), 6),
            }
            for key in parts
        }
    return made


def columns_of(answers: Answers, part: Callable[[Answer], str | None], key: str) -> np.ndarray:
    """Whether each answer belongs to the part `key`: bool [N]."""
    return np.array([part(one) == key for one in answers])


def _difference(a: np.ndarray, b: np.ndarray, answers: Answers) -> dict[str, Any]:
    return difference_entry(percent(paired(a.astype(float), b.astype(float), [one.video for one in answers])))


def _parts(answers: Answers, part: Callable[[Answer], str | None]) -> dict[str, list[Answer]]:
    parts: dict[str, list[Answer]] = {}
    for one in answers:
        if (key := part(one)) is not None:
            parts.setdefault(key, []).append(one)
    return parts


def _accuracy(answers: Answers, unread: int = 0) -> dict[str, Any]:
    found = rate([one.correct for one in answers], [one.video for one in answers]).scaled(100)
    right = sum(one.correct for one in answers)
    head = {"correct": right, "answered": len(answers), "total": len(answers) + unread}
    shown = {"accuracy": round(found.value, 4), "interval": interval(found)}
    return head | shown | {"videos": found.clusters, "too_few": found.few}


def _task(one: Answer) -> str:
    return str(one.row["task"]).upper()


def _strata(
    benchmark: str, answers: Answers, rule: Rule
) -> tuple[list[float], list[str], list[str], dict[Any, float] | None]:
    """(Scores, videos, tasks, what each task weighs): items of the benchmark's own mean."""
    if benchmark == "mvbench":
        tasks = [str(one.row["task_type"]) for one in answers]
        return [float(one.correct) for one in answers], [one.video for one in answers], tasks, None
    questions: dict[str, list[Answer]] = {}
    for one in answers:
        question = one.key if rule == "released" else f"{_task(one)}:{one.row['id']}"
        questions.setdefault(question, []).append(one)
    scores = [float(np.mean([one.correct for one in some])) for some in questions.values()]
    tasks = [_task(some[0]) for some in questions.values()]
    return scores, [some[0].video for some in questions.values()], tasks, task_weights(tasks)
