"""Words of any recogniser made sound: in spoken order, each once, with finite times inside their video (method 1.6).

Recognisers give words unsorted, inverted, without times (numbers that an alignment left out), as text, twice, or stretched over
a pause. Every word list passes here where it comes in. Nothing is lost unseen: what was done is counted by kind.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from numbers import Real
from typing import Any

from livecc_assets.core.text import sound
from livecc_assets.core.words import Word

#: Seconds that a word takes whose start or end is unknown; and at most, where neither is known and there is room.
USUAL, ROOMY = 0.3, 1.0
#: Seconds by which a word may lie outside its video and still be brought to the edge.
SLACK = 1.0
#: A recognised word that lasts longer (s) hides a pause, and a longer silence than this ends a clip (method 1.2).
LONGEST = 3.0
#: Seconds that a sum of times may be off.
_ROUNDING = 1e-6
_SENTENCE_ENDS = (".", "?", "!")
#: Characters that leave nothing to be seen where they are all that there is: zero-width ones and soft hyphens.
_INVISIBLE = "\u00ad\u200b\u200c\u200d\u2060\ufeff"

#: What is counted, as the rest of a sentence about that many words.
KINDS = {
    "no_word": "hold no text and are left out",
    "empty": "are blank and are left out",
    "outside": "lie outside the video and are left out",
    "repeated": "were given twice and are there once",
    "text_time": "had a time in quotes",
    "no_end": "had no end and were given one",
    "no_start": "had no start and were given one",
    "no_times": "had no times and were given some between their neighbours",
    "inverted": "ended before they started and have no length now",
    "cut": "ran over the edge of the video and are cut there",
    "long": "lasted longer than a word can and are shortened",
    "unsorted": "were out of order and are sorted by their start",
    "overlong": "ended after the next word and end with it",
    "zero_length": "start and end at the same time",
}


class WordListError(Exception):
    """Words that cannot be used at all; ``reason`` is a slug, ``detail`` a sentence."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True)
class SoundWords:
    """Words in spoken order, and how many were left out, mended or odd, by the names of ``KINDS``."""

    words: list[Word]
    counts: dict[str, int]


@dataclass
class _Given:
    """A word on its way; a time is None while it is unknown. ``place``: where it stood in the list."""

    word: str
    start: float | None
    end: float | None
    place: int


@dataclass
class _Timed:
    word: str
    start: float
    end: float
    place: int


def sound_words(words: Any, duration: float | None = None, longest: float = math.inf) -> SoundWords:
    """A word list of any recogniser as sound words; ``duration`` is the video's length in seconds where it is known.

    Words that last more than ``longest`` seconds are shortened to that.

    An item is a mapping with ``start``, ``end`` and ``word`` (or ``text``), or start, end and word in a row. Words that share a
    start keep their order; words that are sound already come back as they are. Raises WordListError: malformed_words for
    what is no list, no_word_times where not one word has a time.
    """
    if isinstance(words, str | bytes | Mapping) or not isinstance(words, Iterable):
        raise WordListError("malformed_words", f"the words are no list but {type(words).__name__}")
    counts = Counter[str]()
    given = [one for place, item in enumerate(words) if (one := _read(item, place, counts))]
    if given and all(one.start is None and one.end is None for one in given):
        raise WordListError("no_word_times", f"not one of {len(given)} words has a time")
    timed = [one for one in _timed(given, duration, counts) if _inside(one, duration, counts)]
    following = math.inf
    for one in sorted(timed, key=lambda one: one.start, reverse=True):
        _shorten(one, longest, following, counts)
        following = one.start
    in_order = sorted(timed, key=lambda one: one.start)
    spoken = _once(in_order, counts)
    counts["unsorted"] += sum(before.place > one.place for before, one in pairwise(spoken))
    _pace(spoken, counts)
    while len(again := _once(spoken, counts)) < len(spoken):  # times that were mended may show a word given twice
        spoken = again
        _pace(spoken, counts)
    counts["zero_length"] += sum(one.start == one.end for one in spoken)
    return SoundWords(
        [{"start": one.start, "end": one.end, "word": one.word} for one in spoken],
        {kind: counts[kind] for kind in KINDS if counts[kind]},
    )


def _read(item: Any, place: int, counts: Counter[str]) -> _Given | None:
    if isinstance(item, Mapping):
        text = item["word"] if "word" in item else item.get("text")
        start, end = item.get("start"), item.get("end")
    elif isinstance(item, Sequence) and not isinstance(item, str | bytes) and len(item) == 3:
        start, end, text = item
    else:
        counts["no_word"] += 1
        return None
    if isinstance(text, int | float) and not isinstance(text, bool):
        text = str(text)
    if not isinstance(text, str):
        counts["no_word"] += 1
        return None
    word = " ".join(sound(text).split())
    if not word.strip(_INVISIBLE + " "):
        counts["empty"] += 1
        return None
    return _Given(word, _seconds(start, counts), _seconds(end, counts), place)


