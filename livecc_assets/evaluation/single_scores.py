"""What a rate is made of: every event's and question's own score, by which two experiments are compared (method 4.7)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from livecc_assets.core.rules import Rule
from livecc_assets.evaluation.event_f1 import EventF1
from livecc_assets.evaluation.ovo_groups import GROUPS, task_weights
from livecc_assets.evaluation.win_rate import event_scores, video_of
from livecc_assets.store.rows import column

Rows = Sequence[dict[str, Any]]
#: The measure whose items lie between -1 and 1, and are kept as halves of that above 0.
GAP = "position_gap"
#: The table `singles.parquet` of the leaderboard.
SCHEMA = pa.schema(
    [
        column("experiment", pa.string(), "Whose score it is"),
        column("measure", pa.string(), "What was measured"),
        column("basis", pa.string(), "Equal where the items, the judge and the rules are the same"),
        column("item", pa.string(), "Event, question or video that was scored"),
        column("video", pa.string(), "Video that the item is of"),
        column("stratum", pa.string(), "Task that the measure's mean averages, or nothing"),
        column("value", pa.float64(), "The item's score, 0 to 1; for event_f1 the matched claims of a video"),
        column("claims", pa.int64(), "Claims of the video, for event_f1", nullable=True),
        column("events", pa.int64(), "True events of the video, for event_f1", nullable=True),
    ]
)


def judged(judgements: Rows, rule: Rule, ordered: bool = False) -> Iterator[dict[str, Any]]:
    """Of every judged event the share of its calls that the model won; of a judge who was shown them in an `ordered` way also
    what being shown first was worth, 1 for all of the event, 0.5 for nothing."""
    for row, score in zip(judgements, event_scores(judgements, rule), strict=True):
        yield _single("win_rate", row["video_event_id"], video_of(row), float(score))
        if ordered:
            gap = (1 + (row["ab_winner"] == "model") - (row["ba_winner"] == "model")) / 2
            yield _single(GAP, row["video_event_id"], video_of(row), gap)


def named(commentary: Rows, scorer: EventF1) -> Iterator[dict[str, Any]]:
    """Of every video its matched claims, claims and events."""
    sums = scorer.sums(scorer.counts(commentary))
    for video, (matched, claims, events) in zip(dict.fromkeys(video for video, _ in scorer.truth), sums, strict=True):
        yield _single("event_f1", video, video, float(matched)) | {"claims": int(claims), "events": int(events)}


def answered(measure: str, lines: Iterable[Mapping[str, Any]], rule: Rule) -> Iterator[dict[str, Any]]:
    """Of every question of an `answers.jsonl` whether it was right; with the strata of the benchmark's own mean.

    OVO-Bench asks some questions at several times: `corrected` averages them.
    """
    questions: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for line in lines:
        stratum = _stratum(measure, line)
        again = measure == "ovobench" and rule == "corrected"
        questions.setdefault((stratum, line["id"].rpartition("-")[0] if again else line["id"]), []).append(line)
    for (stratum, name), asked in questions.items():
        right = float(np.mean([one["correct"] for one in asked]))
        item = f"{stratum}:{name}" if stratum else name
        yield _single(measure, item, asked[0]["video_id"], right) | {"stratum": stratum}


def chance(lines: Sequence[Mapping[str, Any]], measure: str, subset: str = "all") -> float | None:
    """What guessing reaches in percent, as the benchmark's own mean has it; None where nothing was asked."""
    kind, _, name = subset.partition(":")
    wanted = {f"task:{task}" for task in GROUPS[name]} if kind == "group" else {subset}
    asked = [line for line in lines if subset == "all" or wanted & set(line["groups"])]
    if not asked:
        return None
    guesses: dict[str, list[float]] = {}
    for line in asked:
        guesses.setdefault(_stratum(measure, line), []).append(line.get("chance") or 1 / len(line["log_probs"]))
    weights = weights_of(measure, list(guesses))
    return 100 * float(sum(weights[name] * np.mean(some) for name, some in guesses.items()))


def weights_of(measure: str, strata: Sequence[str]) -> dict[Any, float]:
    """What each stratum weighs in the measure's mean; the weights add up to 1."""
    present = dict.fromkeys(strata)
    return task_weights(present) if measure == "ovobench" else dict.fromkeys(present, 1 / len(present))


def read_answers(text: str) -> list[dict[str, Any]]:
    """The lines of an `answers.jsonl`."""
    return [json.loads(line) for line in text.splitlines()]


def _stratum(measure: str, line: Mapping[str, Any]) -> str:
    """The task that the benchmark's own mean averages; nothing where it is over all questions."""
    tasks = (group.removeprefix("task:") for group in line["groups"] if group.startswith("task:"))
    return next(tasks, "") if measure in ("mvbench", "ovobench") else ""


def _single(measure: str, item: str, video: str, value: float) -> dict[str, Any]:
    return {
        "measure": measure,
        "item": item,
        "video": video,
        "stratum": "",
        "value": value,
        "claims": None,
        "events": None,
    }
