"""Small rows for the benchmark's tests."""

import json
from typing import Any


def words(text: str, start: float = 0.0, step: float = 0.5) -> list[dict[str, Any]]:
    """One word each `step` seconds."""
    return [
        {"start": start + n * step, "end": start + (n + 1) * step, "word": word} for n, word in enumerate(text.split())
    ]


def clip(
    video: str = "v", start: float = 0.0, end: float = 20.0, text: str = "Red jumps. Blue falls.", **more: Any
) -> dict:
    """A row of `sentence_clips`."""
    return {
        "clip_id": f"{video}:{start:g}",
        "video_id": video,
        "batch": "",
        "path": f"{video}.mp4",
        "sha256": "0",
        "title": "A match",
        "category": "Sports",
        "start": start,
        "end": end,
        "words": words(text, start),
        "preasr": "",
        "words_per_second": 2.0,
        "distinct_words": 4,
    } | more


def happening(time: float, actor: str = "red", verb: str = "jumps", place: str = "left") -> dict[str, Any]:
    """A true event."""
    return {"time": time, "end": time + 2.2, "actor": actor, "verb": verb, "place": place}


def event(
    video: str = "v",
    number: int = 0,
    truth: list[dict] | None = None,
    begin: float = 0.0,
    end: float = 20.0,
    **more: Any,
) -> dict:
    """A row of `livesports_events`."""
    return {
        "video_id": video,
        "event_id": number,
        "batch": "",
        "path": f"{video}.mp4",
        "sha256": "0",
        "begin": begin,
        "end": end,
        "class": "Sports",
        "event_title": "A match",
        "event_asr": json.dumps([[begin, end, "Red jumps."]]),
        "event_asr_text": "Red jumps.",
        "preasr": "[]",
        "preasr_text": "",
        "truth": None if truth is None else json.dumps(truth),
    } | more


def said(
    video: str = "v", number: int = 0, *parts: tuple[float, str], begin: float = 0.0, end: float = 20.0
) -> dict[str, Any]:
    """A row of `livesports_commentary` from (second, text) intervals of one second."""
    return {
        "video_id": video,
        "event_id": number,
        "begin": begin,
        "end": end,
        "utterances": [{"start": start, "end": start + 1.0, "text": text} for start, text in parts],
        "pred": " ".join(text for _, text in parts) + "...",
    }


def judgement(
    video: str = "v", number: int = 0, ab: str = "model", ba: str = "model", judge: str = "published"
) -> dict[str, Any]:
    """A row of `livesports_judgements`."""
    return {
        "video_event_id": f"{video}_{number}",
        "judge": judge,
        "opponent": "other",
        "ab_winner": ab,
        "ba_winner": ba,
        "score_model": None,
        "score_opponent": None,
    }
