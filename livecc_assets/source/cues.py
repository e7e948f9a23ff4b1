"""Caption cues: what a parser yields, and the rules that turn cues into lines in time order."""

import html
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

#: Seconds below which a cue cut short by its successor is no longer worth keeping.
MIN_CUE_SEC = 0.1
#: Word times say when a word starts; one that is followed by silence is taken to last no longer than this.
MAX_WORD_SEC = 2.0

CueWord = tuple[float, float, str]


@dataclass(frozen=True)
class Cue:
    """One caption cue: seconds, displayed lines with markup removed, and (start, end, word) where words are timed."""

    number: int
    start: float
    end: float
    lines: tuple[str, ...]
    words: tuple[CueWord, ...] = ()

    @property
    def text(self) -> str:
        """The displayed lines as one line."""
        return " ".join(self.lines)


@dataclass(frozen=True)
class CueProblem:
    """A cue that was left out: its number in the file, a slug, and a sentence that quotes its text."""

    number: int
    reason: str
    detail: str


@dataclass
class Captions:
    """A caption file's content: lines {start, end, text}, words {start, end, word} or None, and cues left out.

    ``numbers[k]`` is the number of the cue that ``lines[k]`` comes from.
    """

    format: str
    lines: list[dict[str, Any]]
    words: list[dict[str, Any]] | None
    problems: list[CueProblem] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)


def plain(markup: str) -> str:
    """Displayed text: tags and {\\an8}-style overrides removed, entities resolved, white space single.

    A ``<`` that opens no tag ("3 < 4") stays.
    """
    text = re.sub(r"</?[A-Za-z][^<>]*>|<\d[\d:.]*>|\{\\[^{}]*\}|\\[Nnh]", " ", markup)
    text = html.unescape(text)
    text = "".join(" " if unicodedata.category(c) in {"Zs", "Cc", "Cf"} and c != "\u200d" else c for c in text)
    return " ".join(text.split())


def spread(start: float, end: float, text: str) -> list[CueWord]:
    """Words of a text timed as one piece: its time is shared evenly among them."""
    words = text.split()
    step = (end - start) / max(1, len(words))
    return [(start + k * step, start + (k + 1) * step, word) for k, word in enumerate(words)]


def timed_words(pieces: list[tuple[float, str]], end: float) -> list[CueWord]:
    """Words of pieces (start, text) that last until the next piece starts, the last one until ``end``."""
    words: list[CueWord] = []
    pieces = [(start, text) for start, text in pieces if text.strip()]
    for k, (start, text) in enumerate(pieces):
        until = pieces[k + 1][0] if k + 1 < len(pieces) else end
        longest = MAX_WORD_SEC * len(text.split())
        words.extend(spread(start, max(start, min(until, start + longest)), text))
    return words


def unroll(cues: list[Cue]) -> list[Cue]:
    """Removes the carried-over lines of roll-up captions, in which each cue shows the previous line again.

    Captions count as roll-up when a third of the neighbouring cues either carry a line above a new one or are flashes
    (under 0.05 s) of what was just shown; other captions come back unchanged, so honest repetitions survive.
    """
    pairs = evidence = 0
    for before, cue in pairwise(cues):
        carried = _carried(before, cue)
        pairs += 1
        evidence += carried > 0 and (len(cue.lines) > carried or cue.end - cue.start < 0.05)
    if evidence == 0 or evidence * 3 < pairs:
        return cues
    kept: list[Cue] = []
    before: Cue | None = None
    for cue in cues:
        if not cue.lines:
            continue  # the blank cues that roll-up captions use to clear a line
        fresh = cue.lines[_carried(before, cue) :] if before else cue.lines
        before = cue
        if fresh:
            kept.append(replace(cue, lines=fresh))
    return kept


def _carried(before: Cue, cue: Cue) -> int:
    """How many of the cue's first lines are the last lines of the cue before."""
    for count in range(min(len(before.lines), len(cue.lines)), 0, -1):
        if before.lines[-count:] == cue.lines[:count]:
            return count
    return 0


def tidy(format: str, cues: Iterable[Cue], problems: Iterable[CueProblem] = ()) -> Captions:
    """Lines in time order out of a file's cues; what cannot be placed in time is left out as a problem.

    Out go cues without text, cues that do not end after they start, the fewest cues whose removal makes the starts
    run forward, and cues hidden almost wholly by the next one. A cue that runs into its successor is cut there.
    """
    found = list(problems)
    good: list[Cue] = []
    for cue in unroll(list(cues)):
        if not cue.text:
            found.append(CueProblem(cue.number, "caption_empty", f"cue {cue.number} holds no text once markup is gone"))
        elif cue.end <= cue.start:
            found.append(_problem(cue, "caption_ends_early", f"ends at {cue.end:.2f} s, not after its start"))
        else:
            good.append(cue)
    forward = _longest_forward(good)
    kept: list[Cue] = []
    for k, cue in enumerate(good):
        if k not in forward:
            found.append(_problem(cue, "caption_backwards", "runs backwards in time against its neighbours"))
            continue
        if kept and cue.start < kept[-1].end:
            if cue.start - kept[-1].start < MIN_CUE_SEC:
                found.append(_problem(cue, "caption_overlap", f"overlaps cue {kept[-1].number} almost wholly"))
                continue
            kept[-1] = _cut(kept[-1], cue.start)
        kept.append(cue)
    # Every format counts in milliseconds; finer digits are rounding noise.
    lines = [{"start": round(cue.start, 3), "end": round(cue.end, 3), "text": cue.text} for cue in kept]
    found.sort(key=lambda problem: problem.number)
    return Captions(format, lines, _words(kept), found, [cue.number for cue in kept])


def _words(cues: list[Cue]) -> list[dict[str, Any]] | None:
    """All words when the captions time words; cues without word times are spread, bracketed marks left out."""
    if not any(cue.words for cue in cues):
        return None
    words = [word for cue in cues for word in cue.words or () if "[" not in cue.text]
    spoken = [cue for cue in cues if not cue.words and "[" not in cue.text and "]" not in cue.text]
    words += [word for cue in spoken for word in spread(cue.start, cue.end, cue.text)]
    return [{"start": round(start, 3), "end": round(end, 3), "word": word} for start, end, word in sorted(words)]


def _cut(cue: Cue, end: float) -> Cue:
    """The cue ended earlier, its words with it."""
    words = tuple((start, min(until, end), word) for start, until, word in cue.words if start < end)
    return replace(cue, end=end, words=words if len(words) == len(cue.words) else ())


def _longest_forward(cues: list[Cue]) -> set[int]:
    """Positions of the longest run of cues whose starts never decrease (patience sorting)."""
    tails: list[float] = []
    at: list[int] = []
    before: list[int | None] = []
    for k, cue in enumerate(cues):
        slot = bisect_right(tails, cue.start)
        before.append(at[slot - 1] if slot else None)
        tails[slot : slot + 1] = [cue.start]
        at[slot : slot + 1] = [k]
    chain: set[int] = set()
    k = at[-1] if at else None
    while k is not None:
        chain.add(k)
        k = before[k]
    return chain


def _problem(cue: Cue, reason: str, what: str) -> CueProblem:
    return CueProblem(cue.number, reason, f'cue {cue.number} at {cue.start:.2f} s {what}: "{cue.text}"')
