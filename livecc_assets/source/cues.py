"""Caption cues: what a parser yields, and the rules that turn cues into lines and words in time order."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from livecc_assets.source.cue_rows import Row, Said
from livecc_assets.source.painted_letters import completed
from livecc_assets.source.rolling import Shown, fresh_rows
from livecc_assets.source.word_times import MAX_WORD_SEC, longest_forward, timed

#: Cues that start within this many seconds of each other stand on the screen together.
MIN_CUE_SEC = 0.1
#: A cue that starts this little before its predecessor is in its place; one that starts earlier is out of order.
SWAP_SEC = 0.5
#: An untimed cue that lasts longer, or holds more words, says little about when each of them is spoken.
GUESSED_SEC, GUESSED_WORDS = 15.0, 40
#: Reasons of problems that leave no cue out, and of cues that never had anything to say.
NOTES = frozenset({"times_guessed", "timestamp_map", "caption_empty"})


@dataclass(frozen=True)
class Cue:
    """One caption cue: seconds, and its displayed rows of words, each with its own start where the format gives one."""

    number: int
    start: float
    end: float
    rows: tuple[Row, ...] = ()

    @property
    def words(self) -> list[Said]:
        """The words of all rows."""
        return [said for row in self.rows for said in row]

    @property
    def timed(self) -> bool:
        """Whether any word carries its own start."""
        return any(start is not None for row in self.rows for start, _ in row)

    @property
    def text(self) -> str:
        """The displayed rows as one line."""
        return " ".join(word for row in self.rows for _, word in row)


@dataclass(frozen=True)
class CueProblem:
    """A cue that was left out, or a note on one: its number in the file, a slug, and a sentence that quotes its text."""

    number: int
    reason: str
    detail: str


@dataclass(frozen=True)
class Parsed:
    """What a parser finds in a text; ``offset`` as in Captions."""

    cues: list[Cue]
    problems: list[CueProblem] = field(default_factory=list)
    offset: float | None = None


@dataclass
class Captions:
    """A caption file's content: lines {start, end, text}, words {start, end, word} or None, and problems of cues.

    The words of all lines, in order, are the words. ``numbers[k]`` is the number of the cue that ``lines[k]`` comes
    from. ``offset``: cue time 0 is so many seconds on the container's own clock, where the file says so.
    """

    format: str
    lines: list[dict[str, Any]]
    words: list[dict[str, Any]] | None
    problems: list[CueProblem] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    offset: float | None = None


def tidy(format: str, parsed: Parsed) -> Captions:
    """Lines and words in time order out of a file's cues; what cannot be placed in time is left out as a problem.

    Rolling and paint-on captions are read as what is new in each cue. Out go cues without text, cues that do not end
    after they start, repetitions of a cue at its own time, and the fewest cues whose removal makes the starts run
    forward. A cue that runs into its successor is cut there; cues that stand on the screen together share its time.
    Words keep the times that their cue gives them; the others are spread between these.
    """
    found = list(parsed.problems)
    good: list[Cue] = []
    seen: set[tuple[float, float, str]] = set()
    for cue in _unrolled(parsed.cues):
        key = (round(cue.start, 3), round(cue.end, 3), cue.text)
        if not cue.rows:
            found.append(CueProblem(cue.number, "caption_empty", f"cue {cue.number} holds no text once markup is gone"))
        elif cue.end <= cue.start:
            found.append(_problem(cue, "caption_ends_early", f"ends at {cue.end:.2f} s, not after its start"))
        elif key not in seen:
            seen.add(key)
            good.append(cue)
    kept, backwards = _in_order(good)
    found += [_problem(cue, "caption_backwards", "runs backwards in time against its neighbours") for cue in backwards]
    found += [_guessed(cue) for cue in kept if _is_guess(cue)]
    spans = _spans(kept)
    # Every format counts in milliseconds; finer digits are rounding noise.
    lines = [
        {"start": round(start, 3), "end": round(end, 3), "text": cue.text}
        for cue, (start, end) in zip(kept, spans, strict=True)
    ]
    found.sort(key=lambda problem: problem.number)
    return Captions(format, lines, _words(kept, spans), found, [cue.number for cue in kept], parsed.offset)


def _unrolled(cues: Sequence[Cue]) -> list[Cue]:
    """The cues with what each adds to the one before; cues that only show again what stood there are gone."""
    shown = completed([Shown(cue.start, cue.end, cue.rows) for cue in cues]) if cues else []
    rows = fresh_rows(shown)
    if rows is None:
        return list(cues)
    kept = []
    for cue, fresh in zip(cues, rows, strict=True):
        if fresh:
            kept.append(replace(cue, rows=fresh, end=min(cue.end, _latest(cue.start, fresh))))
    return kept


def _latest(start: float, fresh: Iterable[Row]) -> float:
    """When the new words of a cue were said at the latest: what stands on keeps it on the screen for much longer."""
    since, count = start, 0
    for own, _ in (said for row in fresh for said in row):
        if own is not None and own > since:  # a pause inside a row is as long as the next word's time says
            since, count = own, 0
        count += 1
    return since + count * MAX_WORD_SEC


def _in_order(cues: list[Cue]) -> tuple[list[Cue], list[Cue]]:
    """(Cues by start, cues that are out of order). Neighbours whose starts are swapped by a little are put right."""
    forward = longest_forward([cue.start for cue in cues])
    before, latest = [], float("-inf")
    for k, cue in enumerate(cues):
        latest = cue.start if k in forward else latest
        before.append(latest)
    kept: list[Cue] = []
    backwards: list[Cue] = []
    following = float("inf")
    for k in range(len(cues) - 1, -1, -1):
        cue = cues[k]
        following = cue.start if k in forward else following
        late, early = before[k] - cue.start, cue.start - following
        (kept if k in forward or 0 <= late < SWAP_SEC or 0 <= early < SWAP_SEC else backwards).append(cue)
    kept.reverse()
    return sorted(kept, key=lambda cue: cue.start), backwards


def _spans(cues: list[Cue]) -> list[tuple[float, float]]:
    """The seconds of each cue's line: cut where the next one starts, shared where several stand there together."""
    spans: list[tuple[float, float]] = []
    first = 0
    while first < len(cues):
        last = first + 1
        while last < len(cues) and cues[last].start - cues[first].start < MIN_CUE_SEC:
            last += 1
        group = cues[first:last]
        stop = cues[last].start if last < len(cues) else float("inf")
        if len(group) == 1 or any(cue.timed for cue in group):
            spans += [(cue.start, min(cue.end, stop)) for cue in group]
        else:
            start, end = group[0].start, min(max(cue.end for cue in group), stop)
            total, before = sum(len(cue.words) for cue in group), 0
            for cue in group:
                after = before + len(cue.words)
                share = (end - start) / total
                spans.append((start + before * share, start + after * share))
                before = after
        first = last
    return spans


