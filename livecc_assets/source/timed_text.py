"""TTML: timed text in XML, as YouTube and broadcasters write it."""

import re
from xml.etree import ElementTree

from livecc_assets.source.cues import Cue, CueProblem, plain, timed_words

_CLOCK = re.compile(r"(\d+):(\d{2}):(\d{2})(?:\.(\d+)|:(\d+))?")
_OFFSET = re.compile(r"(\d+(?:\.\d+)?)(ms|h|m|s|f|t)")
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


def parse(text: str) -> tuple[list[Cue], list[CueProblem]]:
    """Cues of a TTML text; words are timed where spans carry their own begin. Raises ValueError when it is not TTML.

    Documents with a DTD are refused: entities defined in one can expand without bound.
    """
    if re.search(r"<!(DOCTYPE|ENTITY)", text, re.IGNORECASE):
        raise ValueError("a DTD is not allowed")
    try:
        root = ElementTree.fromstring(re.sub(r"^\s*<\?xml[^>]*\?>", "", text))
    except ElementTree.ParseError as error:
        raise ValueError(str(error)) from error
    if _name(root) != "tt":
        raise ValueError(f"the root is <{_name(root)}>, not <tt>")
    clock = _Clock(root)
    cues: list[Cue] = []
    problems: list[CueProblem] = []
    for body in (element for element in root if _name(element) == "body"):
        _walk(body, 0.0, clock, cues, problems)
    return cues, problems


class _Clock:
    """Reads time expressions with the document's frame and tick rates."""

    def __init__(self, root: ElementTree.Element) -> None:
        rates = {key.rpartition("}")[2]: value for key, value in root.attrib.items()}
        numerator, _, denominator = rates.get("frameRateMultiplier", "1 1").partition(" ")
        self.frame_rate = float(rates.get("frameRate", 30)) * float(numerator) / float(denominator or 1)
        self.tick_rate = float(rates.get("tickRate", self.frame_rate))

    def seconds(self, expression: str) -> float:
        """Seconds of a clock time or an offset. Raises ValueError for anything else."""
        clock = _CLOCK.fullmatch(expression.strip())
        if clock:
            hours, minutes, whole, fraction, frames = clock.groups()
            seconds = int(hours) * 3600 + int(minutes) * 60 + int(whole) + float(f"0.{fraction or 0}")
            return seconds + int(frames or 0) / self.frame_rate
        offset = _OFFSET.fullmatch(expression.strip())
        if not offset:
            raise ValueError(f'"{expression}" is no time')
        value, unit = float(offset[1]), offset[2]
        rates = {"f": 1 / self.frame_rate, "t": 1 / self.tick_rate}
        return value * rates.get(unit, _UNITS.get(unit, 1.0))


def _walk(
    element: ElementTree.Element, base: float, clock: _Clock, cues: list[Cue], problems: list[CueProblem]
) -> None:
    """Collects the paragraphs below an element; their times count from their container's begin."""
    if _name(element) == "p":
        number = len(cues) + len(problems) + 1
        try:
            cues.append(_paragraph(element, number, base, clock))
        except (KeyError, ValueError) as error:
            said = plain(" ".join(element.itertext()))
            detail = f'paragraph {number} has unreadable times ({error}): "{said}"'
            problems.append(CueProblem(number, "caption_malformed", detail))
        return
    begin = element.get("begin")
    base += clock.seconds(begin) if begin else 0.0
    for child in element:
        _walk(child, base, clock, cues, problems)


def _paragraph(element: ElementTree.Element, number: int, base: float, clock: _Clock) -> Cue:
    start = base + clock.seconds(element.attrib["begin"])
    end = base + clock.seconds(element.attrib["end"]) if "end" in element.attrib else None
    if end is None:
        end = start + clock.seconds(element.attrib["dur"])
    pieces: list[tuple[float, str]] = []
    timed = False
    for text, begin in _pieces(element):
        timed = timed or begin is not None
        pieces.append((start + clock.seconds(begin) if begin else start, text))
    said = "".join(text for _, text in pieces)
    lines = tuple(line for line in map(plain, said.split("\n")) if line)
    words = timed_words([(at, plain(text)) for at, text in pieces], end) if timed else []
    return Cue(number, start, end, lines, tuple(words))


def _pieces(element: ElementTree.Element, begin: str | None = None) -> list[tuple[str, str | None]]:
    """(text, begin of the nearest timed span) in reading order; <br/> is a newline, source newlines are spaces."""
    pieces = [(re.sub(r"\s+", " ", element.text or ""), begin)]
    for child in element:
        if _name(child) == "br":
            pieces.append(("\n", begin))
        elif _name(child) == "span":
            pieces.extend(_pieces(child, child.get("begin") or begin))
        pieces.append((re.sub(r"\s+", " ", child.tail or ""), begin))
    return pieces


def _name(element: ElementTree.Element) -> str:
    return str(element.tag).rpartition("}")[2]
