"""What annotators decided on proposed events and questions, applied, and how far they agree (method 4.1, steps 3 and 4).

Cohen's kappa for two annotators, Fleiss' for more: J. L. Fleiss, Measuring nominal scale agreement among many raters,
Psychological Bulletin 76 (1971).
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from statistics import fmean, median
from typing import Any, Literal

from livecc_assets.evaluation.jury import kappa
from livecc_assets.evaluation.questions import KINDS
from livecc_assets.evaluation.review_sheet import Decision, Sheet, cell, event_key
from livecc_assets.store.rows import Rejected

Row = dict[str, Any]
#: Seconds by which a given end may pass the video's: people round.
_ROUNDED = 1.0


def decided_events(
    events: Iterable[Row], sheets: Sequence[Sheet], shortest: float, durations: Mapping[str, float] | None = None
) -> Iterator[Row | Rejected]:
    """The events that most annotators keep, with the medians of their times and the title and class most of them give.

    A tie is no majority. Events that nobody decided on are left out, too, each with its reason; so are those that are shorter
    than ``shortest`` seconds in the times that were given. A decision with an end after the video's (``durations``: seconds by
    video) is rejected and does not vote.
    """
    for row in events:
        key = event_key(row)
        most = max((durations or {}).get(row["video_id"], math.inf), row["end"])  # the proposed end stands in the sheet
        for sheet in sheets:
            one = sheet.decisions.get(key)
            if one is not None and _late(one, most):
                told = f"{sheet.annotator} ends it at {one.end:g} s, but the video ends at {most:g} s"
                yield Rejected(f"{sheet.annotator}:{key}", "error", "impossible_time", told, row["video_id"])
        possible = [one for one in _given(sheets, key) if not _late(one, most)]
        given = [one for one in possible if not _elsewhere(one, row)]
        if len(given) < len(possible):
            told = "a decision on it is about other seconds of the video; review again"
            yield Rejected(f"{key}:decision", "error", "unknown_decision", told, row["video_id"])
        fault = _verdict(given)
        if fault is not None:
            yield Rejected(key, "filtered", *fault, row["video_id"])
            continue
        kept = [one for one in given if one.keep]
        begin, end = (
            median([getattr(one, name) for one in kept if getattr(one, name) is not None] or [row[name]])
            for name in ("begin", "end")
        )
        if end - begin < shortest:
            told = f"{begin:g} to {end:g} s, as annotators give it, is less than {shortest:g} s"
            yield Rejected(key, "filtered", "too_short", told, row["video_id"])
            continue
        title, label = (_most(getattr(one, name) for one in kept) for name in ("title", "label"))
        moved = row | _moved(row, begin, end)
        if not moved["event_asr_text"]:
            told = f"nobody speaks between {begin:g} and {end:g} s, as annotators give it"
            yield Rejected(key, "filtered", "no_words", told, row["video_id"])
            continue
        yield moved | {
            "event_title": title or row["event_title"],
            "class": label or row["class"],
        }


def decided_questions(questions: Iterable[Row], sheets: Sequence[Sheet]) -> Iterator[Row | Rejected]:
    """The questions that most annotators keep and answer as the key does.

    One that most of them say needs the speech is left out (the paper removed 62), and so is one to which most of those who
    answered give another answer. The OCR mark is the majority's.
    """
    for row in questions:
        key = row["question_id"]
        given = [one for one in _given(sheets, key) if one.question in ("", cell(row["question"]))]
        if len(given) < len(_given(sheets, key)):
            told = "a decision on it is about another question of this name; review again"
            yield Rejected(f"{key}:decision", "error", "unknown_decision", told, row["video_id"])
        fault = _verdict(given)
        answers = Counter(one.answer for one in given if one.answer)
        if fault is None and _majority([one.needs_speech for one in given]):
            fault = "needs_speech", "annotators say that it cannot be answered without the speech"
        if fault is None and 2 * answers[row["answer"]] < answers.total():
            told = ", ".join(f"{letter}: {count}" for letter, count in sorted(answers.items()))
            fault = "other_answer", f"annotators answer {told}; the key is {row['answer']}"
        if fault is not None:
            yield Rejected(key, "filtered", *fault, row["video_id"])
            continue
        marks = [one.ocr for one in given if one.ocr is not None]
        yield row | ({"ocr": 2 * sum(marks) > len(marks)} if marks else {})


def unknown(sheets: Iterable[Sheet], known: Iterable[str], kind: Literal["events", "questions"]) -> Iterator[Rejected]:
    """Rows of the sheets that could not be read, or decide on events or questions that are not there."""
    ids = set(known)
    for sheet in sheets:
        yield from sheet.rejected
        for key in sheet.decisions:
            if key not in ids and _kind(key) == kind:
                told = f"{sheet.annotator} decides on {key}, which is not proposed (any more); review again"
                yield Rejected(f"{sheet.annotator}:{key}", "error", "unknown_decision", told, "")


def agreement(sheets: Sequence[Sheet], ids: Iterable[str]) -> dict[str, Any]:
    """How far annotators agree on these ids: share of equal `keep` in percent, kappa, mean temporal IoU, share of equal answers.

    A figure is absent where no two of them decided on one thing. Kappa is over what all of them decided on.
    """
    wanted = list(ids)
    found: dict[str, Any] = {"annotators": len(sheets), "reviewed": sum(bool(_votes(sheets, key)) for key in wanted)}
    keeps, answers, overlaps = list[bool](), list[bool](), list[float]()
    for key in wanted:
        for one, other in combinations([sheet.decisions.get(key) for sheet in sheets], 2):
            if one is None or other is None:
                continue
            if one.keep is not None and other.keep is not None:
                keeps.append(one.keep == other.keep)
            if one.answer and other.answer:
                answers.append(one.answer == other.answer)
            if one.keep and other.keep and (iou := _iou(one, other)) is not None:
                overlaps.append(iou)
    for name, values in (("agreement", keeps), ("answer_agreement", answers)):
        found |= {name: round(100 * fmean(values), 2)} if values else {}
    value = _kappa(sheets, wanted)
    found |= {"kappa": round(value, 4)} if value is not None else {}
    return found | ({"time_iou": round(fmean(overlaps), 4)} if overlaps else {})


def _kappa(sheets: Sequence[Sheet], ids: Sequence[str]) -> float | None:
    shared = [votes for key in ids if len(votes := _votes(sheets, key)) == len(sheets)]
    if len(sheets) < 2 or not shared:
        return None
    if len(sheets) == 2:
        first, second = zip(*([str(vote) for vote in votes] for votes in shared), strict=True)
        return kappa(first, second)
    n = len(sheets)
    seen = fmean((sum(votes) ** 2 + (n - sum(votes)) ** 2 - n) / (n * (n - 1)) for votes in shared)
    yes = sum(map(sum, shared)) / (n * len(shared))
    chance = yes**2 + (1 - yes) ** 2
    return None if chance == 1 else (seen - chance) / (1 - chance)


def _given(sheets: Sequence[Sheet], key: str) -> list[Decision]:
    return [sheet.decisions[key] for sheet in sheets if key in sheet.decisions]


def _votes(sheets: Sequence[Sheet], key: str) -> list[bool]:
    return [one.keep for one in _given(sheets, key) if one.keep is not None]


def _verdict(given: Sequence[Decision]) -> tuple[str, str] | None:
    """(reason, detail) why something is not kept; None where most keep it."""
    votes = [one for one in given if one.keep is not None]
    if not votes:
        return "not_reviewed", "no annotator decided on it"
    if _majority([one.keep for one in votes]):
        return None
    said = "; ".join(dict.fromkeys(one.comment for one in votes if not one.keep and one.comment))
    against = sum(not one.keep for one in votes)
    return "not_kept_by_annotators", f"{against} of {len(votes)} would not keep it{': ' + said if said else ''}"


def _majority(votes: Sequence[bool | None]) -> bool:
    given = [vote for vote in votes if vote is not None]
    return 2 * sum(given) > len(given)


def _most(values: Iterable[str | None]) -> str | None:
    given = Counter(value for value in values if value)
    return given.most_common(1)[0][0] if given else None


def _moved(row: Mapping[str, Any], begin: float, end: float) -> Row:
    """The event in other times: the sentences whose middle lies inside, what came before, and its truth."""
    if (begin, end) == (row["begin"], row["end"]):
        return {}
    lines, earlier = json.loads(row["event_asr"]), json.loads(row["preasr"])
    inside = [line for line in lines if begin <= (line[0] + line[1]) / 2 <= end]
    before = [*earlier, *(line for line in lines if (line[0] + line[1]) / 2 < begin)]
    truth = None if row["truth"] is None else [one for one in json.loads(row["truth"]) if begin <= one["time"] <= end]
    return {
        "begin": begin,
        "end": end,
        "event_asr": json.dumps(inside),
        "event_asr_text": " ".join(line[2] for line in inside),
        "preasr": json.dumps(before),
        "preasr_text": " ".join(line[2] for line in before),
        "truth": None if truth is None else json.dumps(truth),
    }


def _iou(one: Decision, other: Decision) -> float | None:
    if one.begin is None or one.end is None or other.begin is None or other.end is None:
        return None
    shared = max(0.0, min(one.end, other.end) - max(one.begin, other.begin))
    return shared / (max(one.end, other.end) - min(one.begin, other.begin))


def _late(one: Decision, duration: float) -> bool:
    return one.end is not None and one.end > duration + _ROUNDED


def _elsewhere(one: Decision, row: Mapping[str, Any]) -> bool:
    """Whether a decision's times lie outside the event that it names: numbers of events move with their transcripts."""
    begin, end = (row["begin"] if one.begin is None else one.begin), (row["end"] if one.end is None else one.end)
    return min(end, row["end"]) <= max(begin, row["begin"])


def _kind(key: str) -> Literal["events", "questions"]:
    """What an id is of: a question's ends in its kind, an event's in a number."""
    return "questions" if key.rpartition("_")[2] in KINDS else "events"
