"""TTML: timed text in XML, as YouTube and broadcasters write it.

Not pysubs2: its reader knows no timeContainer and drops the times of spans.
"""

import math
import re
from dataclasses import dataclass
from xml.etree import ElementTree

from livecc_assets.source.cue_rows import rows_of
from livecc_assets.source.cue_text import plain
from livecc_assets.source.cues import Cue, CueProblem, Parsed, by_start, quoted
from livecc_assets.source.xml_tree import name, tree

_CLOCK = re.compile(r"(\d{1,4}):(\d{2}):(\d{2})(?:[.,](\d{1,9})|:(\d{1,4}))?")
_OFFSET = re.compile(r"(\d{1,12}(?:\.\d{1,9})?)(ms|h|m|s|f|t)")
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_FOREVER = math.inf


def parse(text: str) -> Parsed:
    """Cues of a TTML text, as they are shown; words are timed where spans carry times of their own.

    Times are those of TTML 2: an element's begin counts from its parent's (timeContainer="par", the default) or from
    the end of the element before it ("seq"). Raises ValueError when it is not TTML.
    """
    root = tree(text)
    if name(root) != "tt":
        raise ValueError(f"the root is <{name(root)}>, not <tt>")
    reader = _Reader(_Clock(root))
    for body in (element for element in root if name(element) == "body"):
        try:
            reader.walk(body, _Span(0.0, _FOREVER))
        except ValueError as error:
            reader.problem(body, error)
    return Parsed(by_start(reader.cues), reader.problems)


class _Clock:
    """Reads time expressions with the document's frame and tick rates."""

    def __init__(self, root: ElementTree.Element) -> None:
        rates = {key.rpartition("}")[2]: value for key, value in root.attrib.items()}
        multiplier = [*re.split(r"[\s:]+", rates.get("frameRateMultiplier", "1 1").strip()), "1"]
        numerator, denominator = multiplier[:2]
        self.frame_rate = float(rates.get("frameRate", 30)) * float(numerator) / float(denominator)
        default = self.frame_rate if "frameRate" in rates else 1.0
        self.tick_rate = float(rates.get("tickRate", default))
        if not (0 < self.frame_rate < math.inf and 0 < self.tick_rate < math.inf):
            raise ValueError("its frame rate or tick rate is not above zero")

    def seconds(self, expression: str | None) -> float | None:
        """Seconds of a clock time or an offset, None for None. Raises ValueError for anything else."""
        if expression is None:
            return None
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


@dataclass(frozen=True)
class _Span:
    """When an element is shown, in seconds; ``own`` says whether its begin is written."""

    begin: float
    end: float
    own: bool = False


class _Reader:
    """Collects the paragraphs of a document."""

    def __init__(self, clock: _Clock) -> None:
        self.clock = clock
        self.cues: list[Cue] = []
        self.problems: list[CueProblem] = []
        self._number = 0

    def walk(self, element: ElementTree.Element, around: _Span) -> _Span:
        """Collects the paragraphs of an element; gives its own span. Raises ValueError for times that are none."""
        if name(element) == "p":
            self._number += 1
            return self._paragraph(element, around)
        span, after = self._span(element, around), 0.0
        sequence = element.get("timeContainer") == "seq"
        latest = span.begin
        for child in element:
            try:
                shown = self.walk(child, _Span(span.begin + after, span.end))
            except ValueError as error:
                self.problem(child, error)
                continue
            latest = max(latest, shown.end) if shown.end < _FOREVER else latest
            if sequence and shown.end < _FOREVER:
                after = shown.end - span.begin
        return _Span(span.begin, latest, span.own) if span.end == _FOREVER else span

    def problem(self, element: ElementTree.Element, error: ValueError) -> None:
        """Notes a paragraph, or a container with all of its paragraphs, whose times cannot be read."""
        paragraphs = 1 if name(element) == "p" else sum(name(one) == "p" for one in element.iter())
        said = quoted(plain(" ".join(element.itertext())))
        what = f"paragraph {max(1, self._number)}" if name(element) == "p" else f"<{name(element)}>"
        for _ in range(paragraphs):
            detail = f'{what} has unreadable times ({error}): "{said}"'
            self.problems.append(CueProblem(max(1, self._number), "caption_malformed", detail))
            self._number += name(element) != "p"

    def _span(self, element: ElementTree.Element, around: _Span) -> _Span:
        begin, end, length = (self.clock.seconds(element.get(key)) for key in ("begin", "end", "dur"))
        start = around.begin + (begin or 0.0)
        stops = [around.end]
        stops += [] if end is None else [around.begin + end]
        stops += [] if length is None else [start + length]
        return _Span(start, min(stops), begin is not None)

    def _paragraph(self, element: ElementTree.Element, around: _Span) -> _Span:
        span = self._span(element, around)
        pieces, times = self._pieces(element, span, None)
        begins, ends = [one.begin for one in times], [one.end for one in times if one.end < _FOREVER]
        start = min(begins) if begins and not span.own else span.begin
        end = span.end if span.end < _FOREVER else max(ends, default=_FOREVER)
        if end == _FOREVER:
            raise ValueError("it has no end")
        self.cues.append(Cue(self._number, start, end, rows_of(pieces, start)))
        return _Span(start, end, span.own)

    def _pieces(
        self, element: ElementTree.Element, span: _Span, begin: float | None
    ) -> tuple[list[tuple[float | None, str]], list[_Span]]:
        """(Pieces (begin of the nearest timed span, text) in reading order, the timed spans).

        <br/> is a line break; line breaks of the source are spaces.
        """
        pieces: list[tuple[float | None, str]] = [(begin, _collapsed(element.text))]
        times: list[_Span] = []
        sequence, after = element.get("timeContainer") == "seq", span.begin
        for child in element:
            if name(child) == "br":
                pieces.append((begin, "\n"))
            elif name(child) == "span":
                shown = self._span(child, _Span(after if sequence else span.begin, span.end))
                timed = any(child.get(key) for key in ("begin", "end", "dur")) or sequence
                if timed:
                    times.append(shown)
                inner, deeper = self._pieces(child, shown, shown.begin if timed else begin)
                pieces += inner
                times += deeper
                if sequence and shown.end < _FOREVER:
                    after = shown.end
            pieces.append((None, _collapsed(child.tail)))
        return pieces, times


def _collapsed(text: str | None) -> str:
    # A literal backslash-N is text here; a "<" was an entity, which the parser has resolved.
    return re.sub(r"\s+", " ", text or "")
