"""Dense interleaving of frames and words: one user turn a second, the words spoken in it as the answer (method 2.2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np

from livecc_assets.core.rules import Rule
from livecc_assets.core.text import brief
from livecc_assets.core.word_times import WordListError, sound_words
from livecc_assets.graph.settings.choices import WordAssignment
from livecc_assets.training.chat import ELLIPSIS, speech_text, time_text

FPS = 2.0
FIRST_FRAMES = 6  # the first block spans three seconds
BLOCK_FRAMES = 2  # every later block one second
#: Word ends lie on a decimal grid and frame ends on a rational one; equal instants may differ by their rounding.
TOLERANCE = 1e-6


class UnusableClipError(Exception):
    """A clip that cannot become a training sequence; ``reason`` is a slug, ``detail`` a sentence with the numbers."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True)
class Turn:
    """One block: clip-relative nominal seconds, its frame indices in the file, the user's time text, the assistant's text."""

    start_s: float
    end_s: float
    frames: list[int]
    text: str
    speech: str

    @property
    def words(self) -> str:
        """The words alone, without the closing ellipsis; empty for silence."""
        return self.speech.removesuffix(ELLIPSIS)


def block_bounds(n_frames: int) -> list[tuple[int, int]]:
    """Half-open ranges of sampled frames, one per block: the first of six, then pairs."""
    starts = [0, *range(FIRST_FRAMES, n_frames, BLOCK_FRAMES)]
    return [(first, min(first + (BLOCK_FRAMES if first else FIRST_FRAMES), n_frames)) for first in starts]


def interleave(
    end_pts: np.ndarray,
    frame_indices: Sequence[int],
    words: Sequence[Mapping[str, Any]],
    start: float | None = None,
    rule: Rule = "corrected",
    word_assignment: WordAssignment = "frame_end",
    times: Sequence[float] | None = None,
) -> list[Turn]:
    """Turns of a clip, trailing silence removed.

    ``end_pts`` are the end times (s) of all frames of the file, ``frame_indices`` the sampled ones (2 fps, padded to an even
    count), ``words`` have ``start``, ``end`` and ``word``, absolute seconds; ``start`` is the clip's start. ``times`` are the
    seconds by which each sampled frame has been seen, where they are not all frames' ends: a frozen picture is sampled again and
    again before it ends.

    ``released`` keeps the published pointer: once it has read the last word it repeats it in every further block, words after
    the last sampled frame are lost, and words from before the clip are spoken in the first block. ``corrected`` makes the words
    sound first (:func:`livecc_assets.core.word_times.sound_words`), lets the pointer pass the end, adds the words that end
    within a block's length after the last frame to the last block, and leaves words from before the clip out.

    Raises UnusableClipError for no words, words without times, fewer than six frames, or no word inside.
    """
    if not _is_list(words):
        raise UnusableClipError("malformed_words", f"the clip's words are no list but {type(words).__name__}")
    if not len(words):
        raise UnusableClipError("no_words", "the clip has no words")
    if len(frame_indices) < FIRST_FRAMES:
        raise UnusableClipError(
            "too_short", f"{len(frame_indices)} sampled frames; the first block needs {FIRST_FRAMES}"
        )
    bounds = block_bounds(len(frame_indices))
    limits = [float(times[last - 1] if times else end_pts[frame_indices[last - 1]]) for _, last in bounds]
    if rule == "released":
        # The published reader keeps times as float32; words stay float64.
        limits = [float(np.float32(limit)) for limit in limits]
    if word_assignment == "block_end":
        limits = [limit + 1.0 / FPS for limit in limits]
    spoken = _released(_checked(words), limits) if rule == "released" else _corrected(_sound(words), limits, start)
    while spoken and not spoken[-1]:
        spoken.pop()
    if not spoken:
        raise UnusableClipError("no_word_in_clip", f"none of {len(words)} words ends inside the clip's sampled frames")
    turns = []
    for (first, last), text in zip(bounds, spoken, strict=False):
        start_s = first / FPS
        end_s = (first + (BLOCK_FRAMES if first else FIRST_FRAMES)) / FPS
        turns.append(
            Turn(
                start_s,
                end_s,
                [int(i) for i in frame_indices[first:last]],
                time_text(start_s, end_s),
                speech_text(text),
            )
        )
    return turns


def _is_list(words: Any) -> bool:
    return isinstance(words, Sequence) and not isinstance(words, str | bytes)


def _sound(words: Sequence[Any]) -> Sequence[Mapping[str, Any]]:
    try:
        return sound_words(words).words
    except WordListError as error:
        raise UnusableClipError(error.reason, error.detail) from error


def _checked(words: Sequence[Any]) -> Sequence[Mapping[str, Any]]:
    """The words as they are, where the published pointer can read them."""
    for number, word in enumerate(words):
        end, text = (word.get("end"), word.get("word")) if isinstance(word, Mapping) else (None, None)
        if not isinstance(end, Real) or not isinstance(text, str):
            raise UnusableClipError("malformed_words", f"word {number} has no end or no text: {brief(word)}")
    return words


def _released(words: Sequence[Mapping[str, Any]], limits: Sequence[float]) -> list[str]:
    """Words of each block by the published pointer, which never leaves the last word."""
    spoken = []
    pointer = 0
    for limit in limits:
        taken = []
        index = pointer
        for index in range(pointer, len(words)):
            if words[index]["end"] > limit:
                break
            taken.append(words[index]["word"].strip())
        pointer = index
        spoken.append(" ".join(taken).strip())
    return spoken


def _corrected(words: Sequence[Mapping[str, Any]], limits: Sequence[float], start: float | None) -> list[str]:
    """Words of each block, each word once: the tail goes to the last block, what lies outside the clip is left out."""
    begin = -np.inf if start is None else start
    tail = limits[-1] + BLOCK_FRAMES / FPS
    inside = [word for word in words if begin - TOLERANCE <= word["end"] <= tail + TOLERANCE and word["word"].strip()]
    spoken = []
    pointer = 0
    for number, limit in enumerate(limits):
        last = number == len(limits) - 1
        taken = []
        while pointer < len(inside) and (last or inside[pointer]["end"] <= limit + TOLERANCE):
            taken.append(" ".join(inside[pointer]["word"].split()))
            pointer += 1
        spoken.append(" ".join(taken))
    return spoken
