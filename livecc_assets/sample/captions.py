"""Captions as YouTube and its users write them: lower case, no punctuation, five kinds of file.

Kinds: ``youtube-vtt`` (roll-up cues) and ``json3`` (YouTube's own) with a time for every word; ``vtt``, ``srt`` and
``ttml`` with a time for every line.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from livecc_assets.sample.speech import SpokenWord

Lines = Sequence[Sequence[SpokenWord]]
#: Kinds that carry word times.
TIMED = frozenset({"youtube-vtt", "json3"})


def write_captions(folder: Path, name: str, lines: Lines, kind: str, language: str = "en") -> Path:
    """Write the captions of video `name` beside it; returns the file. `lines` are lines of words in order, seconds."""
    ending, make = _KINDS[kind]
    separator = "_" if kind == "srt" else "."  # both ways of naming are common
    path = folder / f"{name}{separator}{language}.{ending}"
    path.write_text(make(lines), encoding="utf-8")
    return path


def text_of(line: Sequence[SpokenWord]) -> str:
    """The words of a line as text."""
    return " ".join(word.word for word in line)


def clock(seconds: float, mark: str = ".") -> str:
    """hours:minutes:seconds and milliseconds after `mark`."""
    rest = round(seconds * 1000)
    rest, milli = divmod(rest, 1000)
    rest, second = divmod(rest, 60)
    hour, minute = divmod(rest, 60)
    return f"{hour:02}:{minute:02}:{second:02}{mark}{milli:03}"


def _vtt(lines: Lines) -> str:
    cues = [f"{clock(line[0].start)} --> {clock(line[-1].end)}\n{text_of(line)}\n" for line in lines]
    return "\n".join(["WEBVTT\n", *cues])


def _youtube_vtt(lines: Lines) -> str:
    """Each cue shows the line before and the new one word by word; a 10 ms cue between holds the finished line."""
    cues, before = [], " "
    for line in lines:
        first, *rest = line
        timed = first.word + "".join(f"<{clock(word.start)}><c> {word.word}</c>" for word in rest)
        start, end = first.start, line[-1].end
        place = "align:start position:0%"
        cues.append(f"{clock(start)} --> {clock(end - 0.01)} {place}\n{before}\n{timed}\n")
        cues.append(f"{clock(end - 0.01)} --> {clock(end)} {place}\n{text_of(line)}\n \n")
        before = text_of(line)
    return "\n".join(["WEBVTT\nKind: captions\nLanguage: en\n", *cues])


def _srt(lines: Lines) -> str:
    times = [f"{clock(line[0].start, ',')} --> {clock(line[-1].end, ',')}" for line in lines]
    return "\n".join(
        f"{n}\n{when}\n{text_of(line)}\n" for n, (when, line) in enumerate(zip(times, lines, strict=True), 1)
    )


def _ttml(lines: Lines) -> str:
    rows = [
        f'<p begin="{clock(line[0].start)}" end="{clock(line[-1].end)}">{escape(text_of(line))}</p>\n' for line in lines
    ]
    head = '<?xml version="1.0" encoding="utf-8"?>\n<tt xmlns="http://www.w3.org/ns/ttml" xml:lang="en">\n<body><div>\n'
    return f"{head}{''.join(rows)}</div></body>\n</tt>\n"


def _json3(lines: Lines) -> str:
    events: list[dict] = [{"tStartMs": 0, "dDurationMs": 600_000, "id": 1, "wpWinPosId": 1, "wsWinStyleId": 1}]
    for number, line in enumerate(lines):
        start = round(line[0].start * 1000)
        segments = []
        for word in line:
            offset = round(word.start * 1000) - start
            lead = " " if segments else ""
            segments.append({"utf8": lead + word.word} | ({"tOffsetMs": offset} if offset else {}))
        if number:
            events.append({"tStartMs": start, "dDurationMs": 10, "wWinId": 1, "aAppend": 1, "segs": [{"utf8": "\n"}]})
        length = round(line[-1].end * 1000) - start
        events.append({"tStartMs": start, "dDurationMs": length, "wWinId": 1, "segs": segments})
    return json.dumps({"wireMagic": "pb3", "pens": [{}], "wsWinStyles": [{}], "wpWinPositions": [{}], "events": events})


_KINDS: dict[str, tuple[str, Callable[[Lines], str]]] = {
    "youtube-vtt": ("vtt", _youtube_vtt),
    "json3": ("json3", _json3),
    "vtt": ("vtt", _vtt),
    "srt": ("srt", _srt),
    "ttml": ("ttml", _ttml),
}
KINDS: tuple[str, ...] = tuple(_KINDS)
