"""What of the captions is spoken: notes on sound, lyrics, turn marks and speakers' names are no words (method 1.2)."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from livecc_assets.core.rules import Rule
from livecc_assets.core.words import Word
from livecc_assets.source.unspoken import unspoken

#: Words in a row that count as a line where nothing says where lines begin, and the pause that ends one.
_LINE_WORDS, _PAUSE_SEC = 12, 1.0

#: Speech that the captioner could not write down, with its time or without.
_INAUDIBLE = re.compile(r"[\[(]\s?(?:inaudible|unintelligible|indistinct)(?:\s[\d:.]{1,12})?\s?[\])]", re.IGNORECASE)

CaptionLine = tuple[float, float, str]


def spoken(
    words: Sequence[Word], rule: Rule = "corrected", lines: Iterable[str] = ()
) -> tuple[list[Word], Counter[str]]:
    """(Spoken words, how many of the others were dropped by kind) of words with times.

    ``lines``: the texts of the caption lines that the words come from, in order; a name or a dash counts only in front
    of a turn. ``corrected`` drops what is not spoken word by word; kinds are those of ``unspoken``. ``released`` drops
    every word of a line that holds "[" or "]", as published (kind ``bracket``). Words of white space are dropped and
    not counted.
    """
    words = [word for word in words if word["word"].strip()]
    grouped = _in_lines(words, [text.split() for text in lines])
    if rule == "released":
        return _released(words, grouped)
    kept, dropped = unspoken([(words[first]["start"], _texts(words[first:last])) for first, last in grouped])
    found: list[Word] = []
    for (first, last), parts in zip(grouped, kept, strict=True):
        for word, texts in zip(words[first:last], parts, strict=True):
            step = (word["end"] - word["start"]) / max(1, len(texts))
            for k, text in enumerate(texts):
                start, end = word["start"] + k * step, word["start"] + (k + 1) * step
                whole = len(texts) == 1
                found.append(
                    Word(start=word["start"] if whole else start, end=word["end"] if whole else end, word=text)
                )
    return found, dropped


def spoken_lines(lines: Sequence[CaptionLine], rule: Rule = "corrected") -> tuple[list[CaptionLine], Counter[str]]:
    """(Lines (start, end, text) with their spoken words only, how many words were dropped by kind).

    Lines of which nothing is left are gone. Rules and kinds as in ``spoken``; ``released`` leaves a kept line as it is.
    A line with an [inaudible] word is dropped whole (kind ``inaudible``): it lacks spoken words, and without times of
    its own nobody knows when the others are said.
    """
    if rule == "released":
        good = [(start, end, text) for start, end, text in lines if not _bracketed(text)]
        return good, _counted({"bracket": sum(len(text.split()) for _, _, text in lines if _bracketed(text))})
    whole = [(start, end, text) for start, end, text in lines if not _INAUDIBLE.search(text)]
    lost = sum(len(text.split()) for _, _, text in lines) - sum(len(text.split()) for _, _, text in whole)
    lines = whole
    kept, dropped = unspoken([(start, text.split()) for start, _, text in lines])
    dropped.update(_counted({"inaudible": lost}))
    texts = [" ".join(text for parts in line for text in parts) for line in kept]
    return [(start, end, text) for (start, end, _), text in zip(lines, texts, strict=True) if text], dropped


def _released(words: Sequence[Word], grouped: list[tuple[int, int]]) -> tuple[list[Word], Counter[str]]:
    good: list[Word] = []
    for first, last in grouped:
        if not _bracketed(" ".join(_texts(words[first:last]))):
            good += words[first:last]
    return good, _counted({"bracket": len(words) - len(good)})


def _in_lines(words: Sequence[Word], lines: list[list[str]]) -> list[tuple[int, int]]:
    """(First, last + 1) of the words of each line.

    Words at both ends may be missing (outside the video). Where the words are not those of the lines, a pause or a
    dozen words end a line.
    """
    told, texts = [text for line in lines for text in line], _texts(words)
    missing = next((k for k in range(len(told) - len(texts) + 1) if told[k : k + len(texts)] == texts), None)
    ends: list[int] = []
    if missing is not None:
        at = -missing
        for line in lines:
            at += len(line)
            if 0 < at < len(words) and line:
                ends.append(at)
    else:
        first = 0
        for k in range(1, len(words)):
            if k - first >= _LINE_WORDS or words[k]["start"] - words[k - 1]["end"] > _PAUSE_SEC:
                ends.append(k)
                first = k
    return [(a, b) for a, b in zip([0, *ends], [*ends, len(words)], strict=True) if b > a]


def _texts(words: Iterable[Any]) -> list[str]:
    return [word["word"].strip() for word in words]


def _bracketed(text: str) -> bool:
    return "[" in text or "]" in text


def _counted(found: dict[str, int]) -> Counter[str]:
    return Counter({kind: count for kind, count in found.items() if count})
