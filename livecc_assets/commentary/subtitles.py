"""Utterances as words in time, as WebVTT and as JSON Lines."""

import json
from collections.abc import Iterable
from typing import Any

from livecc_assets.commentary.utterance import Utterance
from livecc_assets.core.words import Word


def words_in_time(utterances: Iterable[Utterance]) -> list[Word]:
    """Words of all utterances; those of one share its interval evenly, since the model times intervals, not words."""
    words: list[Word] = []
    for utterance in utterances:
        texts = utterance.text.split()
        for index, text in enumerate(texts):
            length = (utterance.end - utterance.start) / len(texts)
            start = utterance.start + index * length
            words.append({"start": round(start, 3), "end": round(start + length, 3), "word": text})
    return words


def clock(seconds: float) -> str:
    """WebVTT time: hours, minutes, seconds, milliseconds."""
    millis = round(max(0.0, seconds) * 1000)
    return f"{millis // 3_600_000:02d}:{millis // 60_000 % 60:02d}:{millis // 1000 % 60:02d}.{millis % 1000:03d}"


VTT_HEADER = "WEBVTT\n\n"


def vtt_cue(utterance: Utterance) -> str:
    """One WebVTT cue, or nothing for silence.

    Characters that WebVTT would read as markup are escaped, so whatever the model says shows as it is.
    """
    if not utterance.text.strip():
        return ""
    text = " ".join(utterance.text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return f"{clock(utterance.start)} --> {clock(utterance.end)}\n{text}\n\n"


def jsonl_line(one: Utterance) -> str:
    """One JSON object ``{"start", "end", "text"}``.

    With ``words``, ``latency`` (seconds; null where it was skipped) and ``stopped`` where the utterance was timed, as the
    engine's are.
    """
    row: dict[str, Any] = {"start": one.start, "end": one.end, "text": one.text}
    if one.latency is not None or one.stopped != "end":
        latency = None if one.latency is None else round(one.latency, 3)
        row |= {"words": one.words, "latency": latency, "stopped": one.stopped}
    return json.dumps(row, ensure_ascii=False) + "\n"
