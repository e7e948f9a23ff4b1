"""How judges name the two candidates and say in words which is better: patterns of English sentences (method 4.3)."""

from __future__ import annotations

import re
from typing import Literal

Choice = Literal["A", "B", "tie"]

NOUN = r"(?:commentary|commentaries|candidate|option|response|answer|choice|version|text|assistant|model|description)"
_NUMBERED = rf"(?i:(?:the\s+)?{NOUN}\s*[:#(\[]*\s*(?P<%s>[ab12]|one|two)\b[)\]]*)"
_ORDINAL = rf"(?i:(?:the\s+)?(?P<%s>first|second)\s+(?:{NOUN}|one)\b)"
#: "Commentary A", "the second one".
NAME = rf"(?:{_NUMBERED % 'n'}|{_ORDINAL % 'o'})"
#: The same, or a letter that stands alone; a small "a" is an article, which :func:`who` passes over.
_NAMED = rf"(?:{NAME}|(?<![\w'])(?P<l>[AB])(?![\w']))"
_OF = {"a": "A", "1": "A", "one": "A", "first": "A", "b": "B", "2": "B", "two": "B", "second": "B"}

_TIES = (
    r"ties?|tied|draw|drawn|neither|both|equal|equally|even|none|toss-up|no (?:clear )?(?:winner|preference|difference)"
)
_TIE_WORDS = re.compile(
    rf"(?:it(?: i|')s |an? |the |result in )*(?:{_TIES})(?: of (?:them|the two)| commentar(?:y|ies))?", re.I
)
_LABEL = re.compile(rf"(?:{NAME}|[(\[<]*(?P<l>[ab])[)\]>]*)", re.I)


def choice(found: re.Match[str]) -> Choice:
    """The candidate that a match names."""
    name = next(value for value in found.groupdict().values() if value)
    return "A" if _OF[name.lower()] == "A" else "B"


def bare(text: str) -> Choice | None:
    """A, B or tie where the text is nothing but a name of one of them."""
    found = _LABEL.fullmatch(text)
    return choice(found) if found else "tie" if _TIE_WORDS.fullmatch(text) else None


# -- which is better ----------------------------------------------------------------------------------------------------

_VERB = r"(?:is|was|seems|appears|feels|'s|would be|does|do|remains|comes out|has|shows|provides|gives|offers)?\s*"
_HOW = (
    "clear clearly slight slightly much far significantly somewhat overall definitely also thus therefore the a an more well "
    "marginally semantically stylistically considerably noticeably generally still as to\\s+be"
).replace(" ", "|")
_DOES = "aligns|matches|mirrors|reflects|captures|conveys|fits|follows|corresponds|resembles"
_MORE = "closely|accurate\\w*|faithful\\w*|aligned|similar|relevant|consistent|precise\\w*|strongly|directly"
_GOOD = (
    r"(?:better|closer|closest|best|superior|stronger|preferable|preferred|ahead|winner|winning|wins?|edge|advantage|upper hand|"
    rf"more (?:{_MORE})|(?:{_DOES})\s+(?:\w+\s+){{0,6}}?(?:better|best|closer|closest|more))"
)
_BAD = r"(?:worse|weaker|inferior|farther|further away|less (?:well |closely |accurate\w* )?\w+)"
_WINS = re.compile(
    rf"{_NAMED}(?:['’]s(?:\s+\w+){{1,3}}?)?,?\s+(?:(?:which|that)\s+(?:[^,.;]{{1,80}},\s*)?)?{_VERB}(?:(?:{_HOW})\s+)*{_GOOD}\b",
    re.I,
)
_LOSES = re.compile(rf"{_NAMED}\s+{_VERB}(?:(?:{_HOW})\s+)*(?:{_BAD}\b.{{0,80}}?\bthan\b|loses\b)", re.I)
_BETTER_ONE = r"(?:better|best|closer)(?:[ -](?:aligned|matching|fitting))?(?: (?:one|match|commentary|candidate))?"
_CHOSEN = re.compile(
    r"\b(?:prefer|choose|pick|select|favou?r|go with|vote for|lean(?:ing)? (?:towards?|to)|in favou?r of|"
    r"human commentary\b.{0,40}?\b(?:better|best|closer|closest|more closely)\b.{0,20}?\b(?:with|to|by)|"
    rf"(?:winner|{_BETTER_ONE}|edge|preference|win)\s*(?:is|goes to|:))\s+{_NAMED}",
    re.I,
)
_IT_IS = re.compile(rf"\b(?:it is|it's|i think|i(?:'d| would) say)\s+{_NAMED}\s*(?=[.!]|$)", re.I)
_OTHER = re.compile(
    rf"\b(?:than|over|rather than|compared (?:to|with)|as opposed to|unlike|instead of|versus|vs\.?)\s+{_NAMED}", re.I
)
#: Takes a clause's claim away: it is denied, supposed, or another's.
_NOT = re.compile(
    r"\b(?:(?:can)?not|unable|nor|neither|hardly|if|whether|would have|(?:claim|say|ask)s?)\b|n['’]t\b",
    re.I,
)
#: A claim about one criterion, which decides nothing where both are named.
_PARTLY = re.compile(
    r"\b(?:in|on|for|regarding|in terms of|with respect to)\s+(?:its\s+|the\s+)?(?:semantics?|semantic|styl\w+|tone|"
    r"meaning|word\w*|structure|detail\w*|content|pace|energy|length)\b|\b(?:semantically|stylistically|tonally)\b",
    re.I,
)
#: What was asked, whatever criterion is named beside.
_ALIGNED = re.compile(r"\b(?:(?:better|best|more closely) aligned|aligns (?:better|best|more closely))\b", re.I)
_CONCLUDING = re.compile(
    r"^\W*(?:overall|therefore|thus|hence|in conclusion|in summary|to conclude|so|finally|ultimately|on balance|"
    r"conclusion)\b",
    re.I,
)
_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\n+")
_CLAUSE = re.compile(r"\b(?:but|while|whereas|although|though|however|and)\b|[;\n]|(?<=[.!?])\s|,(?=\s*not\b)", re.I)


