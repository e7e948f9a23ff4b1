"""The letter that a written answer to a lettered question means (method 4.4, rule `corrected`)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

#: What people and models put around a letter: emphasis, formulas, tags. Reasoning is no answer.
_THOUGHT = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL | re.IGNORECASE)
_MARKUP = re.compile(r"\\(?:boxed|text|mathrm|textbf)\b|</?[A-Za-z]+>|[*_`$#{}\"“”]")
_ANSWER = re.compile(r"(?i:\banswer|\bfinal choice|答案|选)(?:\s+is|\s+would be|是)?\s*[:=]?\s*")
_OPTION = re.compile(r"(?i:\boption|\bchoice)(?:\s+is)?\s*[:=]?\s*")
#: A letter with what closes it; in lower case it has to be closed, or it is an article.
_FIRST = re.compile(r"\(?(?:([A-Z])(?![\w'])|([a-z])(?=\s*(?:[.):,]|$)))\)?")
_CLOSED = re.compile(r"(?:\(([A-Za-z])\)|([A-Za-z])(?=\s*(?:[.):,]|$)))")
_ANOTHER = re.compile(r"[\s).:,]*(?:or|and|,|/|&)\s*\(?[A-Z]\)?(?![\w'])")
_DENIED = re.compile(r"(?i:\bnot|n't)\s+(?i:be\s+|option\s+)?\(?[A-Z]\)?(?![\w'])")
#: "A cat": an article, and no letter that something is said of.
_ARTICLE = re.compile(
    r"(?<![A-Za-z0-9'])A(?=\s+[a-z])(?!\s+(?:is|was|are|as|and|or|because|since|seems|fits|matches|would|has|best)\b)"
)
_ALONE = re.compile(r"(?<![A-Za-z0-9'])([A-Z])(?![A-Za-z0-9'])")


def meant_letter(response: str, options: Sequence[str]) -> str:
    """The letter of the options (lettered 'A. ...') that a response means, '' where it means none or several.

    In this order: an option's text; the letter or the text after the last "answer"; a letter that opens the response; one
    after "option" or "choice"; the only letter that stands alone and is not denied. Letters beyond the options are none.
    """
    letters = "".join(str(option)[:1] for option in options) or "ABCD"
    texts = {_plain(str(option)[2:]): str(option)[:1] for option in options}
    text = unicodedata.normalize("NFKC", _MARKUP.sub("", _THOUGHT.sub("", response))).strip()
    if (whole := texts.get(_plain(text))) is not None:
        return whole
    for found in reversed(list(_ANSWER.finditer(text))):
        rest = text[found.end() :]
        if (whole := texts.get(_plain(rest))) is not None:
            return whole
        if letter := _opening(_FIRST, rest):
            return letter if letter in letters else ""
    if letter := _opening(_CLOSED, text):
        return letter if letter in letters else ""
    for found in reversed(list(_OPTION.finditer(text))):
        if letter := _opening(_FIRST, text[found.end() :]):
            return letter if letter in letters else ""
    alone = set(_ALONE.findall(_ARTICLE.sub(" ", _DENIED.sub(" ", text)))) & set(letters)
    return alone.pop() if len(alone) == 1 else ""


def _opening(pattern: re.Pattern[str], text: str) -> str:
    """The letter at the start of a text, unless another one follows as its equal."""
    found = pattern.match(text)
    if found is None or _ANOTHER.match(text, found.end()):
        return ""
    return (found.group(1) or found.group(2)).upper()


def _plain(text: str) -> str:
    """A text by which options are told apart: case, space and the full stop aside."""
    return " ".join(text.lower().split()).strip(" .")
