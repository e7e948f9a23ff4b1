"""Rolling and paint-on captions: what each cue shows anew.

Roll-up captions show the last lines again above a new one; paint-on captions build a line word by word ("the",
"the ball", "the ball goes"). Both repeat on the screen what is said once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Literal

from livecc_assets.source.cue_rows import Row, Said

#: A cue this short shows again what stood there, while the lines move up.
FLASH_SEC = 0.05
#: Painted words follow each other; after a longer pause the same beginning is a new line.
_PAUSE_SEC = 3.0
#: Rows of a display that are looked at: CEA-608 has 15.
_MOST_ROWS = 16

Kind = Literal["", "roll", "grow"]


@dataclass(frozen=True)
class Shown:
    """What one cue shows, and when in seconds."""

    start: float
    end: float
    rows: tuple[Row, ...]

    @property
    def words(self) -> list[Said]:
        """The words of all rows."""
        return [said for row in self.rows for said in row]

    @property
    def flash(self) -> bool:
        """Whether it is too short to be read."""
        return self.end - self.start < FLASH_SEC


def fresh_rows(cues: Sequence[Shown]) -> list[tuple[Row, ...]] | None:
    """Each cue's rows without the words carried over from the cue before; None for captions that carry none over.

    Captions count as rolling when a third of the neighbouring cues either carry lines above a new one, or are flashes
    of what was just shown, or go on with the line of the cue before; as paint-on, when a third go on with a line. So
    honest repetitions in other captions survive. Three cues in a row that grow are paint-on in any captions.
    """
    filled = [k for k, cue in enumerate(cues) if cue.rows]  # blank cues clear a line and say nothing
    pairs = list(pairwise(filled))
    kinds = [_evidence(cues[k], cues[after]) for k, after in pairs]
    grows = kinds.count("grow")
    found = grows + kinds.count("roll")
    rolling = found > 0 and found * 3 >= len(pairs)
    painted = grows > 0 and grows * 3 >= len(pairs)
    if not rolling and not painted and not any(a == b == "grow" for a, b in pairwise(kinds)):
        return None
    flashes = any(cues[k].flash for k in filled)
    result = [cue.rows for cue in cues]
    for n, (k, after) in enumerate(pairs):
        chain = kinds[n] == "grow" and "grow" in (*kinds[max(0, n - 1) : n], *kinds[n + 1 : n + 2])
        if rolling or chain:
            count, _ = _carried(cues[k], cues[after], painted or chain, flashes)
            result[after] = _without(cues[after].rows, count)
    return result


def _evidence(before: Shown, cue: Shown) -> Kind:
    """How a cue shows the cue before again, where that is plain to see; what looks like both is no sign of paint-on."""
    count, kind = _carried(before, cue, False, False)
    if not count:
        count, kind = _carried(before, cue, True, False)
    if kind == "grow":
        return "grow" if count and cue.start - before.end < _PAUSE_SEC else ""
    return "roll" if count and (count < len(cue.words) or cue.flash) else ""


def _carried(before: Shown, cue: Shown, painted: bool, flashes: bool) -> tuple[int, Kind]:
    """(How many of the cue's first words are the last rows of the cue before, how the rest goes on).

    ``painted``: what is new may go on in the carried row. ``flashes``: lines move up in cues of their own, so that
    every longer cue says something new.
    """
    shown, words = before.words, cue.words
    ends = set(accumulate(len(row) for row in cue.rows))
    starts = [0, *accumulate(len(row) for row in before.rows)][:-1][-_MOST_ROWS:]
    whole = False
    for start in starts:
        count = len(shown) - start
        if count > len(words) or not all(
            _same(old, new, cue.start) for old, new in zip(shown[start:], words, strict=False)
        ):
            continue
        if count == len(words):
            whole = True  # nothing new, unless a shorter overlap leaves a line that is said once more
            if cue.flash:
                break
        elif count in ends:
            return count, "roll"
        elif painted and cue.start - before.end < _PAUSE_SEC:
            return count, "grow"
    if whole and (cue.flash or not flashes):
        return len(words), "roll"
    return 0, ""


def _same(old: Said, new: Said, start: float) -> bool:
    """Whether a word is the one shown before: its own time, if it has one, is past or the old one."""
    return old[1] == new[1] and (new[0] is None or new[0] <= start or new[0] == old[0])


def _without(rows: tuple[Row, ...], count: int) -> tuple[Row, ...]:
    kept = []
    for row in rows:
        if count < len(row):
            kept.append(row[count:])
        count = max(0, count - len(row))
    return tuple(kept)
