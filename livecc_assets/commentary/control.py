"""Speech under control: an interval ends before a word that would loop, or that would be one too many (method 3.4)."""

import re
import unicodedata
from typing import Literal

from livecc_assets.commentary.config import CommentaryConfig
from livecc_assets.commentary.loops import Loops
from livecc_assets.models.qwen2_vl import Processor
from livecc_assets.training import chat

#: Why an interval was ended: it would have looped, or it had its words.
Cut = Literal["loop", "rate"]

#: Characters that are written without space between words (Chinese, Japanese); two make a word, near enough.
_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_WORD = re.compile(f"[{_UNSPACED}]|[^\\s{_UNSPACED}]+")
_ONE_UNSPACED = re.compile(f"[{_UNSPACED}]")
_HALF_ELLIPSIS = re.compile(r" \.{1,2}$")


def words_of(text: str) -> list[str]:
    """The words of what was generated, without ellipses: split at white space, and at each character of scripts without it."""
    return _WORD.findall(_HALF_ELLIPSIS.sub("", text.replace(chat.ELLIPSIS, "")))


def amount(words: list[str]) -> float:
    """How many words these count for."""
    return sum(0.5 if _ONE_UNSPACED.match(word) else 1.0 for word in words)


def bare(word: str) -> str:
    """A word as it is compared: without case, and without the signs around it."""
    signs = [unicodedata.category(one)[0] in "PSC" for one in word]
    if all(signs):
        return ""
    return word[signs.index(False) : len(signs) - signs[::-1].index(False)].casefold()


class SpeechControl:
    """Watches one stream. ``begin`` and ``end`` stand around each interval, ``refuses`` is asked before each token."""

    def __init__(self, config: CommentaryConfig, processor: Processor) -> None:
        self._decode = processor.decode
        self._rate = config.max_words_per_second or None
        self._loops: Loops | None = None
        if config.max_repeated_share is not None:
            self._loops = Loops(config.repeat_ngram, config.max_repeated_share, config.repeat_window_sec)
        self._carried = 0.0

    def begin(self, start_s: float, end_s: float) -> None:
        """An interval begins. A part of a word that the bound left over belongs to it: 2.5 words a second are 2, 3, 2, 3."""
        self._start = start_s
        self._words: list[str] = []
        self._added = 0
        self._most: int | None = None
        if self._rate is not None:
            allowed = self._rate * (end_s - start_s) + self._carried
            self._most = int(allowed + 1e-6)
            self._carried = max(0.0, allowed - self._most)
        if self._loops is not None:
            self._loops.forget(start_s)

    def refuses(self, ids: list[int], token: int) -> Cut | None:
        """Why ``token`` must not follow ``ids``, the interval's tokens so far; None where it may, and is said."""
        words = words_of(self._decode([*ids, token]))
        begun = len(words) > len(self._words)
        if begun and self._loops is not None:
            pending = [self._known(word) for word in words[self._added : -1]]
            if self._loops.too_many(pending, bare(words[-1])):
                return "loop"
        if begun and self._most is not None and amount(words) > self._most:
            return "rate"
        self._words = words
        if begun:
            self._add(len(words) - 1)
        return None

    def end(self) -> None:
        """The interval has ended: its last word is whole."""
        self._add(len(self._words))

    def _add(self, count: int) -> None:
        if self._loops is not None and count > self._added:
            self._loops.add(map(self._known, self._words[self._added : count]), self._start)
        self._added = count

    @staticmethod
    def _known(word: str) -> str:
        return bare(word) or word
