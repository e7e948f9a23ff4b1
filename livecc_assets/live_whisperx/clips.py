"""B3: recognised words are cut into clips that start where a sentence starts (method 1.7).

Like A1, but gaps and lengths are measured from the start of one word to the start of another, and a clip may only
begin at a sentence. Words before such a start are accounted for as one rejected run.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from livecc_assets.core.rules import Rule
from livecc_assets.core.words import Word
from livecc_assets.live_cc.clips import clips_of
from livecc_assets.live_cc.columns import Timed, one_by_one, text_bytes
from livecc_assets.live_cc.runs import Limits, Run, Runs, cut
from livecc_assets.live_whisperx.schemas import SENTENCE_CLIPS, SPOKEN_WORDS
from livecc_assets.store.rows import Piece, Rejected


def opens(word: str, rule: Rule) -> bool:
    """Whether a word after the end of a sentence starts one, by its capitals.

    ``released`` wants the whole word in capitals ("I" and "NASA" pass, "The" fails); ``corrected`` looks at the first
    letter of the word.
    """
    if rule == "released":
        return word.isupper()
    return next((letter for letter in word if letter.isalpha()), "").isupper()


def openings(words: Timed, rule: Rule = "corrected") -> np.ndarray:
    """Mask of the words at which a clip may start: a video's first; else after ``.``, ``?`` or ``!``, with a capital."""
    found = np.zeros(len(words), bool)
    found[words.offsets[:-1][words.counts > 0]] = True
    places, data = text_bytes(words.text)
    final = data[places[1:-1] - 1]  # byte of every word but the last; of an empty one, something else's
    ended = (final == ord(".")) | (final == ord("?")) | (final == ord("!"))
    after = np.flatnonzero(ended & (places[1:-1] > places[:-2])) + 1
    texts = words.text.take(pa.array(after)).dictionary_encode()
    fit = np.array([opens(word, rule) for word in texts.dictionary.to_pylist()], bool)
    found[after] |= fit[texts.indices.to_numpy()]
    return found


def _sentence_runs(words: Timed, limits: Limits) -> Runs:
    """``released`` has no speed filter."""
    return cut(words, words.start, limits, openings(words, limits.rule), limits.rule == "corrected")


def sentence_runs(words: list[Word], limits: Limits) -> Iterator[Run]:
    """Cut the words of one video; the runs cover every word exactly once, in order."""
    return _sentence_runs(Timed.of_words(words), limits).one_by_one()


def clip_tables(batches: Iterable[pa.RecordBatch], config: dict[str, Any]) -> Iterator[Piece]:
    """``sentence_clips`` from batches of ``spoken_words``; ``config`` is the profile's section of that name."""
    return clips_of(batches, Limits.of(config, "sentence_clips"), _sentence_runs, SENTENCE_CLIPS)


def sentence_clips(videos: Iterable[dict[str, Any]], config: dict[str, Any]) -> Iterator[dict[str, Any] | Rejected]:
    """Rows of ``sentence_clips`` from rows of ``spoken_words``: :func:`clip_tables` row by row."""
    for piece in clip_tables(one_by_one(videos, SPOKEN_WORDS), config):
        yield from piece.as_rows()
