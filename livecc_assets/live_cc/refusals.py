"""Why a run of words is no clip, as a sentence with its words and the numbers."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa

from livecc_assets.live_cc.columns import Timed, pc
from livecc_assets.live_cc.runs import (
    LAST_WORD_LOST,
    NO_SENTENCE_START,
    TOO_FAST,
    TOO_SHORT,
    TOO_SLOW,
    Limits,
    Runs,
)

#: A run of more words is shown by so many of its first and of its last ones.
_WHOLE, _HEAD, _TAIL = 8, 4, 3


def details(words: Timed, runs: Runs, limits: Limits) -> pa.StringArray:
    """A sentence for each run."""
    columns = (runs.last - runs.first, words.start[runs.first], words.end[runs.last - 1])
    where = [
        f"the word {shown!r} at {start:.1f} s"
        if count == 1
        else f"{count} words from {start:.1f} to {end:.1f} s ({shown!r})"
        for shown, count, start, end in zip(
            _shown(words, runs).to_pylist(), *(column.tolist() for column in columns), strict=True
        )
    ]
    least, slowest, fastest = f"{limits.min_clip_sec:g}", f"{limits.min_wps:g}", f"{limits.max_wps:g}"
    said: dict[int, Callable[[str, float, float], str]] = {
        TOO_SHORT: lambda run, seconds, speed: f"{run} span {seconds:.1f} s, less than {least} s",
        TOO_SLOW: lambda run, seconds, speed: f"{run}: {speed:.2f} words/s is below {slowest}",
        TOO_FAST: lambda run, seconds, speed: f"{run}: {speed:.2f} words/s is above {fastest}",
        NO_SENTENCE_START: lambda run, seconds, speed: f"{run} do not follow the start of a sentence",
        LAST_WORD_LOST: lambda run, seconds, speed: f"{run} ends the video; the released rule never reaches it",
    }
    numbers = (column.tolist() for column in (runs.fate, runs.seconds, runs.speed))
    sentences = [said[fate](run, seconds, speed) for run, fate, seconds, speed in zip(where, *numbers, strict=True)]
    return pa.array(sentences, pa.string())


def _shown(words: Timed, runs: Runs) -> pa.StringArray:
    """The words of each run, of a long one its first and last."""
    count = runs.last - runs.first
    long = count > _WHOLE
    head = _joined(words, runs.first, np.where(long, _HEAD, count))
    if not long.any():
        return head
    tail = _joined(words, runs.last - np.where(long, _TAIL, 0), np.where(long, _TAIL, 0))
    return pc.if_else(pa.array(long), pc.binary_join_element_wise(head, "...", tail, " "), head)


def _joined(words: Timed, first: np.ndarray, count: np.ndarray) -> pa.StringArray:
    """``count`` words from ``first`` on, stripped and joined by spaces."""
    offsets = np.append(0, np.cumsum(count))
    places = np.arange(offsets[-1]) + np.repeat(first - offsets[:-1], count)
    texts = pc.utf8_trim_whitespace(words.text.take(pa.array(places)))
    return pc.binary_join(pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), texts), " ")