def claimed(text: str) -> Choice | None:
    """Which one the sentences call better: all that do so must agree, or one that concludes does so alone."""
    sentences = _SENTENCE.split(text)
    every, concluding = set[Choice](), set[Choice]()
    for one in sentences:
        here = _claims_of(_CLAUSE.split(one))
        every |= here
        concluding |= here if _CONCLUDING.match(one) else set()
    if len(every) == 1 and len(_singled(text)) > 1 and not concluding:
        whole = [clause for clause in _CLAUSE.split(text) if _ALIGNED.search(clause) or not _PARTLY.search(clause)]
        every = _claims_of(whole)
    if len(every) > 1:
        every = concluding
    return every.pop() if len(every) == 1 else None


def _claims_of(clauses: list[str]) -> set[Choice]:
    found = set[Choice]()
    for clause in clauses:
        found |= set() if _NOT.search(clause) else _claims(clause)
    return found


def _claims(clause: str) -> set[Choice]:
    """Which candidates a clause calls the better one."""
    other: dict[Choice, Choice] = {"A": "B", "B": "A"}
    found = set[Choice]()
    for lost in _LOSES.finditer(clause):
        if loser := _who(lost):
            found.add(other[loser])
    clause = _OTHER.sub(" ", clause)
    for pattern in (_WINS, _CHOSEN, _IT_IS):
        for won in pattern.finditer(clause):
            if winner := _who(won):
                found.add(winner)
    return found


def _who(found: re.Match[str]) -> Choice | None:
    """The candidate that a match names; None for a small letter that stands alone."""
    letter = found["l"]
    return None if letter and not letter.isupper() else choice(found)


# -- neither is ---------------------------------------------------------------------------------------------------------

_NO_WINNER = r"\b(?:equally|tied|no (?:clear )?(?:winner|preference|difference))\b"
_TIE_SAID = re.compile(
    r"\b(?:it(?: i|'|’)s|this is|that is|i(?:'d| would)? call (?:it|this)|resulting in|ends? in|a case of|declare)\s+"
    rf"(?:\w+\s+)?(?:an?\s+)?(?:tie|draw|toss-up|dead heat)\b|{_NO_WINNER}",
    re.I,
)
_OF_BOTH = re.compile(
    r"\b(?:neither|both|the two|they)\b[^.!?\n]{0,80}?\b(?:better|equal\w*|alike|same|similar\w*|fine|good|bad|poor|"
    r"tied|well|aligned?|close|match\w*|wins?)\b",
    re.I,
)
_A, _B = (rf"(?:(?:{NOUN}\s+)?{letter})" for letter in "AB")
_ALIKE = re.compile(rf"\bneither\s+(?:{_A}\s+nor\s+{_B}|{_B}\s+nor\s+{_A})\b|^\W*both\s+{_A}\s+and\s+{_B}\W*$", re.I)
_SINGLE = re.compile(rf"{NAME}|(?<![\w'])(?P<l>[AB])(?=\s+(?:is|has|was|does|gives|names|mentions|and|or)\b)", re.I)
_CANNOT = r"can(?:not|'t|’t| not)|unable|won't|will not|not able"
_CANNOT_WHAT = "assist|help|compar|judg|evaluat|comply|answer|determin|provid|decid"
_REFUSAL = re.compile(
    rf"\b(?:sorry|apologi[sz]e|(?:{_CANNOT})\b.{{0,40}}\b(?:{_CANNOT_WHAT})|as an ai\b|against my|content policy)", re.I
)


def is_refusal(text: str) -> bool:
    """Whether a reply says that it will not or cannot judge."""
    return bool(_REFUSAL.search(text))


def even(text: str) -> Choice | None:
    """A tie where the reply says so outright, or says something of both and singles neither out."""
    if _ALIKE.search(text) or _TIE_SAID.search(text):
        return "tie"
    return "tie" if _OF_BOTH.search(text) and not _singled(text) and not is_refusal(text) else None


def _singled(text: str) -> set[Choice]:
    """Which candidates a reply names one by one."""
    return {choice(match) for match in _SINGLE.finditer(text)}
