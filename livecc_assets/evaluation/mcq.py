"""Multiple choice by logits (method 4.4): what is asked, which answers compete, how many right ones are reported.

Plain Python; the model behind it is in mcq_model.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from livecc_assets.core.errors import UserError
from livecc_assets.evaluation.intervals import Rate, rate
from livecc_assets.evaluation.schemas import rate_row, score_row

ANSWER_PREFIX = "Answer:"
Encode = Callable[[str], list[int]]


@dataclass(frozen=True)
class Item:
    """One question about one stretch of video, ready to be answered.

    `answer_prefix` is put into the assistant's mouth; the answer is one of `candidates`, tokenised as after `lead`.
    `responses` are the texts stored for them (a whole option, or the candidate itself). `groups` names the parts of the
    benchmark that the item counts for, as 'kind:name'; `stratum` the task that a mean over tasks averages, `cluster`
    the question within it that several items ask again. `options` are those that the text lists, letters and all.
    """

    id: str
    video_id: str
    video: dict[str, Any]
    text: str
    candidates: tuple[str, ...]
    responses: tuple[str, ...]
    answer: str
    answer_prefix: str = ANSWER_PREFIX
    lead: str = ": "
    groups: tuple[str, ...] = ()
    stratum: str = ""
    cluster: str = ""
    options: tuple[str, ...] = ()

    @property
    def chance(self) -> float:
        """Probability of a right answer by guessing."""
        return 1 / len(self.candidates)


@dataclass(frozen=True)
class Answered:
    """An item with the model's choice; `correct` is by the benchmark's own rule."""

    item: Item
    choice: str
    response: str
    correct: bool
    log_probs: tuple[float, ...] = field(default=())


def question_text(question: str, options: Sequence[str], subtitles: str | None = None) -> str:
    """The user's text after the video."""
    text = f"{question}\n" + "\n".join(options) + "\nPlease select the correct answer."
    if subtitles:
        text = f"This video's subtitles are listed below:\n{subtitles}\nAccording to the video and subtitles, {text}"
    return text


def letters_of(options: Sequence[str]) -> tuple[str, ...]:
    """Letters of lettered options ('A. red' -> 'A'); raises ValueError when they do not run A, B, C ..."""
    letters = tuple(str(option)[:1] for option in options)
    if letters != tuple("ABCDEFGHIJ"[: len(options)]) or len(options) < 2:
        raise ValueError(f"options must be lettered A., B., ... in order, got {list(options)!r}")
    return letters


def lettered_item(
    id: str,
    video_id: str,
    video: dict[str, Any],
    question: str,
    options: Sequence[str],
    answer: str,
    subtitles: str | None = None,
    groups: tuple[str, ...] = (),
    stratum: str = "",
) -> Item:
    """An item of a benchmark with lettered options; the stored response is the whole option."""
    letters = letters_of(options)
    if answer not in letters:
        raise ValueError(f"answer {answer!r} is not one of the options' letters {', '.join(letters)}")
    text, listed = question_text(question, options, subtitles), tuple(options)
    return Item(id, video_id, video, text, letters, listed, answer, groups=groups, stratum=stratum, options=listed)


def by_words(item: Item) -> Item:
    """The same question, answered by the words of its options and not by their letters; one without options as it is.

    The model is not prefilled: its first words are the answer. What is stored for a choice stays what it was.
    """
    if not item.options:
        return item
    words = tuple(option[2:].strip() for option in item.options)
    answer = words[letters_of(item.options).index(item.answer)]
    responses = item.responses if item.responses == item.options else words
    return replace(item, candidates=words, responses=responses, answer=answer, answer_prefix="", lead="\n")


def candidate_ids(encode: Encode, candidates: Iterable[str], lead: str) -> dict[str, tuple[int, ...]]:
    """Token ids of each candidate as it follows `lead` (': ' or a newline): mostly one, two for 10."""
    before = encode(lead.rstrip(" ")) if lead.strip(" ") else []
    found = {}
    for candidate in candidates:
        ids = encode(lead + candidate)
        if ids[: len(before)] != before or len(ids) == len(before):
            raise UserError(
                f"the tokenizer joins {lead!r} and {candidate!r}, which cannot be scored so; name another model"
            )
        found[candidate] = tuple(ids[len(before) :])
    return found


def accuracy_rows(answered: Sequence[Answered], metric: str = "accuracy") -> list[dict[str, Any]]:
    """Accuracy in percent with intervals over videos: over all items, for each group, and the chance level of all."""
    rows = [_accuracy(metric, "all", answered)]
    groups: dict[str, list[Answered]] = {}
    for one in answered:
        for group in one.item.groups:
            groups.setdefault(group, []).append(one)
    rows += [_accuracy(metric, group, groups[group]) for group in groups]
    rows.append(score_row("chance", "all", _chance(answered), len(answered), note="accuracy of guessing"))
    return rows


def strata_mean(answered: Sequence[Answered], weights: dict[Any, float] | None = None) -> Rate:
    """Mean over strata of their accuracies, percent; within a stratum the mean over questions, several times averaged.

    Strata weigh alike, or as `weights` say. The interval is over videos.
    """
    questions: dict[tuple[str, str], list[Answered]] = {}
    for one in answered:
        questions.setdefault((one.item.stratum, one.item.cluster or one.item.id), []).append(one)
    scores = [float(np.mean([one.correct for one in some])) for some in questions.values()]
    videos = [some[0].item.video_id for some in questions.values()]
    return rate(scores, videos, [stratum for stratum, _ in questions], weights).scaled(100)


def _accuracy(metric: str, subset: str, answered: Sequence[Answered]) -> dict[str, Any]:
    found = rate([one.correct for one in answered], [one.item.video_id for one in answered]).scaled(100)
    right = sum(one.correct for one in answered)
    note = f"{right} of {len(answered)} right; guessing {_chance(answered):.1f} %"
    return rate_row(metric, subset, found, note)


def _chance(answered: Sequence[Answered]) -> float:
    return 100 * float(np.mean([one.item.chance for one in answered])) if answered else 0.0
