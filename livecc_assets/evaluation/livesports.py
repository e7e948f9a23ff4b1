"""LiveSports-3K: the commentary track's events, proposed from sentence clips (method 4.1).

The published benchmark was made by language models and annotators from the instruction set. Here a proposal is made
from `sentence_clips`, one event a clip, so that what becomes a benchmark was never selected for training. Import of
the published files is in livesports_files.py.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from livecc_assets.store.rows import Rejected
from livecc_assets.store.videos import COLUMNS

SENTENCE_END = (".", "?", "!")
LEAD_SEC = 0.8
MAX_SENTENCE_WORDS = 40  # captions without punctuation still become readable lines


def propose_events(
    sentence_clips: Iterable[dict[str, Any]],
    source_rows: Iterable[dict[str, Any]],
    config: dict[str, Any] | None = None,
) -> Iterator[dict[str, Any] | Rejected]:
    """One event a clip, at most `max_events_per_video`, of at least `min_event_sec` seconds.

    `config` (the profile's section `livesports`): `max_events_per_video` (absent: no limit), `min_event_sec` (10),
    `lead_sec` (0.8; how much earlier than its first word an event begins: what is commented shows before it is told),
    `categories` (absent: all). Only columns of `sentence_clips` and `yt_cc_source` are read; the latter only for
    the truth.
    """
    config = config or {}
    limit = config.get("max_events_per_video")
    shortest = float(config.get("min_event_sec", 10))
    lead = float(config.get("lead_sec", LEAD_SEC))
    categories = config.get("categories")
    truths = {row["video_id"]: row.get("truth") for row in source_rows if row.get("truth") is not None}
    taken: Counter[str] = Counter()
    for clip in sentence_clips:
        video, duration = clip["video_id"], clip["end"] - clip["start"]
        if categories is not None and clip["category"] not in categories:
            yield _filtered(clip, "category", f"category {clip['category']!r} is not one of {', '.join(categories)}")
        elif duration < shortest:
            yield _filtered(clip, "too_short", f"{duration:.2f} s of speech, less than {shortest:g} s")
        elif limit is not None and taken[video] >= limit:
            yield _filtered(clip, "enough_events", f"the video already has {limit} events")
        elif not clip["words"]:
            yield Rejected(clip["clip_id"], "error", "no_words", "the clip holds no words", video)
        else:
            try:
                event = _event(clip, taken[video], lead, truths.get(video))
            except (ValueError, KeyError, TypeError) as error:
                yield Rejected(
                    clip["clip_id"], "error", "bad_truth", f"the video's truth cannot be read: {error!r}", video
                )
                continue
            taken[video] += 1
            yield event


def sentences(words: Iterable[dict[str, Any]]) -> list[list[Any]]:
    """Words {start, end, word} grouped into [start, end, sentence] rows."""
    rows: list[list[Any]] = []
    line: list[dict[str, Any]] = []
    for word in words:
        line.append(word)
        if word["word"].strip().endswith(SENTENCE_END) or len(line) >= MAX_SENTENCE_WORDS:
            rows.append(_line(line))
            line = []
    return [*rows, _line(line)] if line else rows


def truth_between(truth: str | None, begin: float, end: float) -> str | None:
    """A video's truth (JSON object with `events`) cut to events starting in [begin, end]: JSON list; None for None."""
    if truth is None:
        return None
    inside = [event for event in json.loads(truth)["events"] if begin <= event["time"] <= end]
    return json.dumps([{key: event.get(key) for key in ("time", "actor", "verb", "place")} for event in inside])


def fault_of_truth(truth: str | None) -> str | None:
    """Why a video's truth cannot be read; None where it can, or where there is none."""
    try:
        truth_between(truth, float("-inf"), float("inf"))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return f"the video's truth cannot be read: {error!r}"
    return None


def _event(clip: dict[str, Any], number: int, lead: float, truth: str | None) -> dict[str, Any]:
    begin, end = max(0.0, clip["start"] - lead), clip["end"]
    said = sentences(clip["words"])
    before = (clip["preasr"] or "").strip()
    return {
        "video_id": clip["video_id"],
        "event_id": number,
        **{name: clip[name] for name in COLUMNS},
        "begin": begin,
        "end": end,
        "class": clip["category"],
        "event_title": clip["title"],
        "event_asr": json.dumps(said),
        "event_asr_text": " ".join(sentence for _, _, sentence in said),
        "preasr": json.dumps([[0.0, clip["start"], before]] if before else []),
        "preasr_text": before,
        "truth": truth_between(truth, begin, end),
    }


def _line(words: list[dict[str, Any]]) -> list[Any]:
    text = " ".join(" ".join(word["word"].split()) for word in words if word["word"].strip())
    return [words[0]["start"], words[-1]["end"], text]


def _filtered(clip: dict[str, Any], reason: str, detail: str) -> Rejected:
    return Rejected(clip["clip_id"], "filtered", reason, detail, clip["video_id"])
