"""What a chat judge concludes: A, B or a tie, read strictly from replies as models write them (method 4.3).

A reply that states no conclusion, or two, is an error. It never counts as a tie or as A.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

from livecc_assets.core.text import brief
from livecc_assets.evaluation.judge_words import NAME, Choice, bare, choice, claimed, even, is_refusal
from livecc_assets.models.chat_reply import answer_of, objects

#: Characters at a reply's end that are read; the answer that is asked for has some 300.
_MOST = 6000


class ReplyError(ValueError):
    """A reply without a verdict; says what it is instead, with its beginning."""


def parse_answer(answer: str) -> Choice:
    """As published: 'A' wherever "Commentary A" occurs, else 'B' where "Commentary B" does, else a tie."""
    return "A" if "Commentary A" in answer else "B" if "Commentary B" in answer else "tie"


def parse_verdict(reply: str) -> Choice:
    """The conclusion of a reply, in any case or markup; reasoning blocks and quotations are passed over.

    In this order: the last JSON object that names a winner; a marked conclusion ("Final answer: B", ``\\boxed{B}``, a line
    of its own); sentences that say which is better, which must agree; a statement that neither or both are. Raises
    ReplyError.
    """
    text = answer_of(unicodedata.normalize("NFKC", reply)).strip()[-_MOST:]
    if not text:
        raise ReplyError("the reply holds reasoning and no answer" if reply.strip() else "the reply is empty")
    found = _from_json(text)
    if found is None:
        plain = _plain(text)
        found = _marked(plain)
        if found is None:
            opening, said = _opening(plain), claimed(plain)
            found = None if opening and said and opening != said else opening or said or even(plain)
    if found is None:
        kind = "a refusal" if is_refusal(text) else "without a conclusion"
        raise ReplyError(f"the reply is {kind}: {brief(text, 160)!r}")
    return found


# -- JSON ---------------------------------------------------------------------------------------------------------------

_KEYS = (
    "winner",
    "verdict",
    "answer",
    "result",
    "choice",
    "decision",
    "conclusion",
    "better",
    "preference",
    "preferred",
)
_PAIR = re.compile(rf"['\"]?\b(?:{'|'.join(_KEYS)})\b['\"]?\s*:\s*['\"]([^'\"\n]{{1,40}})['\"]", re.I)


def _named_in(one: dict[str, Any]) -> Iterator[Any]:
    for key, value in one.items():
        if key.strip().lower() in _KEYS:
            yield from _named_in(value) if isinstance(value, dict) else [value]


def _from_json(text: str) -> Choice | None:
    said = [value for one in objects(text) for value in _named_in(one)]
    if not said and "{" in text:  # single quotes, or cut after the verdict
        pairs = set(_PAIR.findall(text[text.rindex("{") :]))
        said = list(pairs) if len(pairs) == 1 else []
    if not said:
        return None
    found = _label(said[-1]) if isinstance(said[-1], str) else None
    if found is None:
        raise ReplyError(f"the reply names {brief(said[-1], 80)!r} as the winner, which is not A, B or tie")
    return found


def _label(text: str) -> Choice | None:
    """The choice where a text is nothing but its name, or one sentence that says that it is better."""
    name = text.strip("\"'`“”‘’«».,;:!*_ \t\n")
    return bare(name) or (claimed(name) or (even(name) if len(name) < 80 else None) if " " in name else None)


# -- words --------------------------------------------------------------------------------------------------------------

_MARKUP = re.compile(r"\*\*|__|~~|(?<!\w)[*_](?=\S)|(?<=\S)[*_](?!\w)|^#{1,6}\s+|\$", re.M)
_TAG = re.compile(r"</?(?:b|i|p|em|strong|u|h\d|br|div|span|code)\s*/?>", re.I)
_FENCE = re.compile(r"^\s*```\w*\s*$", re.M)
_QUOTED = re.compile(r"\"[^\"\n]*\"|“[^”]*”|«[^»]*»|`[^`\n]*`|(?<!\w)['‘][^'’\n]{12,}['’](?!\w)")
_BLOCK_QUOTE = re.compile(r"^\s*>.*$", re.M)
_MARK = (
    r"(?:(?:my|the|your)\s+)?(?:(?:final|overall|correct|better|best)\s+)?"
    r"(?:answer|verdict|winner|conclusion|decision|choice|judge?ment|preference|result|"
    r"(?:better|best|preferred) commentary|(?:better|best|closer)(?=\s*:)|选择|答案|回答|结论|选|"
    r"(?:overall|therefore|thus|in conclusion|in summary)(?=,))"
    r"\s*(?:is|goes to)?\s*[:：=,\-–—]*\s*(?:is\s+)?"
)
_AFTER_MARK = re.compile(rf"(?<!\w){_MARK}", re.I)
_BEFORE_QUOTE = re.compile(rf"{_MARK}\s*$", re.I)
_BOXED = re.compile(
    r"\\boxed\{\s*(?:\\text(?:bf|rm)?\{)?([^{}]*)\}|\[\[([^\[\]]*)\]\]|<(answer|verdict|winner)>(.{0,200}?)</\3>",
    re.I | re.S,
)
_LEADING = re.compile(rf"(?:{NAME}|[(\[]?(?P<l>[AB])[)\]]?)(?:\s*[.:;)—–-]+(?=\s|$)|\s*$)", re.M)
_NEXT = re.compile(rf"^\W*{NAME}\s*:", re.M)
_CLAUSE_END = re.compile(r"(?<=[.!?;])\s|\n|,\s|\s[-–—]\s|[,;]|\bbecause\b|\bsince\b|\bas it\b")
_SENTENCE_END = re.compile(r"[.!?;]\s|\n|$")


def _plain(text: str) -> str:
    """Without markup. What it quotes from the candidates goes, too: names of them and quoted conclusions stay."""
    text = _MARKUP.sub("", _TAG.sub(" ", _FENCE.sub("", text))).strip()
    if _QUOTED.fullmatch(text):
        text = text[1:-1]
    if any(not line.lstrip().startswith(">") for line in text.splitlines()):
        text = _BLOCK_QUOTE.sub("", text)

    def unquoted(found: re.Match[str]) -> str:
        inside, before = found[0][1:-1].strip(), text[max(0, found.start() - 60) : found.start()]
        return f" {inside} " if bare(inside) or _BEFORE_QUOTE.search(before) else " … "

    return _QUOTED.sub(unquoted, text).strip()


def _marked(text: str) -> Choice | None:
    """The last conclusion that is marked as one, or the last line where it is nothing but a name."""
    last, place = None, -1
    for box in _BOXED.finditer(text):
        if one := _label(box[1] or box[2] or box[4] or ""):
            last, place = one, box.start()
    for mark in _AFTER_MARK.finditer(text, max(0, place)):
        rest = text[mark.end() : mark.end() + 400].lstrip("\n ")
        for found in (_CLAUSE_END.search(rest), _SENTENCE_END.search(rest)):
            if one := _label(rest[: found.start()] if found else rest):
                last = one
                break
    lines = _lines(text)
    return last or (bare(lines[-1]) if lines else None)


def _opening(text: str) -> Choice | None:
    """A name with which the reply begins, where it is no heading of a description: no other one follows in its form."""
    lines = _lines(text)
    if lines and (first := bare(lines[0])):
        return None if any(bare(line) for line in lines[1:]) else first
    found = _LEADING.match(text)
    return choice(found) if found and not _NEXT.search(text[found.end() :]) else None


def _lines(text: str) -> list[str]:
    return [line.strip().strip(".,;:!()[] ") for line in text.splitlines() if line.strip()]
