"""YouTube's json3 captions: events with segments, timed in milliseconds."""

import json
import math
from typing import Any

from livecc_assets.source.cues import Cue, CueProblem, plain, timed_words


def parse(text: str) -> tuple[list[Cue], list[CueProblem]]:
    """Cues of a json3 text; words are timed where segments carry offsets. Raises ValueError when it is not json3.

    Events that only place a window or append a line break are part of the format and no cues.
    """
    content = json.loads(text)
    events = content.get("events") if isinstance(content, dict) else None
    if not isinstance(events, list):
        raise ValueError("no list of events")
    cues: list[Cue] = []
    problems: list[CueProblem] = []
    for number, event in enumerate(events, start=1):
        segments = event.get("segs") if isinstance(event, dict) else None
        if not isinstance(segments, list):
            continue
        pieces = [(_number(s.get("tOffsetMs", 0)), str(s.get("utf8", ""))) for s in segments if isinstance(s, dict)]
        said = "".join(text for _, text in pieces)
        if event.get("aAppend") and not said.strip():
            continue
        start, length = _number(event.get("tStartMs")), _number(event.get("dDurationMs"))
        lines = tuple(line for line in map(plain, said.split("\n")) if line)
        if start is None or length is None or any(offset is None for offset, _ in pieces):
            detail = f'event {number} has no readable times: "{plain(said)}"'
            problems.append(CueProblem(number, "caption_malformed", detail))
            continue
        end = (start + length) / 1000
        timed = [((start + (offset or 0)) / 1000, plain(text)) for offset, text in pieces]
        words = timed_words(timed, end) if any("tOffsetMs" in s for s in segments if isinstance(s, dict)) else []
        cues.append(Cue(number, start / 1000, end, lines, tuple(words)))
    return cues, problems


def _number(value: Any) -> float | None:
    """A number that json3 may also write as text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
