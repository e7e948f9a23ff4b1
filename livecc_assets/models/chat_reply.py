"""What a chat model's reply holds: the answer without its reasoning, and the JSON objects in it, whatever stands around them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

_THOUGHT = r"(?:think|thinking|thought|thoughts|reason|reasoning|reflection|scratchpad|analysis)"
_MARKS = re.compile(
    rf"(?P<close></{_THOUGHT}\s*>|\[/{_THOUGHT}\]|◁/think▷)|<{_THOUGHT}\s*>|\[{_THOUGHT}\]|◁think▷", re.I
)
_CHANNEL = re.compile(r"<\|channel\|>\s*(\w+)\s*(?:<\|message\|>)?", re.I)


def answer_of(reply: str) -> str:
    """The reply without its reasoning: closed blocks, what stands before a lone closing mark, a block that never ends."""
    if channels := list(_CHANNEL.finditer(reply)):
        final = [found for found in channels if found[1].lower() == "final"]
        reply = reply[final[-1].end() :] if final else ""
    kept, depth, at = list[str](), 0, 0
    for mark in _MARKS.finditer(reply):
        if depth == 0:
            kept.append(reply[at : mark.start()])
        if mark["close"] is None:
            depth += 1
        elif depth > 0:
            depth -= 1
        else:  # templates of some models write the opening mark themselves, so that the reply lacks it
            kept.clear()
        at = mark.end()
    if depth == 0:
        kept.append(reply[at:])
    return re.sub(r"<\|[^|<>]{1,40}\|>", " ", " ".join(kept))


def objects(text: str) -> Iterator[dict[str, Any]]:
    """The JSON objects of a text, in order; one inside another's strings is none."""
    decoder, at = json.JSONDecoder(strict=False), text.find("{")
    while at >= 0:
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            value, end = None, at + 1
        if isinstance(value, dict):
            yield value
        at = text.find("{", end)
