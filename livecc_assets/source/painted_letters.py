"""Captions that are painted letter by letter, as decoders of broadcast captions write them: "th", "the", "the ba"."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from livecc_assets.source.rolling import Shown

#: Seconds in which the rest of a word follows. A pair of letters takes a thirtieth.
_SOON = 0.5
#: Words that are completed at least, and their share of the cues (one in so many), before captions count as painted so.
_AT_LEAST, _ONE_IN = 3, 3


def completed(cues: Sequence[Shown]) -> list[Shown]:
    """The cues with each half word as the whole one that the next cue shows in its place."""
    growing = sum(_grows(before, cue) for before, cue in pairwise(cues))
    if growing < _AT_LEAST or growing * _ONE_IN < len(cues) - 1:
        return list(cues)
    found = [cues[-1]]
    for before in reversed(cues[:-1]):
        if _grows(before, found[-1]):
            (start, _), (_, whole) = before.words[-1], found[-1].words[len(before.words) - 1]
            rows = (*before.rows[:-1], (*before.rows[-1][:-1], (start, whole)))
            before = replace(before, rows=rows)
        found.append(before)
    found.reverse()
    return found


def _grows(before: Shown, cue: Shown) -> bool:
    """Whether all is as it was but the last word, which goes on."""
    old, new = before.words, cue.words
    if not old or len(new) < len(old) or not -_SOON < cue.start - before.end < _SOON:
        return False
    half, whole = old[-1][1], new[len(old) - 1][1]
    same = all(a[1] == b[1] for a, b in zip(old[:-1], new, strict=False))
    return same and half != whole and whole.startswith(half)