def _seconds(value: Any, counts: Counter[str]) -> float | None:
    """A time as a finite number, None for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | Real):
        return None
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        return None
    if not math.isfinite(seconds):
        return None
    counts["text_time"] += isinstance(value, str)
    return seconds


def _timed(given: list[_Given], duration: float | None, counts: Counter[str]) -> list[_Timed]:
    """Every word with both times; unknown ones are taken from the neighbours in the list."""
    timed: list[_Timed] = []
    first = 0
    while first < len(given):
        one = given[first]
        last = first + 1
        before = timed[-1].end if timed else None
        if one.start is None and one.end is None:
            while last < len(given) and given[last].start is None and given[last].end is None:
                last += 1
            after = _begin(given[last]) if last < len(given) else duration
            if before is not None and after is not None and after < before:
                before = max(after, timed[-1].start)  # the neighbours overlap: it stays between their starts
            timed += _between(given[first:last], before, after)
            counts["no_times"] += last - first
        else:
            after = next((begin for later in given[last:] if (begin := _begin(later)) is not None), None)
            timed.append(_completed(one, before, after, counts))
        first = last
    return timed


def _begin(one: _Given) -> float | None:
    return one.start if one.start is not None else one.end


def _between(some: list[_Given], before: float | None, after: float | None) -> list[_Timed]:
    """Words without times share what lies between their neighbours evenly, each ``ROOMY`` at most."""
    if before is None:  # they come first, and so lean on what follows; one of the two is known, or the list was refused
        room = max(0.0, after or 0.0)
        step = min(ROOMY, room / len(some))
        before = room - step * len(some)
    else:
        room = math.inf if after is None else max(0.0, after - before)
        step = min(ROOMY, room / len(some))
    times = [round(before + step * number, 3) for number in range(len(some) + 1)]
    return [_Timed(one.word, times[k], max(times[k], times[k + 1]), one.place) for k, one in enumerate(some)]


def _completed(one: _Given, before: float | None, after: float | None, counts: Counter[str]) -> _Timed:
    """A word of which at least one time is known."""
    start, end = one.start, one.end
    if start is None:
        assert end is not None
        counts["no_start"] += 1
        start = end - USUAL
        if before is not None and start < before <= end:
            start = before
        start = min(end, max(start, 0.0))
    elif end is None:
        counts["no_end"] += 1
        end = start + USUAL
        if after is not None and start <= after < end:
            end = after
    elif end < start:
        counts["inverted"] += 1
        if start - end <= USUAL:  # off by a little: turns go by the ends, so that one stays
            start = end
        else:
            end = start
    return _Timed(one.word, start, end, one.place)


def _inside(one: _Timed, duration: float | None, counts: Counter[str]) -> bool:
    """Brings a word into the video; False for one that lies outside it by more than a rounding."""
    last = math.inf if duration is None else max(0.0, duration)
    if one.end < -SLACK or one.start > last + SLACK:
        counts["outside"] += 1
        return False
    start, end = min(max(one.start, 0.0), last), min(max(one.end, 0.0), last)
    counts["cut"] += (start, end) != (one.start, one.end)
    one.start, one.end = start, end
    return True


def _shorten(one: _Timed, longest: float, following: float, counts: Counter[str]) -> None:
    """A long word hides a pause: the last one of a sentence was said before it, any other after it (as Whisper itself has it).

    ``following`` is when the next word starts: what was said before that is not put behind it.
    """
    if one.end - one.start <= longest + _ROUNDING:
        return
    counts["long"] += 1
    if one.word.endswith(_SENTENCE_ENDS) or following < one.end - longest:
        one.end = one.start + longest
    else:
        one.start = one.end - longest


def _once(in_order: list[_Timed], counts: Counter[str]) -> list[_Timed]:
    """Without words that were given twice: the same word cannot be said twice in time that overlaps by half."""
    kept: list[_Timed] = []
    latest: dict[str, _Timed] = {}
    for one in in_order:
        same = latest.get(one.word)
        if same is not None and _overlap(same, one):
            counts["repeated"] += 1
            continue
        latest[one.word] = one
        kept.append(one)
    return kept


def _overlap(before: _Timed, one: _Timed) -> bool:
    shorter = min(before.end - before.start, one.end - one.start)
    if shorter > 0:
        return min(before.end, one.end) - one.start > shorter / 2
    # Without a length only the list tells "no no" from a stretch of words that was given twice.
    return one.start <= before.end and one.start == before.start and abs(one.place - before.place) > 1


def _pace(spoken: list[_Timed], counts: Counter[str]) -> None:
    """No word ends after the one that follows it: readers go by the ends, and it would hold the others back."""
    for number, (before, one) in enumerate(pairwise(spoken)):
        if one.start == before.start and one.end < before.end and one.start == one.end:
            if one.word == before.word:  # at one time both would be the same word given twice
                _part(before, one, spoken[number + 2].start if number + 2 < len(spoken) else math.inf)
            else:  # it has no length of its own, and was said after its twin, but before it is said again
                again = next((other.start for other in spoken[number + 2 :] if other.word == one.word), math.inf)
                one.end = min(before.end, again)
            counts["overlong"] += 1
    for number in range(len(spoken) - 2, -1, -1):
        if spoken[number].end > spoken[number + 1].end:
            spoken[number].end = max(spoken[number].start, spoken[number + 1].end)
            counts["overlong"] += 1


def _part(before: _Timed, one: _Timed, following: float) -> None:
    """Two equal words share the time of the first, or have no length where the next word starts too soon for that."""
    middle = (before.start + before.end) / 2
    if before.start < middle < before.end and middle <= following:
        one.start, one.end, before.end = middle, before.end, middle
    else:
        before.end = before.start
