"""YouTube's captions in XML: srv1, srv2 and srv3. pysubs2 reads none of them."""

from xml.etree import ElementTree

from livecc_assets.source.cue_rows import rows_of
from livecc_assets.source.cue_text import plain
from livecc_assets.source.cues import Cue, CueProblem, Parsed, quoted
from livecc_assets.source.xml_tree import name, tree
from livecc_assets.source.youtube_json import Pieces, appended, number_of

#: Seconds that a text without a length is shown at most; it ends where the next one begins.
_UNKNOWN_SEC = 5.0


def parse(text: str) -> Parsed:
    """Cues of an srv1 (<transcript>), srv2 or srv3 (<timedtext>) text. Raises ValueError when it is none of them.

    Words are timed where srv3 has <s t>, offsets in its paragraph, and where srv2 appends texts to a window.
    """
    root = tree(text)
    if name(root) == "transcript":
        return _cues([(_times(one, "start", "dur", 1.0), _plain_pieces(one)) for one in root if name(one) == "text"])
    if name(root) != "timedtext":
        raise ValueError(f"the root is <{name(root)}>, not <timedtext> or <transcript>")
    paragraphs = [one for body in root if name(body) == "body" for one in body]
    return _cues(_paragraphs(paragraphs) if paragraphs else _windows(root))


def kind(text: str) -> str:
    """srv1, srv2 or srv3, by the start of a text whose root is one of them."""
    return "srv1" if "<timedtext" not in text else "srv3" if 'format="3"' in text or "<body" in text else "srv2"


Times = tuple[float | None, float | None]


def _times(element: ElementTree.Element, start: str, length: str, unit: float) -> Times:
    """(Start, length) in seconds; None for what the attributes do not say."""
    first, second = number_of(element.get(start)), number_of(element.get(length))
    return None if first is None else first * unit, None if second is None else second * unit


def _plain_pieces(element: ElementTree.Element) -> Pieces:
    return [(None, "".join(element.itertext()))]


def _paragraph(element: ElementTree.Element, start: float | None) -> Pieces:
    """Pieces of an srv3 paragraph; a segment without an offset of its own has no time."""
    pieces: Pieces = [(None, element.text or "")]
    for child in element:
        offset = number_of(child.get("t"))
        at = None if start is None or offset is None else start + offset / 1000
        broken = "\n" if name(child) == "br" else ""
        pieces += [(at, broken + "".join(child.itertext())), (None, child.tail or "")]
    return pieces


def _paragraphs(body: list[ElementTree.Element]) -> list[tuple[Times, Pieces]]:
    """Texts of srv3; one with a="1" goes on with the last text of its window, unless a line break came between or it is gone."""
    found: list[tuple[Times, Pieces]] = []
    last: dict[str, int] = {}
    for one in body:
        if name(one) != "p":
            continue
        said, window = "".join(one.itertext()), one.get("w", "")
        if one.get("a") and not said.strip():
            last.pop(window, None)
            continue
        times = start, length = _times(one, "t", "d", 0.001)
        pieces = _paragraph(one, start)
        if one.get("a") and window in last and start is not None:
            (begin, shown), earlier = found[last[window]]
            if begin is not None and shown is not None and length is not None and start <= begin + shown:
                found[last[window]] = (begin, max(shown, start + length - begin)), earlier + appended(pieces, start)
                continue
        last[window] = len(found)
        found.append((times, pieces))
    return found


def _windows(root: ElementTree.Element) -> list[tuple[Times, Pieces]]:
    """Texts of srv2; one with append="1" goes on with the last text of its window, from its own time."""
    found: list[tuple[Times, Pieces]] = []
    last: dict[str, int] = {}
    for one in root:
        if name(one) != "text":
            continue
        times, window = _times(one, "t", "d", 0.001), one.get("w", "")
        said = "".join(one.itertext())
        if one.get("append") and window in last:
            found[last[window]][1].append((times[0], said))
            continue
        last[window] = len(found)
        found.append((times, [(None, said)]))
    return [item for item in found if "".join(text for _, text in item[1]).strip() or item[0][1] is not None]


def _cues(found: list[tuple[Times, Pieces]]) -> Parsed:
    cues: list[Cue] = []
    problems: list[CueProblem] = []
    for number, ((start, length), pieces) in enumerate(found, start=1):
        if start is None:
            said = quoted(plain("".join(text for _, text in pieces)))
            problems.append(CueProblem(number, "caption_malformed", f'text {number} has no readable times: "{said}"'))
            continue
        end = start + (_UNKNOWN_SEC if length is None else length)
        latest = max((at for at, _ in pieces if at is not None), default=start)
        cues.append(
            Cue(number, start, end if length is not None or latest < end else latest + 1, rows_of(pieces, start))
        )
    return Parsed(cues, problems)
