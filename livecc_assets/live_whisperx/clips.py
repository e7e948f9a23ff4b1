"""B3: recognised words are cut into clips that start where a sentence starts (method 1.7).

Like A1, but gaps and lengths are measured from the start of one word to the start of another, and a clip may only
begin at a sentence. Words before such a start are accounted for as one rejected run.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from livecc_assets.core.rules import Rule
from livecc_assets.core.words import Word
from livecc_assets.live_cc.clips import Limits, Run, clip_or_rejected, judged
from livecc_assets.store.rows import Rejected

_SENTENCE_ENDS = (".", "?", "!")


def starts_sentence(words: list[Word], index: int, rule: Rule = "corrected") -> bool:
    """Whether a clip may start here: the first word always; else after ``.``, ``?`` or ``!``, with a capital.

    ``released`` wants the whole word in capitals ("I" and "NASA" pass, "The" fails); ``corrected`` looks at the first
    letter of the word.
    """
    if index == 0:
        return True
    if not words[index - 1]["word"].endswith(_SENTENCE_ENDS):
        return False
    word = words[index]["word"]
    if rule == "released":
        return word.isupper()
    return next((letter for letter in word if letter.isalpha()), "").isupper()


def sentence_runs(words: list[Word], limits: Limits) -> Iterator[Run]:
    """Cut the words of one video; the runs cover every word exactly once, in order.

    ``released`` never reaches the final word and has no speed filter; ``corrected`` mends both.
    """
    starts = [word["start"] for word in words]
    count = len(words)
    stop = count - 1 if limits.rule == "released" else count
    first = skipped = 0
    while first < stop:
        if not starts_sentence(words, first, limits.rule):
            first += 1
            continue
        if skipped < first:
            yield Run(skipped, first, "no_sentence_start")
        last = first + 1
        while last < stop and not (
            starts[last] - starts[first] > limits.max_clip_sec or starts[last] - starts[last - 1] > limits.max_empty_sec
        ):
            last += 1
        seconds = starts[last - 1] - starts[first]
        yield judged(words, first, last, seconds, limits, speed_rule=limits.rule == "corrected")
        first = skipped = last
    if skipped < first:
        yield Run(skipped, first, "no_sentence_start")
    if stop < count and count:
        yield Run(count - 1, count, "last_word_lost")


def sentence_clips(videos: Iterable[dict[str, Any]], config: dict[str, Any]) -> Iterator[dict[str, Any] | Rejected]:
    """Rows of ``sentence_clips`` from rows of ``spoken_words``; ``config`` is the profile's section of that name."""
    limits = Limits.of(config, "sentence_clips")
    for video in videos:
        for run in sentence_runs(video["words"], limits):
            yield clip_or_rejected(video, run, limits, "preasr")
