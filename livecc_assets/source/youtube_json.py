"""YouTube's json3 captions: events with segments, timed in milliseconds."""

import json
import math
from typing import Any

from livecc_assets.source.cue_rows import rows_of
from livecc_assets.source.cue_text import plain
from livecc_assets.source.cues import Cue, CueProblem, Parsed, quoted

Pieces = list[tuple[float | None, str]]


def parse(text: str) -> Parsed:
    """Cues of a json3 text; words are timed where segments carry offsets. Raises ValueError when it is not json3.

    Events that only place a window or append a line break are part of the format and no cues. An event that appends words
    goes on with the last one of its window, unless a line break came
    between or it is gone.
    """
    content = json.loads(text)
    events = content.get("events") if isinstance(content, dict) else None
    if not isinstance(events, list):
        raise ValueError("no list of events")
    cues: list[tuple[int, float, float, Pieces]] = []
    last: dict[str, int] = {}
    problems: list[CueProblem] = []
    for number, event in enumerate(events, start=1):
        listed = event.get("segs") if isinstance(event, dict) else None
        if not isinstance(listed, list):
            continue
        segments = [segment for segment in listed if isinstance(segment, dict)]
        said = "".join(_text(segment) for segment in segments)
        window = str(event.get("wWinId"))
        if event.get("aAppend") and not said.strip():
            last.pop(window, None)
            continue
        start, length = number_of(event.get("tStartMs")), number_of(event.get("dDurationMs"))
        offsets = [number_of(segment["tOffsetMs"]) for segment in segments if "tOffsetMs" in segment]
        if start is None or length is None or None in offsets:
            detail = f'event {number} has no readable times: "{quoted(plain(said))}"'
            problems.append(CueProblem(number, "caption_malformed", detail))
            continue
        pieces = [
            (None if "tOffsetMs" not in one else (start + (number_of(one["tOffsetMs"]) or 0)) / 1000, _text(one))
            for one in segments
        ]
        begin, end = start / 1000, (start + length) / 1000
        if event.get("aAppend") and window in last and begin <= cues[last[window]][2]:
            first, since, until, earlier = cues[last[window]]
            cues[last[window]] = first, since, max(until, end), earlier + appended(pieces, begin)
            continue
        last[window] = len(cues)
        cues.append((number, begin, end, pieces))
    return Parsed([Cue(n, begin, end, rows_of(pieces, begin)) for n, begin, end, pieces in cues], problems)


def appended(pieces: Pieces, start: float) -> Pieces:
    """Pieces that go on with another text: what has no time of its own begins with them."""
    first = next((k for k, (_, text) in enumerate(pieces) if text.strip()), 0)
    return [(start if k == first and at is None else at, text) for k, (at, text) in enumerate(pieces)]


def _text(segment: dict[str, Any]) -> str:
    return str(segment.get("utf8", ""))


def number_of(value: Any) -> float | None:
    """A number that YouTube may also write as text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and abs(number) < 1e12 else None
