"""The marks by which captions tell what is not spoken, found in a video's lines (method 1.2).

A mark that is never closed takes no more than its line: a slip of the captioner must not cost the rest of a video.
"""

import re
from bisect import bisect_right
from collections import Counter, deque
from collections.abc import Callable, Sequence
from itertools import accumulate

#: Kinds of what is dropped. A ``turn`` is ">>" or a dash, a ``speaker`` a name in capitals with its colon.
KINDS = ("bracket", "parenthesis", "asterisk", "music", "turn", "speaker")
#: A note or a lyric may go on in so many further lines, which begin within so many seconds.
_MORE_LINES, _MORE_SEC = 2, 10.0
#: Longer ones between round brackets or asterisks are asides that somebody says.
_NOTE_WORDS = 8
#: Words of a lyric between two marks at most, and after a mark that nothing closes.
_LYRIC_WORDS, _OPEN_WORDS = 60, 12

#: In place of a character that is not spoken; where it stands counts as space.
_GONE = "\x00"
_START, _END = rf"(?<![^\s{_GONE}])", rf"(?=[.,;:!?\u2026\"'\u2019\u201d]*(?:[\s{_GONE}]|$))"
_DASH = "-\u2010-\u2015\u2212"
_NOTE = "\u2669-\u266c\U0001f3b5\U0001f3b6\U0001f3bc"

#: A text without a match has nothing that is not spoken. A dash counts in front of a word, a colon after one. Arrow's
#: engine reads it too, to which white space is ASCII alone.
SUSPECT = f"[][(*#>\uff08\uff3b\u3010\uff1e\u226b{_NOTE}]|(?:^|[^0-9A-Za-z])[{_DASH}]|:(?:[^0-9A-Za-z]|$)"
_SUSPECT = re.compile(SUSPECT)
_BRACKETS = [
    re.compile(rf"{a}[^{a}{b}\n]{{0,300}}(?:\n[^{a}{b}\n]{{0,300}})?{b}")
    for a, b in ((r"\[", r"\]"), ("\uff3b", "\uff3d"), ("\u3010", "\u3011"))
]
_STRAY_BRACKET = re.compile(rf"{_START}\[[^\s{_GONE}]{{0,100}}|(?<!\S)[^\s{_GONE}\[]{{0,100}}\](?!\S)")
_ROUND = re.compile(
    rf"{_START}\((?![:;=-])[^()\n]{{1,120}}(?:\n[^()\n]{{1,120}})?\){_END}|\uff08[^\uff08\uff09\n]{{1,120}}\uff09"
)
_STARS = re.compile(rf"{_START}\*{{1,3}}(?=[^\s*])[^*\n]{{1,120}}(?<=[^\s*])\*{{1,3}}{_END}")
_MARK = re.compile(f"[{_NOTE}]+")
_HASHED = re.compile(r"^#[ \x00][^\n]{1,300}[ \x00]#$", re.MULTILINE)
_ARROWS = re.compile(rf"{_START}(?:[>\uff1e]{{2,5}}|\u226b)|^[>\uff1e](?=[\s{_GONE}]|[^\W\d_])", re.MULTILINE)
#: The space, shown or gone, before a word or at a line's start. Possessive: it is tried once, from its beginning.
_GAP = rf"(?:^[ {_GONE}]*+|(?<![ {_GONE}\n])[ {_GONE}]++)"
_TURN = re.compile(rf"{_GAP}([{_DASH}]{{1,3}})(?=[\s{_GONE}]|$|[^\W\d_]|[\"'\u2018\u201c\u00bf\u00a1])", re.MULTILINE)
_SENTENCE_END = re.compile("[.?!\u2026][\"'\u2019\u201d)]{0,2}$")
_TITLE = re.compile(r"\b(?:dr|mr|mrs|ms|st|jr|prof|lt|sgt|capt|gen|sen|rep)\.$", re.IGNORECASE)
#: In a line that begins with a dash, a dash before a capital is the next speaker's.
_REPLY = re.compile(rf" ([{_DASH}]{{1,2}}) ?(?=[\"'\u2018\u201c]?[^\W\d_])")
_NAME = re.compile(
    rf"{_GAP}(?=((?:[^\s{_GONE}:]{{1,30}}+ ){{0,2}}[^\s{_GONE}:]{{1,30}}+[ {_GONE}]*+:)(?:[\s{_GONE}]|$))", re.MULTILINE
)
_NAME_PART = re.compile(r"[^\W_][\w.'\u2019&/#-]*|#\d+")


