"""When each word of a cue is said: its own time where it has one, else spread between its neighbours'."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from livecc_assets.source.cue_rows import Said

#: Word times say when a word starts; one that is followed by silence is taken to last no longer than this.
MAX_WORD_SEC = 2.0
#: Seconds that a word's time may lie outside its cue; farther out it is an error of the file.
_OUTSIDE_SEC = 1.0


def timed(said: Sequence[Said], start: float, end: float, latest: float) -> list[dict[str, Any]]:
    """Words {start, end, word} of one cue in their order; no word lasts longer than MAX_WORD_SEC.

    ``start`` and ``end``: seconds in which the cue has the screen to itself. ``latest``: its own end, for words whose
    own time is later than ``end``. A time that lies outside the cue or runs backwards is not used.
    """
    count = len(said)
    starts = _possible([own for own, _ in said], start - _OUTSIDE_SEC, latest + _OUTSIDE_SEC)
    if starts and starts[0] is None:
        starts[0] = min(start, next((own for own in starts if own is not None), start))
    known = [(k, own) for k, own in enumerate(starts) if own is not None]
    words: list[dict[str, Any]] = []
    following, later = count, end if known and end > known[-1][1] else latest
    spans: list[tuple[int, int, float, float]] = []
    for k in range(len(known) - 1, -1, -1):  # backwards, for words that share a stamp last until the next later one
        position, begin = known[k]
        if k + 1 < len(known) and known[k + 1][1] > begin:
            later = known[k + 1][1]
        spans.append((position, following, begin, later))
        following = position
    for position, following, begin, later in reversed(spans):
        texts = [text for _, text in said[position:following]]
        shares = _shares(texts)
        step = max(0.0, min(later - begin, MAX_WORD_SEC * shares[-1])) / shares[-1]
        for text, first, last in zip(texts, [0, *shares], shares, strict=False):
            words.append({"start": round(begin + first * step, 3), "end": round(begin + last * step, 3), "word": text})
    return words


def _shares(texts: Sequence[str]) -> list[int]:
    """How many shares of their time words have taken by the end of each; marks (">>", "-") are not spoken and take none."""
    spoken = [any(char.isalnum() for char in text) for text in texts]
    return list(accumulate(spoken if any(spoken) else [True] * len(texts)))


def _possible(starts: Sequence[float | None], earliest: float, latest: float) -> list[float | None]:
    """The starts, without those outside the bounds and the fewest that make the others run forward."""
    inside = [(k, own) for k, own in enumerate(starts) if own is not None and earliest <= own <= latest]
    kept = longest_forward([own for _, own in inside])
    good = {inside[k][0] for k in kept}
    return [own if k in good else None for k, own in enumerate(starts)]


def longest_forward(starts: Sequence[float]) -> set[int]:
    """Positions of the longest run of starts that never decrease (patience sorting)."""
    tails: list[float] = []
    at: list[int] = []
    before: list[int | None] = []
    for k, start in enumerate(starts):
        slot = bisect_right(tails, start)
        before.append(at[slot - 1] if slot else None)
        tails[slot : slot + 1] = [start]
        at[slot : slot + 1] = [k]
    chain: set[int] = set()
    k = at[-1] if at else None
    while k is not None:
        chain.add(k)
        k = before[k]
    return chain
