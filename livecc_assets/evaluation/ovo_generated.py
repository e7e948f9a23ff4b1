"""OVO-Bench by its own protocol: the model writes an answer, which is read (method 4.5)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from livecc_assets.core.rules import Rule
from livecc_assets.evaluation.letters import meant_letter
from livecc_assets.evaluation.ovo_groups import FORWARD

#: Most tokens of an answer, and the penalty on repeated ones, as the benchmark runs Qwen2-VL. It draws at a temperature at which
#: the likeliest token always wins.
MOST_TOKENS, PENALTY = 256, 1.05
#: Placeholders: {question}, {options}.
CHOICE = "Question: {question}\nOptions:\n{options}\nReply with the letter of the option that you choose and with nothing else."
_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_OFTEN = {"once": "1", "twice": "2", "thrice": "3"}
_NUMBER = rf"\d+|\b(?:{'|'.join(_WORDS)})\b"
#: A number of times says it for sure; else the only number in figures does, or the only one in words.
_COUNTS = (
    re.compile(rf"({_NUMBER})\s*(?:times?\b|x\b)|\b({'|'.join(_OFTEN)})\b", re.IGNORECASE),
    re.compile(r"(\d+)"),
    re.compile(rf"\b({'|'.join(_WORDS)})\b", re.IGNORECASE),
)
_SAID = re.compile(r"\b(yes|no)\b", re.IGNORECASE)
_THOUGHT = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL | re.IGNORECASE)
#: Parts of the benchmark's own result files.
_PARTS = ("backward", "realtime", "forward")


def choice_text(template: str, question: str, options: Sequence[str]) -> str:
    """What is asked of a multiple-choice task; ``options`` with their letters."""
    return template.format(question=question, options="; ".join(options) + ";")


def read_reply(task: str, reply: str, options: Sequence[str] = ()) -> str:
    """What a reply means: a letter, a count or Yes or No; nothing where it means none or several."""
    text = _THOUGHT.sub("", reply).strip()
    if task not in FORWARD:
        return meant_letter(text, options or [f"{letter}. " for letter in "ABCDE"])
    if task == "REC":
        return _count(text)
    if text.strip(" .").upper() in ("Y", "N"):
        return "Yes" if text.strip(" .").upper() == "Y" else "No"
    said = {one.capitalize() for one in _SAID.findall(text)}
    return said.pop() if len(said) == 1 else ""


def _count(text: str) -> str:
    for pattern in _COUNTS:
        found = {_number(next(filter(None, one.groups()))) for one in pattern.finditer(text)}
        if pattern is _COUNTS[-1] and len(found) == 1 and len(text.strip(" .").split()) > 1:
            found.discard("1")  # "no one" is nobody
        if found:
            return found.pop() if len(found) == 1 else ""
    return ""


def _number(word: str) -> str:
    """A number in figures, as text: replies may hold any number of digits."""
    low = word.lower()
    if low in _OFTEN:
        return _OFTEN[low]
    return str(_WORDS.index(low)) if low in _WORDS else low.lstrip("0") or "0"


def is_right(task: str, reply: str, answer: str, options: Sequence[str] = (), rule: Rule = "corrected") -> bool:
    """Whether a reply gives the answer. `released`, as the benchmark's script: it holds the answer, whatever else it holds; of a
    count all digits together are it."""
    if rule == "corrected":
        return read_reply(task, reply, options) == answer
    if task == "REC":
        return "".join(re.findall(r"\d+", reply)) == answer
    return answer in reply or (task in FORWARD and reply == answer[0])


def result_rows(results: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Rows {id, task, video, answer, response, written} of a result file as the benchmark's scripts write it.

    A question that was not answered has the response "". Raises ValueError for what is no such file.
    """
    for part in _PARTS:
        some = results.get(part, [])
        if not isinstance(some, list) or not all(isinstance(one, dict) for one in some):
            raise ValueError(f"{part} is no list of questions")
        for one in some:
            head = {"id": one.get("id"), "task": one.get("task"), "video": one.get("video"), "written": True}
            if part != "forward":
                yield head | {"answer": one.get("ground_truth"), "response": _response(one)}
                continue
            for test in one.get("test_info") or ():
                counted = str(one.get("task")).upper() == "REC"
                answer = str(test.get("count")) if counted else "Yes" if test.get("type") else "No"
                yield head | {"answer": answer, "response": _response(test)}


def is_result_file(found: Any) -> bool:
    """Whether a JSON document is one of the benchmark's own result files."""
    return isinstance(found, dict) and bool(found.keys() & set(_PARTS)) and not found.keys() - set(_PARTS)


def _response(row: Mapping[str, Any]) -> Any:
    return "" if row.get("response") is None else row["response"]
