"""Lines that stand there once a word, each time with another word marked, as recognisers write them for singing along.

Whisper's ``--highlight_words`` repeats a line as ``<u>we</u> go``, ``we <u>go</u>``; it is said once.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from livecc_assets.source.cue_rows import Row
from livecc_assets.source.cue_text import plain
from livecc_assets.source.cues import Cue

_MARK = re.compile(r"</?[A-Za-z][^<>]*>|\{\\[^{}]*\}")
#: Seconds by which such cues may overlap, and the longest pause between two words of a line.
_AT_ONCE, _PAUSE = 0.05, 3.0


def unrepeated(cues: Sequence[Cue], markups: Sequence[str]) -> list[Cue]:
    """The cues with each run of one line under different marks as a single cue; a marked word starts with its cue.

    ``markups``: the cues' texts as they are written. Only marks on a part of the line count: a line in italics after the same
    line in roman is said twice.
    """
    found: list[Cue] = []
    first = 0
    while first < len(cues):
        last, latest = first + 1, _place(markups[first])
        while last < len(cues) and _goes_on(cues[last - 1], cues[last], markups[last - 1], markups[last]):
            place = _place(markups[last])
            if place is not None and latest is not None and place < latest:
                break  # the same line is said once more
            last, latest = last + 1, latest if place is None else place
        found.append(_joined(cues[first:last], markups[first:last]) if last - first > 1 else cues[first])
        first = last
    return found


def _goes_on(before: Cue, cue: Cue, old: str, new: str) -> bool:
    if not cue.rows or cue.timed or before.timed or old == new or before.text != cue.text:
        return False
    places = [_place(markup) for markup in (old, new) if _MARK.search(markup)]
    return -_AT_ONCE < cue.start - before.end < _PAUSE and bool(places) and None not in places


def _place(markup: str) -> int | None:
    """The number of the first marked word; None where nothing is marked or the whole line is."""
    marks = list(_MARK.finditer(markup))
    if not marks:
        return None
    before, after = plain(markup[: marks[0].start()]), plain(markup[marks[-1].end() :])
    return len(before.split()) if before or after else None


def _joined(cues: Sequence[Cue], markups: Sequence[str]) -> Cue:
    starts: dict[int, float] = {}
    latest = -1
    for cue, markup in zip(cues, markups, strict=True):
        place = _place(markup)
        if place is not None and place > latest:
            starts[place] = cue.start
            latest = place
    rows: list[Row] = []
    at = 0
    for row in cues[0].rows:
        rows.append(tuple((starts.get(at + k), word) for k, (_, word) in enumerate(row)))
        at += len(row)
    return replace(cues[0], end=cues[-1].end, rows=tuple(rows))
