"""LiveSports-QA from known events: who, what and when, each asked given the other two (method 4.1, step 4)."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from typing import Any

from livecc_assets.evaluation.event_f1 import Vocabulary, truth_of
from livecc_assets.store.rows import Rejected
from livecc_assets.store.videos import COLUMNS

LETTERS = "ABCD"
KINDS = ("who", "what", "when")
MAX_QUESTIONS = 24
APART = 2.0  # seconds between the times that "when" offers, and between events that one question must not confuse


def propose_questions(
    events: Iterable[dict[str, Any]],
    config: dict[str, Any] | None = None,
    vocabulary: Vocabulary | None = None,
) -> Iterator[dict[str, Any] | Rejected]:
    """Four-option questions about the true events inside each event row; deterministic for a seed.

    `config`: `questions_per_event` (3: one of each kind), `max_questions` (24; 0: no limit), `seed` (0). Every event gets
    its first question before any gets a second one. Distractors come from the closed vocabulary, or for "when" from
    other times of the same event. An event row without truth, a question that has no three distractors or no single
    right answer, and an event that is not asked about because there are enough is rejected as filtered.
    """
    config = config or {}
    rows = list(events)
    known = [truth_of(row) for row in rows]
    vocabulary = vocabulary or Vocabulary.of(truth for truth in known if truth is not None)
    limit = int(config.get("max_questions", MAX_QUESTIONS)) or None
    asked: set[str] = set()
    made = 0
    for turn in range(int(config.get("questions_per_event", len(KINDS)))):
        for number, (row, truth) in enumerate(zip(rows, known, strict=True)):
            if not truth or (limit is not None and made >= limit):
                continue
            key = f"{row['video_id']}_{row['event_id']}"
            asked.add(key)
            kind = KINDS[(number + turn) % len(KINDS)]
            question = _asked(kind, turn, key, row, truth, vocabulary, config.get("seed", 0))
            made += isinstance(question, dict)
            yield question
    for row, truth in zip(rows, known, strict=True):
        key = f"{row['video_id']}_{row['event_id']}"
        if not truth:
            detail = "no events are known for this video" if truth is None else "no known event lies inside this part"
            yield Rejected(key, "filtered", "no_truth", detail, row["video_id"])
        elif key not in asked:
            yield Rejected(key, "filtered", "enough_questions", f"there are {limit} questions already", row["video_id"])


def _asked(
    kind: str,
    turn: int,
    key: str,
    row: dict[str, Any],
    truth: list[dict[str, Any]],
    vocabulary: Vocabulary,
    seed: int,
) -> dict[str, Any] | Rejected:
    """The event row's question number `turn`."""
    draw = random.Random(f"{seed}:{key}:{turn}")
    event = draw.choice(truth)
    made = _question(kind, event, row, truth, vocabulary, draw)
    if made is None:
        detail = f"no unambiguous {kind!r} question with three distractors about {event['actor']} {event['verb']}"
        return Rejected(f"{key}_{turn}", "filtered", "ambiguous", detail, row["video_id"])
    question, right, wrong = made
    options = draw.sample([right, *wrong], 4)
    return {
        "question_id": f"{key}_{turn}_{kind}",
        "video_id": row["video_id"],
        **{name: row[name] for name in COLUMNS},
        "video_start": row["begin"],
        "video_end": row["end"],
        "q_type": kind,
        "ocr": False,
        "question": question,
        "options": [f"{letter}. {option}" for letter, option in zip(LETTERS, options, strict=True)],
        "answer": LETTERS[options.index(right)],
    }


def _question(
    kind: str,
    event: dict[str, Any],
    row: dict[str, Any],
    truth: list[dict[str, Any]],
    vocabulary: Vocabulary,
    draw: random.Random,
) -> tuple[str, str, list[str]] | None:
    """(question, right option, three wrong options), None where the answer would not be unique."""
    actor, verb, time = event["actor"], event["verb"], event["time"] - row["begin"]
    near = [e for e in truth if e is not event and abs(e["time"] - event["time"]) < APART]
    if kind == "who":
        pool = [name for name in vocabulary.actors if name != actor]
        ambiguous = any(e["verb"] == verb for e in near)
        return None if ambiguous or len(pool) < 3 else (f"Who {verb} at {_clock(time)}?", actor, draw.sample(pool, 3))
    if kind == "what":
        pool = [name for name in vocabulary.verbs if name != verb]
        ambiguous = any(e["actor"] == actor for e in near)
        question = f"What does {actor} do at {_clock(time)}?"
        return None if ambiguous or len(pool) < 3 else (question, verb, draw.sample(pool, 3))
    same = [e["time"] - row["begin"] for e in truth if (e["actor"], e["verb"]) == (actor, verb)]
    times: list[float] = []
    grid = [step * APART / 2 for step in range(int((row["end"] - row["begin"]) / APART * 2))]
    for other in draw.sample(grid, len(grid)):
        if all(abs(other - taken) >= APART for taken in (*same, *times)):
            times.append(other)
    if len(same) > 1 or len(times) < 3:
        return None
    return f"When is it that {actor} {verb}?", _clock(time), [_clock(other) for other in times[:3]]


def _clock(seconds: float) -> str:
    return f"{seconds:.1f} s"
