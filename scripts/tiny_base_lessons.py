"""Lessons of the tiny base: short clips of the sample world under questions, in other words than the commentary's."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

from livecc_assets.sample.match import ACTORS, PLACES, VERBS, VISIBLE_SECONDS, Event, MatchPlan, render_at

FIRST_SEED = 10_000_000  # ten thousand numbers that end where the seeds of the world's own batches begin

ACTION = {"jumps": "jump", "falls": "fall", "shoots": "shoot", "waves": "wave", "slides": "slide"}
PLACE = {"left": "left", "middle": "centre", "right": "right"}
QUESTIONS = {
    "who": ("Who acts?", "Which player is big?", "Kit colour?"),
    "what": ("What is the action?", "Name the action.", "What happens here?"),
    "where": ("Where is it?", "Which side?"),
    "all": ("Label this clip.", "Who, what, where?", "Player, action and side?"),
}
STANDING = ("Label every clip.", "Who, what, where, for each clip?", "Player, action and side, every time.")


@dataclass(frozen=True)
class Clip:
    """Some frames of a match, uint8 [T, 112, 112, 3] with T even, and the event in view, if any."""

    frames: np.ndarray
    event: Event | None


def answer(event: Event | None, kind: str) -> str:
    """The answer to a question of `kind`: single words, or "colour action place"."""
    if event is None:
        return "nobody" if kind == "who" else "nothing"
    words = {"who": event.actor, "what": ACTION[event.verb], "where": PLACE[event.place]}
    return " ".join(words.values()) if kind == "all" else words[kind]


def draw_clip(rng: np.random.Generator, seed: int, frames: int = 2, empty: float = 0.25) -> Clip:
    """One clip of a match of its own, two frames a second: an event is in at least one frame, with chance `empty` in none."""
    span = 0.5 * (frames - 1)
    actor, verb, place = (names[int(rng.integers(len(names)))] for names in (ACTORS, VERBS, PLACES))
    time = float(rng.uniform(5 - VISIBLE_SECONDS + 0.05, 5 + span))
    event = None if rng.random() < empty else Event(time, time + VISIBLE_SECONDS, actor, verb, place)
    plan = MatchPlan(FIRST_SEED + seed, 10.0, () if event is None else (event,))
    return Clip(np.stack([_compress(render_at(plan, 5 + 0.5 * n), rng) for n in range(frames)]), event)


def _compress(frame: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """What lossy coding leaves of a frame."""
    file = io.BytesIO()
    Image.fromarray(frame).save(file, "JPEG", quality=int(rng.integers(45, 96)))
    return np.asarray(Image.open(file).convert("RGB"))


@dataclass(frozen=True)
class Turn:
    """A user turn (text before and after the clip) and the assistant's answer."""

    before: str
    clip: Clip
    after: str
    answer: str


def draw_lesson(rng: np.random.Generator, pool: list[Clip], long_pool: list[Clip], turns: int) -> list[Turn]:
    """A conversation about `turns` unrelated clips; every answer is about the newest clip.

    Either each turn asks its own question, or the first turn sets the task for all. Most conversations number their clips
    by time.
    """
    clips = [pool[int(rng.integers(len(pool)))] for _ in range(turns)]
    if long_pool and rng.random() < 0.5:
        clips[0] = long_pool[int(rng.integers(len(long_pool)))]
    timed, standing = rng.random() < 0.6, rng.random() < (0.35 if turns == 1 else 0.6)
    kinds = list(QUESTIONS)
    lesson, second = [], 0
    for n, clip in enumerate(clips):
        length = len(clip.frames) // 2
        before = f"Time={second}.0-{second + length}.0s" if timed else ""
        second += length
        if standing:
            kind, after = "all", str(rng.choice(STANDING)) if n == 0 else ""
        else:
            kind = kinds[int(rng.integers(len(kinds)))]
            after = str(rng.choice(QUESTIONS[kind]))
        lesson.append(Turn(before, clip, after, answer(clip.event, kind)))
    return lesson
