"""ASS/SSA and MicroDVD, read by pysubs2; karaoke times are word times.

pysubs2 gives up a whole file at one line that it cannot read, so it gets the lines one by one: a bad one is a problem
with its number. It keeps override tags in the text, so \\k can be read here.
"""

import re
from collections.abc import Iterator

from livecc_assets.source.cue_rows import rows_of
from livecc_assets.source.cue_text import plain
from livecc_assets.source.cues import Cue, CueProblem, Parsed, by_start, quoted
from livecc_assets.source.highlighted import unrepeated

_FIELDS = ("layer", "start", "end", "style", "name", "marginl", "marginr", "marginv", "effect", "text")
_OVERRIDE = re.compile(r"\{([^{}]*)\}")
#: \k, \K, \kf and \ko give a syllable's length, in hundredths of a second; \kt its start.
_KARAOKE = re.compile(r"\\(k[fot]?|K)(\d{1,6})")
_DRAWING = re.compile(r"\\p(\d{1,3})")
#: Events at most. Each costs pysubs2 some 20 microseconds.
MOST_EVENTS = 300_000
MICRODVD = re.compile(r"\{\d{1,9}\}\{\d{0,9}\}")


def parse(text: str) -> Parsed:
    """Cues of an ASS or SSA text by their start; comments and drawings are none."""
    from pysubs2 import SSAFile

    cues: list[Cue] = []
    problems: list[CueProblem] = []
    markups: dict[int, str] = {}
    order = _FIELDS
    number = 0
    for row in text.splitlines():
        label, _, rest = row.strip().lstrip("\ufeff").partition(":")
        if label == "Format" and "text" in rest.lower() and "start" in rest.lower():
            order = tuple(field.strip().lower() for field in rest.split(",")[:99])
        if label != "Dialogue":
            continue
        number += 1
        if number > MOST_EVENTS:
            raise ValueError(f"more than {MOST_EVENTS} events")
        try:
            (event,) = SSAFile.from_string(f"Dialogue:{_standard(rest, order)}", format_="ass")
            said = rows_of(pieces_of(event.text, event.start / 1000), event.start / 1000)
        except ValueError as error:
            detail = f'event {number} cannot be read ({error}): "{quoted(plain(rest.rsplit(",", 1)[-1]))}"'
            problems.append(CueProblem(number, "caption_malformed", detail))
            continue
        if said or not _DRAWING.search(event.text):
            cues.append(Cue(number, event.start / 1000, event.end / 1000, said))
            markups[number] = event.text
    cues = by_start(cues)
    return Parsed(unrepeated(cues, [markups[cue.number] for cue in cues]), problems)


def _standard(rest: str, order: tuple[str, ...]) -> str:
    """An event's times and text among the fields that pysubs2 takes for granted; it has no use for the others here."""
    values = dict(zip(order, rest.split(",", len(order) - 1), strict=False))
    return f"0,{values.get('start', '')},{values.get('end', '')},Default,,0,0,0,,{values.get('text', '')}"


def pieces_of(text: str, start: float) -> Iterator[tuple[float | None, str]]:
    """Pieces of an event's text; syllables of a karaoke line have their own start."""
    parts = _OVERRIDE.split(text.replace("\\n", " ").replace("\\h", " "))
    at, syllable, drawing = start, None, False
    for k, part in enumerate(parts):
        if k % 2 == 0:
            if not drawing:
                yield syllable, part
            continue
        for tag, value in _KARAOKE.findall(part):
            if tag == "kt":
                at = start + int(value) / 100
            else:
                syllable = at
                at += int(value) / 100
        for scale in _DRAWING.findall(part):
            drawing = int(scale) > 0


def parse_microdvd(text: str) -> Parsed:
    """Cues of a MicroDVD text, which counts frames. Raises ValueError when its first line does not say the rate."""
    from pysubs2 import SSAFile
    from pysubs2.exceptions import UnknownFPSError

    rows = [row.strip() for row in text.lstrip("\ufeff").splitlines() if row.strip()]
    try:
        rate = SSAFile.from_string(rows[0], format_="microdvd").fps if rows else None
    except UnknownFPSError:
        rate = None
    if rate is None or not 1 <= rate <= 1000:
        raise ValueError("it counts frames and its first line, {1}{1}RATE, does not say how many a second; use SubRip")
    cues: list[Cue] = []
    problems: list[CueProblem] = []
    for number, row in enumerate(rows[1:], start=2):
        events = list(SSAFile.from_string(row, format_="microdvd", fps=rate)) if MICRODVD.match(row) else []
        if not events:
            detail = f'line {number} has no readable frames: "{quoted(plain(row))}"'
            problems.append(CueProblem(number, "caption_malformed", detail))
            continue
        event = events[0]
        cues.append(Cue(number, event.start / 1000, event.end / 1000, rows_of([(None, event.text)])))
    return Parsed(cues, problems)
