"""A1 and B3 as plain loops over rows (method 1.2, 1.7): what the steps compute on columns, said as simply as it can be.

`benchmarks/columns.py` measures the columns against them, and the tests compare their rows.
"""

import math
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from livecc_assets.core.rules import Rule
from livecc_assets.core.words import Word
from livecc_assets.graph.settings.video import ClipLimits as Limits
from livecc_assets.source.spoken import spoken, spoken_lines
from livecc_assets.store.rows import Rejected
from livecc_assets.store.videos import COLUMNS

COPIED = ("video_id", *COLUMNS, "title", "category")
#: Words first to last - 1, what became of them, their seconds and words per second.
Run = tuple[int, int, str, float, float]


def split_line(start: float, end: float, text: str, rule: Rule) -> list[Word]:
    """Words of one caption line."""
    if rule == "corrected" and not (math.isfinite(start) and math.isfinite(end)):
        raise ValueError(f"caption times {start} to {end} are not finite")
    parts = [word for word, _ in groupby(text.split(" ") if rule == "released" else text.split())]
    step = (end - start) / len(parts) if parts else 0.0
    return [
        {"start": round(start + i * step, 1), "end": round(start + (i + 1) * step, 1), "word": word}
        for i, word in enumerate(parts)
    ]


def caption_words(videos: Iterable[dict[str, Any]], rule: Rule) -> Iterator[dict[str, Any] | Rejected]:
    """Rows of ``caption_words`` from rows of ``yt_cc_source``."""
    for video in videos:
        id, given = video["video_id"], video["caption_words"]
        lines = [(line["start"], line["end"], line["text"]) for line in video["subtitles"] or []]
        words = spoken(given, rule, [text for _, _, text in lines])[0] if given else []
        try:
            for line in () if words else spoken_lines(lines, rule)[0]:
                words += split_line(*line, rule)
        except ValueError as error:
            detail = f"its captions hold a line that is not start, end and text ({error})"
            yield Rejected(id, "error", "malformed_captions", detail, id)
            continue
        if words:
            yield {name: video[name] for name in COPIED} | {"words": words}
        else:
            detail = f"its {len(lines)} caption lines hold no spoken words, only marks such as [Music]"
            yield Rejected(id, "filtered", "no_words", detail if lines else "it has no caption lines", id)


def caption_runs(words: list[Word], limits: Limits) -> Iterator[Run]:
    """The runs of a video's words, from the end of one word to the end of another."""
    ends = [word["end"] for word in words]
    stop = len(words) - 1 if limits.rule == "released" else len(words)
    first = 0
    while first < stop:
        last = reach(ends, first, stop, limits)
        yield judged(words, first, last, ends[last - 1] - ends[first], limits, speed_rule=True)
        first = last
    if words and stop < len(words):
        yield stop, stop + 1, "last_word_lost", 0.0, 0.0


def sentence_runs(words: list[Word], limits: Limits) -> Iterator[Run]:
    """The runs of a video's words, from the start of one word to the start of another, each from a sentence's start."""
    starts = [word["start"] for word in words]
    stop = len(words) - 1 if limits.rule == "released" else len(words)
    first = skipped = 0
    while first < stop:
        if first and not opens(words[first - 1]["word"], words[first]["word"], limits.rule):
            first += 1
            continue
        if skipped < first:
            yield skipped, first, "no_sentence_start", 0.0, 0.0
        last = reach(starts, first, stop, limits)
        yield judged(words, first, last, starts[last - 1] - starts[first], limits, limits.rule == "corrected")
        first = skipped = last
    if skipped < first:
        yield skipped, first, "no_sentence_start", 0.0, 0.0
    if words and stop < len(words):
        yield stop, stop + 1, "last_word_lost", 0.0, 0.0


def reach(times: list[float], first: int, stop: int, limits: Limits) -> int:
    """Where the run that starts at ``first`` ends."""
    last = first + 1
    while last < stop and not (
        times[last] - times[first] > limits.max_clip_sec or times[last] - times[last - 1] > limits.max_empty_sec
    ):
        last += 1
    return last


def opens(before: str, word: str, rule: Rule) -> bool:
    """Whether a sentence starts at a word that is not a video's first."""
    if not before.endswith((".", "?", "!")):
        return False
    if rule == "released":
        return word.isupper()
    return next((letter for letter in word if letter.isalpha()), "").isupper()


def judged(words: list[Word], first: int, last: int, seconds: float, limits: Limits, speed_rule: bool) -> Run:
    """The run with its fate, by its length and then by its speed."""
    spoken = words[last - 1]["end"] - words[first]["end"]
    speed = (last - first) / spoken if spoken > 0 else math.inf
    fate = "kept"
    if seconds < limits.min_clip_sec:
        fate = "too_short"
    elif speed_rule and speed < limits.min_wps:
        fate = "too_slow"
    elif speed_rule and speed > limits.max_wps:
        fate = "too_fast"
    return first, last, fate, seconds, speed


def clips(videos: Iterable[dict[str, Any]], limits: Limits, context: str) -> Iterator[dict[str, Any] | Rejected]:
    """Rows of ``caption_clips`` (``context`` is ``previous``) or of ``sentence_clips`` (``preasr``)."""
    runs_of = caption_runs if context == "previous" else sentence_runs
    for video in videos:
        for run in runs_of(video["words"], limits):
            first, last, fate, _, speed = run
            words, clip_id = video["words"][first:last], f"{video['video_id']}:{first}"
            if fate != "kept":
                yield Rejected(clip_id, "filtered", fate, why(words, run, limits), video["video_id"])
                continue
            yield {
                "clip_id": clip_id,
                **{name: video[name] for name in COPIED},
                "start": words[0]["start"],
                "end": words[-1]["end"],
                "words": words,
                context: " ".join([word["word"] for word in video["words"][:first]]),
                "words_per_second": speed,
                "distinct_words": len({word["word"] for word in words}),
            }


def why(words: list[Word], run: Run, limits: Limits) -> str:
    """Why a run is no clip."""
    _, _, fate, seconds, speed = run
    if len(words) <= 8:
        shown = " ".join([word["word"].strip() for word in words])
    else:
        head, tail = ([word["word"].strip() for word in some] for some in (words[:4], words[-3:]))
        shown = f"{' '.join(head)} ... {' '.join(tail)}"
    where = f"{len(words)} words from {words[0]['start']:.1f} to {words[-1]['end']:.1f} s ({shown!r})"
    if len(words) == 1:
        where = f"the word {shown!r} at {words[0]['start']:.1f} s"
    return {
        "too_short": f"{where} span {seconds:.1f} s, less than {limits.min_clip_sec:g} s",
        "too_slow": f"{where}: {speed:.2f} words/s is below {limits.min_wps:g}",
        "too_fast": f"{where}: {speed:.2f} words/s is above {limits.max_wps:g}",
        "no_sentence_start": f"{where} do not follow the start of a sentence",
    }.get(fate, f"{where} ends the video; the released rule never reaches it")
