"""WebVTT and SubRip: cues of text under a line of two times.

Not pysubs2: its readers drop WebVTT's word times and X-TIMESTAMP-MAP, and cues with unreadable times without a word.
"""

import re
from collections.abc import Iterator

from livecc_assets.source.cue_rows import rows_of
from livecc_assets.source.cue_text import plain
from livecc_assets.source.cues import Cue, CueProblem, Parsed, quoted
from livecc_assets.source.highlighted import unrepeated

#: People and tools write "0:0:1,5", "00: 00: 01, 000", "00:01.000", "00:00:01:500" and leave milliseconds out.
_TIME = r"(?:(\d{1,4})\s*:\s*)?(\d{1,4})\s*:\s*(\d{1,2})(?:\s?[.,:]\s*(\d{1,9}))?"
_ARROW = r"(?:[-=\u2010-\u2015\u2212]{1,3}>|[-=\u2010-\u2015\u2212]{1,3}&gt;|[\u2190-\u21ff\u27f6])"
_STAMP = re.compile(_TIME)
_TIMING = re.compile(rf"\s{{0,99}}{_TIME}\s*{_ARROW}\s*{_TIME}(?:\s|$)")
_WORD_TIME = re.compile(r"<((?:\d{1,4}:)?\d{1,2}:\d{2}[.,]\d{1,9})>")
_MPEGTS, _LOCAL = re.compile(r"MPEGTS\s?[:=]\s?(\d{1,20})"), re.compile(rf"LOCAL\s?[:=]\s?{_TIME}")
_MAP = "X-TIMESTAMP-MAP"
#: MPEG's clock: ticks a second, and where its 33 bits wrap.
_TICKS, _WRAP = 90_000, 2**33


def parse(text: str) -> Parsed:
    """Cues of a WebVTT or SubRip text, and the blocks that have an arrow but no readable times.

    The two formats differ in the decimal mark, the header and the counters, which this reader takes as they come.
    Words are timed where the text holds ``<00:00:01.000>`` marks. WebVTT may be HLS segments joined: each header's
    X-TIMESTAMP-MAP puts the cues below it on one clock; the first one's is the offset.
    """
    rows = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    reader = _Reader(rows, vtt=text.lstrip("\ufeff \t\r\n").startswith("WEBVTT"))
    cues = list(reader.cues())
    return Parsed(unrepeated(cues, reader.markups), reader.problems, reader.offset)


class _Reader:
    """One text, row by row."""

    def __init__(self, rows: list[str], vtt: bool) -> None:
        self.rows = rows
        self.vtt = vtt
        self.problems: list[CueProblem] = []
        self.markups: list[str] = []
        self.offset: float | None = None
        self._shift = 0.0
        first = next((k for k, row in enumerate(rows) if _is_timing(row)), 0)
        above = next((row for row in reversed(rows[:first]) if row.strip()), "")
        self._counted = above.strip().lstrip("\ufeff").isdigit()

    def cues(self) -> Iterator[Cue]:
        """Cues in the file's order; what is wrong with others goes to ``problems``."""
        number = position = 0
        rows = self.rows
        while position < len(rows):
            row = rows[position]
            if self.vtt and re.match(r"(NOTE|STYLE|REGION)(\s|$)", row) and "-->" not in row:
                while position < len(rows) and rows[position].strip():
                    position += 1
                continue
            position += 1
            if row.lstrip("\ufeff").startswith(_MAP):
                self._map(row)
            if not _is_timing(row):
                continue
            number += 1
            body, position = self._body(position, str(number + 1))
            timing = _TIMING.match(row)
            if timing is None:
                detail = f'cue {number} has unreadable times "{quoted(row.strip())}": "{quoted(plain(" ".join(body)))}"'
                self.problems.append(CueProblem(number, "caption_malformed", detail))
                continue
            start, end = (_seconds(times) + self._shift for times in (timing.groups()[:4], timing.groups()[4:]))
            self.markups.append("\n".join(body))
            yield Cue(number, start, end, rows_of(self._pieces(self.markups[-1]), start))

    def _body(self, position: int, following: str) -> tuple[list[str], int]:
        """Text rows from ``position`` to the end of the cue, and the position after them.

        WebVTT ends a cue at a row that is truly empty: YouTube writes one space for an empty displayed line. SubRip's
        text may hold empty rows; it goes on to the next times. A row of times begins the next cue even where the
        blank row is missing. The counter above it is no text; in a file that begins without one only ``following`` is a counter.
        """
        body: list[str] = []
        rows = self.rows
        while position < len(rows):
            row = rows[position]
            if _is_timing(row) or (self.vtt and (row == "" or row.lstrip("\ufeff").startswith("WEBVTT"))):
                break
            body.append(row)
            position += 1
        if position < len(rows) and _is_timing(rows[position]):
            while body and not body[-1].strip():
                body.pop()
            if body and body[-1].strip().isdigit() and (self._counted or body[-1].strip() == following):
                body.pop()
        return body, position

    def _pieces(self, body: str) -> Iterator[tuple[float | None, str]]:
        marks = _WORD_TIME.split(body)
        yield None, marks[0]
        for stamp, said in zip(marks[1::2], marks[2::2], strict=True):
            match = _STAMP.fullmatch(stamp)
            yield (_seconds(match.groups()) + self._shift if match else None), said

    def _map(self, row: str) -> None:
        """Takes X-TIMESTAMP-MAP: the cues below count from another zero than those of the first map."""
        ticks, local = _MPEGTS.search(row), _LOCAL.search(row)
        if ticks is None or local is None:
            detail = f'"{quoted(row.strip())}" is no {_MAP}=MPEGTS:ticks,LOCAL:time; cue times are taken as they are'
            self.problems.append(CueProblem(0, "timestamp_map", detail))
            return
        offset = int(ticks[1]) % _WRAP / _TICKS - _seconds(local.groups())
        if self.offset is None:
            self.offset = offset
        wrap = _WRAP / _TICKS
        # The clock wraps after 26.5 hours: of two maps the nearer way round is meant.
        self._shift = (offset - self.offset + wrap / 2) % wrap - wrap / 2


def _is_timing(row: str) -> bool:
    """Whether a row holds a cue's times: an arrow with digits, or two times around any arrow."""
    if "-->" in row:
        return any(char.isdigit() for char in row[:400])
    return ":" in row and _TIMING.match(row) is not None


def _seconds(parts: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, fraction = parts
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0) + float(f"0.{fraction or 0}")


def pieces_of(text: str) -> list[tuple[float | None, str]]:
    """A cue's text as pieces (start or None, text), for tracks inside a video."""
    return list(_Reader([], vtt=True)._pieces(text))
