"""When a commentary says things, counted minute by minute beside a human's words of known times (method 4.8).

Both are read as they come, in order of time: memory holds the last minute or two of them, however long the game is.
"""

from __future__ import annotations

import heapq
import math
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import dropwhile, takewhile
from typing import Any, NamedTuple

import numpy as np

from livecc_assets.commentary.latency import SECOND
from livecc_assets.commentary.subtitles import words_in_time
from livecc_assets.commentary.utterance import Utterance
from livecc_assets.core.word_times import sound_words
from livecc_assets.core.words import Word
from livecc_assets.evaluation.content_words import content_words, tokens
from livecc_assets.evaluation.text_statistics import NGRAM
from livecc_assets.evaluation.timing_match import USUAL, Matcher, Pair, Window

MINUTE = 60.0
#: Width of the bins in which lags are counted, seconds.
LAG_BIN = 0.1


class Field(IntEnum):
    """What is counted in a stretch of time; counts of stretches add up."""

    SAID = 0  # content words of the commentary, and those of the human
    SPOKEN = 1
    BOTH_SPEAK = 2  # seconds, by who speaks
    ONLY_SAID = 3
    ONLY_SPOKEN = 4
    BOTH_SILENT = 5
    INTERVALS = 6  # of the commentary with a known end, and those that ended in their second
    IN_SECOND = 7
    WORDS = 8  # all words, and runs of four with those that were there before in the same stretch
    HUMAN_WORDS = 9
    GRAMS = 10
    REPEATED = 11
    HUMAN_GRAMS = 12
    HUMAN_REPEATED = 13


class Stretch(NamedTuple):
    """Counts [Field] of the time from ``begin`` to ``end`` in seconds.

    ``lags`` [2, bins of LAG_BIN] are its matched content words by their lag: those of the commentary, those of the human.
    """

    begin: float
    end: float
    counts: np.ndarray
    lags: np.ndarray


class Heard(NamedTuple):
    """A word, or the end of an interval (``text`` is None), at a time; ``mine`` says whether the commentary's."""

    time: float
    mine: bool
    text: str | None
    in_second: bool = False


def stretches(
    said: Iterable[Utterance],
    spoken: Iterable[Word],
    begin: float | None = None,
    end: float | None = None,
    every: float = MINUTE,
    window: Window = USUAL,
    delay: float = 0.0,
    least: float = -math.inf,
) -> Iterator[Stretch]:
    """Counts of each ``every`` seconds from ``begin`` to ``end``, by default those of the commentary, silence included.

    Both sides come in order of time. A word's time is the middle of its span; the words of an interval share it evenly and
    are later by its ``latency`` where that is known. ``delay`` makes the commentary later by so many seconds. Human words
    outside ``begin`` to ``end`` do not count. What the commentary says after the end counts in its last stretch, or in one
    of no length if that is over. Where it ends before ``least``, the silence until then counts, too. A commentary of no
    interval has no stretch unless ``begin`` and ``end`` are given.
    """
    source = _Commentary(said, begin, end, delay, least)
    start = source.begin if begin is None else begin
    if start is None or (source.begin is None and end is None):
        return
    counting = _Counting(start, every, window)
    for one in heapq.merge(source, _human(spoken), key=lambda one: one.time):
        if one.mine or (one.time >= start and not source.over(one.time)):
            yield from counting.add(one)
        elif one.time >= start and source.exhausted:  # the human speaks on after the commentary, which says no more
            break
    yield from counting.finish(source.last if end is None else end)


class _Commentary:
    """The words and interval ends of a commentary in the order in which they are heard."""

    def __init__(
        self, said: Iterable[Utterance], begin: float | None, end: float | None, delay: float, least: float
    ) -> None:
        first, last = (-math.inf if begin is None else begin - 1e-6), (math.inf if end is None else end)
        self._said = takewhile(lambda one: one.start < last, dropwhile(lambda one: one.start < first, said))
        self._end, self._delay = end, delay
        self._first = next(self._said, None)
        self.exhausted = False
        self.begin = self._first.start if self._first else None
        self.last = least

    def over(self, time: float) -> bool:
        """Whether the commentary's stretch is known to be over by then."""
        return time >= self._end if self._end is not None else self.exhausted and time >= self.last

    def __iter__(self) -> Iterator[Heard]:
        heard, one = -math.inf, self._first
        while one is not None:
            self.last = max(self.last, one.end)
            later = (one.latency or 0.0) + self._delay
            if one.latency is not None or one.stopped == "skipped":
                heard = max(heard, one.start + self._delay)
                yield Heard(heard, True, None, one.latency is not None and later <= SECOND)
            for word in words_in_time([one]):
                heard = max(
                    heard, (word["start"] + word["end"]) / 2 + later
                )  # nobody hears a word before an earlier one
                yield Heard(heard, True, word["word"])
            one = next(self._said, None)
        self.exhausted = True


def _human(words: Iterable[Word]) -> Iterator[Heard]:
    heard = -math.inf
    for word in words:
        heard = max(heard, (word["start"] + word["end"]) / 2)
        yield Heard(heard, False, word["word"])


