"""Utterances as words in time, as WebVTT and as JSON Lines."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import TextIO

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


def vtt_lines(utterances: Iterable[Utterance]) -> Iterator[str]:
    """A WebVTT file line by line: one cue an utterance with words, nothing for silence.

    Characters that WebVTT would read as markup are escaped, so whatever the model says shows as it is.
    """
    yield "WEBVTT\n\n"
    for utterance in utterances:
        if utterance.text.strip():
            text = " ".join(utterance.text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
            yield f"{clock(utterance.start)} --> {clock(utterance.end)}\n{text}\n\n"


def jsonl_lines(utterances: Iterable[Utterance]) -> Iterator[str]:
    """One JSON object ``{"start", "end", "text"}`` a line, silent intervals included."""
    for utterance in utterances:
        yield json.dumps(asdict(utterance), ensure_ascii=False) + "\n"


def write_lines(lines: Iterable[str], target: TextIO) -> None:
    """Write as the lines come, flushed one by one: a reader sees an utterance as soon as it is spoken."""
    for line in lines:
        target.write(line)
        target.flush()
