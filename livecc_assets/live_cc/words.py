"""A1, first half: caption lines become words with times (method 1.2; paper section 3.1).

A caption line carries one start and end for many words; its duration is spread evenly over them. Captions that carry
per-word times already need no spreading and are taken as they are.
"""

import math
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from livecc_assets.core.rules import Rule
from livecc_assets.core.words import Word
from livecc_assets.store.rows import Rejected
from livecc_assets.store.videos import COLUMNS


def split_line(start: float, end: float, text: str, rule: Rule = "corrected") -> list[Word]:
    """Words of one caption line, times rounded to 0.1 s; empty for a line that marks music or applause.

    Words repeated in direct succession count once. ``released`` splits on single spaces, so a double space leaves an
    empty word; ``corrected`` splits on any white space and has no empty words. Raises ``TypeError`` or
    ``ValueError`` for a line that is not (number, number, text).
    """
    if "[" in text or "]" in text:
        return []
    parts = [word for word, _ in groupby(text.split(" ") if rule == "released" else text.split())]
    if rule == "corrected" and not (math.isfinite(start) and math.isfinite(end)):
        raise ValueError(f"caption times {start} to {end} are not finite")
    step = (end - start) / len(parts) if parts else 0.0
    return [
        {"start": round(start + i * step, 1), "end": round(start + (i + 1) * step, 1), "word": word}
        for i, word in enumerate(parts)
    ]


def split_words(lines: Iterable[tuple[float, float, str]], rule: Rule = "corrected") -> list[Word]:
    """Words of all caption lines of a video, in the lines' order; nothing is collapsed across lines."""
    return [word for start, end, text in lines for word in split_line(start, end, text, rule)]


def caption_words(videos: Iterable[dict[str, Any]], rule: Rule = "corrected") -> Iterator[dict[str, Any] | Rejected]:
    """Rows of ``caption_words`` from rows of ``yt_cc_source``.

    A video without a single word is *filtered* (``no_words``); captions that cannot be read as lines are an *error*.
    """
    for video in videos:
        video_id, subtitles = video["video_id"], video.get("subtitles") or []
        try:
            words = _given_words(video.get("caption_words") or []) or split_words(
                ((line["start"], line["end"], line["text"]) for line in subtitles), rule
            )
        except (TypeError, ValueError, KeyError) as error:
            detail = f"its captions hold a line that is not start, end and text ({error})"
            yield Rejected(video_id, "error", "malformed_captions", detail, video_id)
            continue
        if not words:
            detail = f"its {len(subtitles)} caption lines hold no words, only marks such as [Music]"
            if not subtitles:
                detail = "it has no caption lines"
            yield Rejected(video_id, "filtered", "no_words", detail, video_id)
            continue
        kept = {name: video.get(name) for name in ("video_id", *COLUMNS, "title", "category")}
        yield {**kept, "words": words}


def _given_words(words: Iterable[Word]) -> list[Word]:
    """Per-word captions as they are, without music marks and empty words."""
    return [
        {"start": float(word["start"]), "end": float(word["end"]), "word": word["word"]}
        for word in words
        if word["word"].strip() and "[" not in word["word"] and "]" not in word["word"]
    ]