def _words(cues: list[Cue], spans: list[tuple[float, float]]) -> list[dict[str, Any]] | None:
    """All words in spoken order, when the captions time words; else None."""
    if not any(cue.timed for cue in cues):
        return None
    words = [
        word
        for cue, (start, end) in zip(cues, spans, strict=True)
        for word in timed(cue.words, start, end, max(end, cue.end) if cue.timed else end)
    ]
    # The last word of a cue that runs into the next one ends where that begins to speak.
    for word, following in pairwise(words):
        if word["start"] < following["start"] < word["end"]:
            word["end"] = following["start"]
    return words


def _is_guess(cue: Cue) -> bool:
    count = len(cue.words)
    return not cue.timed and (count > GUESSED_WORDS or (count > 1 and cue.end - cue.start > GUESSED_SEC))


def _guessed(cue: Cue) -> CueProblem:
    many = f"holds {len(cue.words)} words in {cue.end - cue.start:.1f} s without their times; they are spread evenly"
    return _problem(cue, "times_guessed", many)


def _problem(cue: Cue, reason: str, what: str) -> CueProblem:
    return CueProblem(cue.number, reason, f'cue {cue.number} at {cue.start:.2f} s {what}: "{quoted(cue.text)}"')


def quoted(text: str, most: int = 300) -> str:
    """A cue's text as a problem quotes it: its start where it is long."""
    return text if len(text) <= most else f"{text[:most]}..."


def by_start(cues: Iterable[Cue]) -> list[Cue]:
    """Cues of a format that lists them in any order (ASS, TTML), as they are shown."""
    return sorted(cues, key=lambda cue: cue.start)
