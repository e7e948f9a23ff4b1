"""A1, second half: a video's words are cut into clips at silences and at the longest length (method 1.2).

Gaps and lengths are measured from the end of one word to the end of another. The walk never skips a word: each run of
words between two cuts becomes a clip or a rejected row that says why not.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from livecc_assets.core.words import Word
from livecc_assets.graph.settings.video import ClipLimits as Limits
from livecc_assets.store.rows import Rejected
from livecc_assets.store.videos import COLUMNS

Fate = Literal["kept", "too_short", "too_slow", "too_fast", "no_sentence_start", "last_word_lost"]


@dataclass(frozen=True)
class Run:
    """Words ``first`` to ``last`` - 1 of a video and what became of them; ``speed`` in words per second."""

    first: int
    last: int
    fate: Fate
    seconds: float = 0.0
    speed: float = 0.0


def runs(words: list[Word], limits: Limits) -> Iterator[Run]:
    """Cut the words of one video; the runs cover every word exactly once, in order.

    ``released`` never reaches the final word of a video (its loop variable stops on the last index); that word
    becomes a run of its own, ``last_word_lost``. ``corrected`` uses half-open ranges.
    """
    ends = [word["end"] for word in words]
    count = len(words)
    stop = count - 1 if limits.rule == "released" else count
    first = 0
    while first < stop:
        last = first + 1
        while last < stop and not (
            ends[last] - ends[first] > limits.max_clip_sec or ends[last] - ends[last - 1] > limits.max_empty_sec
        ):
            last += 1
        seconds = ends[last - 1] - ends[first]
        yield judged(words, first, last, seconds, limits)
        first = last
    if stop < count and count:
        yield Run(count - 1, count, "last_word_lost")


def judged(words: list[Word], first: int, last: int, seconds: float, limits: Limits, speed_rule: bool = True) -> Run:
    """A run's fate by its length, then by its speed: words / (end of last word - end of first word)."""
    spoken = words[last - 1]["end"] - words[first]["end"]
    speed = (last - first) / spoken if spoken > 0 else float("inf")
    if seconds < limits.min_clip_sec:
        return Run(first, last, "too_short", seconds, speed)
    if speed_rule and speed < limits.min_wps:
        return Run(first, last, "too_slow", seconds, speed)
    if speed_rule and speed > limits.max_wps:
        return Run(first, last, "too_fast", seconds, speed)
    return Run(first, last, "kept", seconds, speed)


def caption_clips(videos: Iterable[dict[str, Any]], config: dict[str, Any]) -> Iterator[dict[str, Any] | Rejected]:
    """Rows of ``caption_clips`` from rows of ``caption_words``; ``config`` is the profile's ``caption_clips`` section."""
    limits = Limits.of(config, "caption_clips")
    for video in videos:
        for run in runs(video["words"], limits):
            yield clip_or_rejected(video, run, limits, "previous")


def clip_or_rejected(video: dict[str, Any], run: Run, limits: Limits, context: str) -> dict[str, Any] | Rejected:
    """The clip's row, with the words before it in the column named ``context``, or why the run is none."""
    words: list[Word] = video["words"][run.first : run.last]
    clip_id = f"{video['video_id']}:{run.first}"
    if run.fate != "kept":
        return Rejected(clip_id, "filtered", run.fate, _why(words, run, limits), video["video_id"])
    return {
        "clip_id": clip_id,
        **{name: video.get(name) for name in ("video_id", *COLUMNS, "title", "category")},
        "start": words[0]["start"],
        "end": words[-1]["end"],
        "words": words,
        context: " ".join(word["word"] for word in video["words"][: run.first]),
        "words_per_second": run.speed,
        "distinct_words": len({word["word"] for word in words}),
    }


def _why(words: list[Word], run: Run, limits: Limits) -> str:
    """The reason as a sentence with the numbers."""
    texts = [word["word"].strip() for word in words]
    shown = " ".join(texts) if len(texts) <= 8 else f"{' '.join(texts[:4])} ... {' '.join(texts[-3:])}"
    where = f"{len(words)} words from {words[0]['start']:.1f} to {words[-1]['end']:.1f} s ({shown!r})"
    if len(words) == 1:
        where = f"the word {shown!r} at {words[0]['start']:.1f} s"
    if run.fate == "too_short":
        return f"{where} span {run.seconds:.1f} s, less than {limits.min_clip_sec:g} s"
    if run.fate == "too_slow":
        return f"{where}: {run.speed:.2f} words/s is below {limits.min_wps:g}"
    if run.fate == "too_fast":
        return f"{where}: {run.speed:.2f} words/s is above {limits.max_wps:g}"
    if run.fate == "no_sentence_start":
        return f"{where} do not follow the start of a sentence"
    return f"{where} ends the video; the released rule never reaches it"
