"""Words of many videos cut into runs at once; what A1 and B3 share (method 1.2, 1.7).

A cut at a silence does not depend on the words before it, so all of them are found together. Only what lies between two
cuts and is longer than a clip may be has to be walked through, clip by clip.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from livecc_assets.graph.settings.video import ClipLimits as Limits
from livecc_assets.live_cc.columns import Timed

Fate = Literal["kept", "too_short", "too_slow", "too_fast", "no_sentence_start", "last_word_lost"]
FATES: tuple[Fate, ...] = ("kept", "too_short", "too_slow", "too_fast", "no_sentence_start", "last_word_lost")
KEPT, TOO_SHORT, TOO_SLOW, TOO_FAST, NO_SENTENCE_START, LAST_WORD_LOST = range(6)
#: Words that are looked at together for the first one that is too far from a clip's start.
_WINDOW = 1024


@dataclass(frozen=True)
class Run:
    """Words ``first`` to ``last`` - 1 of a video and what became of them; ``speed`` in words per second."""

    first: int
    last: int
    fate: Fate
    seconds: float = 0.0
    speed: float = 0.0


@dataclass(frozen=True)
class Runs:
    """Runs in the words' order: ``fate`` is a place in ``FATES``, ``first`` and ``last`` count through all videos."""

    first: np.ndarray
    last: np.ndarray
    fate: np.ndarray
    seconds: np.ndarray
    speed: np.ndarray

    def one_by_one(self) -> Iterator[Run]:
        """The same as :class:`Run`."""
        columns = (self.first, self.last, self.fate, self.seconds, self.speed)
        for first, last, fate, seconds, speed in zip(*(column.tolist() for column in columns), strict=True):
            yield Run(first, last, FATES[fate], seconds, speed)

    def where(self, found: np.ndarray) -> "Runs":
        """The runs under a mask or at places."""
        columns = (self.first, self.last, self.fate, self.seconds, self.speed)
        return Runs(*(column[found] for column in columns))


def cut(
    words: Timed, times: np.ndarray, limits: Limits, openings: np.ndarray | None = None, speed_rule: bool = True
) -> Runs:
    """The runs of all videos; they cover every word exactly once.

    Gaps and lengths are measured between ``times``. A run may start at a video's first word and, where ``openings`` is
    given, at a word under this mask, else anywhere. ``released`` never reaches a video's final word (its loop variable stops
    on the last index); that word becomes a run of its own, ``last_word_lost``. ``corrected`` uses half-open ranges.
    """
    count, (starts, ends) = len(words), words.offsets[np.flatnonzero(words.counts)[None, :] + [[0], [1]]]
    lost = ends - 1 if limits.rule == "released" else ends[:0]
    breaks = np.zeros(count, bool)
    with np.errstate(invalid="ignore"):
        breaks[1:] = times[1:] - times[:-1] > limits.max_empty_sec
    breaks[starts] = breaks[lost] = True
    low = np.flatnonzero(breaks)
    high = np.append(low[1:], count)[: len(low)]
    opens = None
    if openings is not None:
        openings = openings.copy()
        openings[starts] = openings[lost] = True
        opens = np.append(np.flatnonzero(openings), count)
    first, last = _between(times, low, high, opens, limits.max_clip_sec)
    is_lost = np.zeros(count, bool)
    is_lost[lost] = True
    reached = ~is_lost[first]
    return _judged(words, times, first[reached], last[reached], lost, limits, speed_rule)


def _between(
    times: np.ndarray, low: np.ndarray, high: np.ndarray, opens: np.ndarray | None, most: float
) -> tuple[np.ndarray, np.ndarray]:
    """(Firsts, lasts) of the runs within the stretches ``low`` to ``high`` - 1, which have no cut inside."""
    if not len(low):
        return low, high
    with np.errstate(invalid="ignore"):
        first = low if opens is None else opens[np.searchsorted(opens, low)]
        latest = np.fmax.reduceat(times, low)
        inside = first < high
        first, high, latest = first[inside], high[inside], latest[inside]
        long = latest - times[first] > most
        walked = [
            run
            for start, end in zip(first[long].tolist(), high[long].tolist(), strict=True)
            for run in _walk(times, start, end, opens, most)
        ]
    more = np.array(walked, np.int64).reshape(-1, 2)
    firsts = np.concatenate([first[~long], more[:, 0]])
    order = np.argsort(firsts, kind="stable")
    return firsts[order], np.concatenate([high[~long], more[:, 1]])[order]


def _walk(times: np.ndarray, first: int, end: int, opens: np.ndarray | None, most: float) -> Iterator[tuple[int, int]]:
    while first < end:
        last = _too_far(times, first, end, most)
        yield first, last
        first = last if opens is None else int(opens[np.searchsorted(opens, last)])


def _too_far(times: np.ndarray, first: int, end: int, most: float) -> int:
    """The first word after ``first`` that is more than ``most`` seconds from it, else ``end``."""
    for low in range(first + 1, end, _WINDOW):
        far = times[low : min(low + _WINDOW, end)] - times[first] > most
        if far[found := far.argmax()]:
            return low + int(found)
    return end


def _judged(
    words: Timed,
    times: np.ndarray,
    first: np.ndarray,
    last: np.ndarray,
    lost: np.ndarray,
    limits: Limits,
    speed_rule: bool,
) -> Runs:
    """Fates by length, then by speed: words / (end of last word - end of first word); and of the words in no run."""
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        seconds = times[last - 1] - times[first]
        spoken = words.end[last - 1] - words.end[first]
        speed = np.where(spoken > 0, (last - first) / spoken, np.inf)
        fate = np.full(len(first), KEPT, np.int8)
        if speed_rule:
            fate[speed > limits.max_wps] = TOO_FAST
            fate[speed < limits.min_wps] = TOO_SLOW
        fate[seconds < limits.min_clip_sec] = TOO_SHORT
    begins, stops = np.concatenate([first, lost]), np.concatenate([last, lost + 1])
    order = np.argsort(begins, kind="stable")
    left, right = np.append(0, stops[order]), np.append(begins[order], len(words))
    skipped = left < right
    firsts = np.concatenate([first, lost, left[skipped]])
    lasts = np.concatenate([last, lost + 1, right[skipped]])
    others = len(lost), int(np.count_nonzero(skipped))
    fates = np.concatenate([fate, np.repeat(np.array([LAST_WORD_LOST, NO_SENTENCE_START], np.int8), others)])
    zeros = np.zeros(sum(others))
    found = Runs(firsts, lasts, fates, np.append(seconds, zeros), np.append(speed, zeros))
    return found.where(np.argsort(firsts, kind="stable"))
