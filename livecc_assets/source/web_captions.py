"""WebVTT and SubRip: cues of text under a line of two times."""

import re

from livecc_assets.source.cues import Cue, CueProblem, plain, timed_words

_TIME = r"(?:(\d+):)?(\d{1,2}):(\d{1,2})(?:[.,](\d{1,6}))?"
_STAMP = re.compile(_TIME)
_TIMING = re.compile(rf"^\s*{_TIME}\s*-->\s*{_TIME}(?:\s|$)")
_WORD_TIME = re.compile(r"<((?:\d+:)?\d{1,2}:\d{2}\.\d{1,6})>")


def parse(text: str) -> tuple[list[Cue], list[CueProblem]]:
    """Cues of a WebVTT or SubRip text, and the blocks that have an arrow but no readable times.

    The two formats differ in the decimal mark, the header and the counters, which this reader takes as they come.
    Words are timed where the text holds ``<00:00:01.000>`` marks.
    """
    cues: list[Cue] = []
    problems: list[CueProblem] = []
    number = 0
    rows = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    position = 0
    while position < len(rows):
        row = rows[position]
        if re.match(r"(NOTE|STYLE|REGION)(\s|$)", row) and "-->" not in row:
            while position < len(rows) and rows[position].strip():
                position += 1
            continue
        position += 1
        if "-->" not in row:
            continue
        number += 1
        body, position = _body(rows, position)
        timing = _TIMING.match(row)
        if timing is None:
            said = plain(" ".join(body))
            detail = f'cue {number} has unreadable times "{row.strip()}": "{said}"'
            problems.append(CueProblem(number, "caption_malformed", detail))
            continue
        start, end = _seconds(timing.groups()[:4]), _seconds(timing.groups()[4:])
        cues.append(_cue(number, start, end, body))
    return cues, problems


def _body(rows: list[str], position: int) -> tuple[list[str], int]:
    """Text rows from ``position`` to the blank row that ends the cue, and the position after it.

    YouTube writes a row of one space for an empty displayed line: only a truly empty row ends a cue. A row with an
    arrow begins the next cue even where the blank row is missing; then the counter above it is no text.
    """
    body: list[str] = []
    while position < len(rows) and rows[position] != "":
        if "-->" in rows[position]:
            if body and body[-1].strip().isdigit():
                body.pop()
            break
        body.append(rows[position])
        position += 1
    return body, position


def _seconds(parts: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, fraction = parts
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0) + float(f"0.{fraction or 0}")


def _cue(number: int, start: float, end: float, body: list[str]) -> Cue:
    lines = tuple(line for line in map(plain, body) if line)
    pieces: list[tuple[float, str]] = []
    for row in body:
        marks = _WORD_TIME.split(row)
        if len(marks) == 1:
            continue
        pieces.append((start, plain(marks[0])))
        for stamp, said in zip(marks[1::2], marks[2::2], strict=True):
            match = _STAMP.fullmatch(stamp)
            assert match is not None
            pieces.append((_seconds(match.groups()), plain(said)))
    return Cue(number, start, end, lines, tuple(timed_words(pieces, end)))