def unspoken(lines: Sequence[tuple[float, Sequence[str]]]) -> tuple[list[list[list[str]]], Counter[str]]:
    """(What is spoken of each word of each line, how many words were dropped or cut by kind).

    ``lines``: (start in seconds, words) of a video in order. Of a word that is kept the first list holds the word,
    or its spoken parts (">>Yes" is "Yes"); of others nothing.
    """
    text = "\n".join(" ".join(words) for _, words in lines)
    if _GONE in text or not _SUSPECT.search(text):
        return [[[word] for word in words] for _, words in lines], Counter()
    sieve = _Sieve(text, [start for start, _ in lines])
    sieve.run()
    return sieve.parts([words for _, words in lines])


class _Sieve:
    """A video's lines as one text, in which what is not spoken is crossed out."""

    def __init__(self, text: str, starts: Sequence[float]) -> None:
        self.text = text
        self.starts = starts
        self.begins = [0, *accumulate(len(line) + 1 for line in text.split("\n"))][:-1]
        self.kinds = bytearray(len(text))

    def run(self) -> None:
        """Crosses out every kind, the ones that hold others first."""
        for pattern in _BRACKETS:
            self._cross("bracket", pattern, self._near)
        self._cross("bracket", _STRAY_BRACKET)
        self._cross("parenthesis", _ROUND, lambda found: self._near(found) and _is_note(found))
        self._cross("asterisk", _STARS, _is_note)
        self._lyrics()
        self._cross("music", _HASHED)
        self._cross("turn", _ARROWS)
        dashed = {self._line(found.start(1)) for found in _TURN.finditer(self.text) if self._opens(found)}
        self._cross("turn", _TURN, self._opens)
        if dashed:
            self._cross("turn", _REPLY, lambda found: self._is_reply(found, dashed))
        self._cross("speaker", _NAME, self._is_name)

    def parts(self, lines: Sequence[Sequence[str]]) -> tuple[list[list[list[str]]], Counter[str]]:
        """What is left of each word, and the count of those that were touched."""
        dropped: Counter[str] = Counter()
        kept: list[list[list[str]]] = []
        for begin, words in zip(self.begins, lines, strict=True):
            line: list[list[str]] = []
            at = begin
            for word in words:
                left = self.text[at : at + len(word)]
                if _GONE not in left:
                    line.append([word])
                else:
                    parts = left.replace(_GONE, " ").split()
                    line.append(parts if any(char.isalnum() for char in left) else [])
                    first = left.index(_GONE)
                    dropped[KINDS[self.kinds[at + first] - 1]] += 1
                at += len(word) + 1
            kept.append(line)
        return kept, dropped

    def _cross(
        self, kind: str, pattern: re.Pattern[str], holds: Callable[[re.Match[str]], bool] = lambda _: True
    ) -> None:
        spans = [found.span(pattern.groups) for found in pattern.finditer(self.text) if holds(found)]
        self._cross_out(kind, spans)

    def _cross_out(self, kind: str, spans: Sequence[tuple[int, int]]) -> None:
        """Replaces the spans, which are in order; what lies in one that goes before is gone already."""
        pieces: list[str] = []
        at = 0
        for start, end in spans:
            if start < at:
                continue
            pieces += [self.text[at:start], "".join(c if c in " \n" else _GONE for c in self.text[start:end])]
            self.kinds[start:end] = bytes([KINDS.index(kind) + 1]) * (end - start)
            at = end
        self.text = "".join([*pieces, self.text[at:]])

    def _near(self, found: re.Match[str]) -> bool:
        """Whether a note that goes on in the next line does so soon."""
        if "\n" not in found[0]:
            return True
        line = self._line(found.start())
        return self.starts[line + 1] - self.starts[line] <= _MORE_SEC

    def _lyrics(self) -> None:
        """Crosses out what stands between two notes of music."""
        marks: dict[int, deque[tuple[int, int]]] = {}
        for found in _MARK.finditer(self.text):
            marks.setdefault(self._line(found.start()), deque()).append(found.span())
        spans: list[tuple[int, int]] = []
        for line in sorted(marks):
            here = marks[line]
            while here:
                first = here.popleft()
                if here:
                    second = here.popleft()
                    long = len(self.text[first[1] : second[0]].split()) > _LYRIC_WORDS
                    spans += [first, second] if long else [(first[0], second[1])]
                    continue
                closing = self._closing(line, marks)
                if closing is not None:
                    spans.append((first[0], closing))
                else:
                    end = self._line_end(line)
                    words = [*re.finditer(r"\S+", self.text[first[1] : end])][:_OPEN_WORDS]
                    spans.append((first[0], first[1] + words[-1].end() if words else first[1]))
        self._cross_out("music", spans)

    def _closing(self, line: int, marks: dict[int, deque[tuple[int, int]]]) -> int | None:
        """Where a lyric that is open at a line's end is closed: by the odd mark of one of the next lines."""
        for after in range(line + 1, min(line + 1 + _MORE_LINES, len(self.begins))):
            if self.starts[after] - self.starts[line] > _MORE_SEC:
                return None
            if after in marks:
                found = marks[after]
                whole = self.text[self.begins[after] : self._line_end(after)].strip()
                if len(found) % 2 and (found[0][0] > self.begins[after] or len(whole) == found[0][1] - found[0][0]):
                    return found.popleft()[1]
                return None
        return None

    def _line_end(self, line: int) -> int:
        return self.begins[line + 1] - 1 if line + 1 < len(self.begins) else len(self.text)

    def _line(self, position: int) -> int:
        return bisect_right(self.begins, position) - 1

    def _opens(self, found: re.Match[str]) -> bool:
        """Whether a turn can begin after a gap: at a line's start, after what is gone, or after a sentence."""
        start = found.start()
        if _GONE in self.text[start : found.start(1)] or start == 0 or self.text[start - 1] == "\n":
            return True
        before = self.text[max(0, start - 8) : start]
        return bool(_SENTENCE_END.search(before)) and not _TITLE.search(before)

    def _is_reply(self, found: re.Match[str], dashed: set[int]) -> bool:
        following = self.text[found.end() : found.end() + 2].lstrip("\"'\u2018\u201c")
        return following[:1].isupper() and self._line(found.start(1)) in dashed

    def _is_name(self, found: re.Match[str]) -> bool:
        """Whether it is a name in capitals; in a line all of capitals, several words are one after a turn mark only."""
        name = found[1].replace(_GONE, " ").rstrip(" :")
        parts = name.split()
        if not self._opens(found) or not name.isupper() or not all(_NAME_PART.fullmatch(part) for part in parts):
            return False
        if sum(not part.strip("#").isdigit() for part in parts) == 1 or _GONE in found[0]:
            return True
        return not self.text[found.end(1) : self._line_end(self._line(found.start(1)))].isupper()


def _is_note(found: re.Match[str]) -> bool:
    """Whether it is as short as a note, and neither a number nor the letter of a list."""
    letters = sum(char.isalpha() for char in found[0])
    wide = found[0].startswith("\uff08")
    return letters > (0 if wide else 1) and len(found[0].split()) <= _NOTE_WORDS