@dataclass
class _Run:
    """One side's words of a stretch: runs of NGRAM, how many there were and which; seconds in which it speaks."""

    tail: tuple[str, ...] = ()
    grams: set[tuple[str, ...]] = field(default_factory=set)
    total: int = 0
    seconds: set[int] = field(default_factory=set)

    def add(self, words: Iterable[str]) -> None:
        for word in words:
            self.tail = (*self.tail[1 - NGRAM :], word)
            if len(self.tail) == NGRAM:
                self.total += 1
                self.grams.add(self.tail)


class _Part:
    """A stretch that is still counted."""

    def __init__(self, bins: int) -> None:
        self.counts, self.lags = np.zeros(len(Field), np.int64), np.zeros((2, bins), np.int64)
        self.mine, self.human = _Run(), _Run()

    def take(self, other: _Part) -> None:
        """Words that are heard later count here, too."""
        self.counts += other.counts
        self.lags += other.lags
        for run, more in ((self.mine, other.mine), (self.human, other.human)):
            run.total, run.grams = run.total + more.total, run.grams | more.grams

    def closed(self, begin: float, end: float) -> Stretch:
        seconds = max(0, round(end - begin))
        mine, human = ({k for k in run.seconds if k < seconds} for run in (self.mine, self.human))
        spoken = (len(mine & human), len(mine - human), len(human - mine), seconds - len(mine | human))
        self.counts[Field.BOTH_SPEAK : Field.BOTH_SILENT + 1] = spoken
        runs = [count for run in (self.mine, self.human) for count in (run.total, run.total - len(run.grams))]
        self.counts[Field.GRAMS : Field.HUMAN_REPEATED + 1] = runs
        return Stretch(begin, end, self.counts, self.lags)


class _Counting:
    """Puts words and their matches into stretches, and hands out those that nothing more can change."""

    def __init__(self, begin: float, every: float, window: Window) -> None:
        self._begin, self._every, self._window = begin, every, window
        self._matcher = Matcher(window)
        self._open: dict[int, _Part] = {}
        self._next, self._bins = 0, lag_bins(window)

    def add(self, one: Heard) -> Iterator[Stretch]:
        """Count it; the stretches that are settled by that."""
        number = self._number(one.time)
        if number > self._next and one.time > self._edge(self._next + 1) + self._window.end:
            yield from self._settled(one.time)
        part = self._part(number)
        if one.text is None:
            part.counts[Field.INTERVALS] += 1
            part.counts[Field.IN_SECOND] += one.in_second
            return
        words = tokens(one.text)
        if not words:
            return
        run = part.mine if one.mine else part.human
        run.add(words)
        run.seconds.add(int(one.time - self._edge(number)))
        part.counts[Field.WORDS if one.mine else Field.HUMAN_WORDS] += 1
        for word in content_words(words):
            part.counts[Field.SAID if one.mine else Field.SPOKEN] += 1
            self._credit(self._matcher.add(word, one.time, spoken=not one.mine))

    def finish(self, end: float) -> Iterator[Stretch]:
        """The stretches that are left, up to ``end``."""
        self._credit(self._matcher.settle(math.inf))
        last = self._number(end - 1e-6)
        for number in sorted(number for number in self._open if number > max(last, self._next)):
            self._part(max(last, self._next)).take(self._open.pop(number))
        yield from self._closed(math.inf, max([last, *self._open]), end)

    def _settled(self, now: float) -> Iterator[Stretch]:
        self._credit(self._matcher.settle(now))
        until = min(now - self._window.end, self._matcher.earliest)
        yield from self._closed(until, sys.maxsize, math.inf)

    def _closed(self, until: float, last: int, end: float) -> Iterator[Stretch]:
        while self._next <= last and self._edge(self._next + 1) <= until:
            part, begin = self._part(self._next), min(end, self._edge(self._next))
            del self._open[self._next]
            self._next += 1
            yield part.closed(begin, min(end, self._edge(self._next)))

    def _credit(self, pairs: Iterable[Pair]) -> None:
        for pair in pairs:
            bin = round((pair.lag + self._window.end) / LAG_BIN)
            for side, time in enumerate(pair):
                self._part(self._number(time)).lags[side, bin] += 1

    def _number(self, time: float) -> int:
        return max(0, int((time - self._begin) // self._every))

    def _edge(self, number: int) -> float:
        return self._begin + (number * self._every if number else 0.0)

    def _part(self, number: int) -> _Part:
        if number not in self._open:
            self._open[number] = _Part(self._bins)
        return self._open[number]


def lag_bins(window: Window) -> int:
    """How many bins of LAG_BIN the lags inside the window take, from -end to end."""
    return round(2 * window.end / LAG_BIN) + 1


def spread(items: Iterable[Any]) -> list[Word]:
    """Sound words of items {start, end, word} or [start, end, text]; those of one item share its time evenly.

    Raises WordListError as ``sound_words`` does.
    """
    sound = sound_words(list(items)).words
    return [word for one in sound for word in words_in_time([Utterance(one["start"], one["end"], one["word"])])]
