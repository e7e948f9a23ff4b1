"""Words as two texts are compared by: without case and punctuation, and which of them carry content (method 4.8)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

#: English words that say little by themselves: pronouns, articles, prepositions, conjunctions, auxiliaries, fillers. Numbers,
#: "yes" and "no", and everything in other languages are content.
_FUNCTION = """
a about above after again against ah all also am an and any are aren't as at be because been before being below between
both but by can can't cannot could couldn't did didn't do does doesn't doing don't during each either else ever
every few for from further get gets getting go goes going gonna got gotta had hadn't has hasn't have haven't having he
he'd he'll he's her here here's hers herself him himself his how how's however i i'd i'll i'm i've if in into is isn't
it it'd it'll it's its itself just kind let let's like lot may maybe me might mine more most much must my myself neither
nor not now of off oh ok okay on once only onto or other others ought our ours ourselves over own per quite
rather really same shall she she'd she'll she's should shouldn't since so some something sort still such than that
that'd that'll that's the their theirs them themselves then there there's these they they'd they'll they're they've
thing things this those though through to too uh um under until up upon us very was wasn't way we we'd we'll we're we've
well were weren't what what's when when's where where's whether which while who who's whom whose why will with within
without won't would wouldn't yeah you you'd you'll you're you've your yours yourself yourselves
"""
#: Recognisers and chats leave the apostrophe of "don't" out; "shell" and "well" would not be what they seem.
FUNCTION_WORDS = frozenset(form for word in _FUNCTION.split() for form in (word, word.replace("n't", "nt")))
#: Where words of writing with spaces join: "three-nil" is two words; letters of Chinese and Japanese are one each.
_JOINTS = re.compile(r"[\s/_\-\u2010-\u2015]+|(?<=[\u3040-\u30ff\u3400-\u9fff])|(?=[\u3040-\u30ff\u3400-\u9fff])")
_APOSTROPHES = str.maketrans({"\u2019": "'", "\u02bc": "'", "`": "'"})


@lru_cache(2**14)
def tokens(text: str) -> tuple[str, ...]:
    """The words of a text in order: casefolded, compatibility forms alike, no punctuation around them, no possessive 's."""
    plain = unicodedata.normalize("NFKC", text).casefold().translate(_APOSTROPHES)
    return tuple(word for part in _JOINTS.split(plain) if (word := _bare(part)))


def content_words(words: Iterable[str]) -> list[str]:
    """Those of some ``tokens`` that are no function words."""
    return [word for word in words if word not in FUNCTION_WORDS]


def _bare(part: str) -> str:
    first = next((k for k, char in enumerate(part) if char.isalnum()), len(part))
    last = next((k for k in range(len(part), first, -1) if part[k - 1].isalnum()), first)
    word = part[first:last]
    return word if word in FUNCTION_WORDS else word.removesuffix("'s")
