"""The chat template, piece by piece: what a training sequence and a live session must write identically (method 2.2).

A vision item is written with one pad token; whoever encodes the text repeats its id per visual token. Line breaks count.
"""

import re
from collections.abc import Iterable
from typing import Any

SYSTEM = "You are a helpful assistant."
IMAGE = "<|vision_start|><|image_pad|><|vision_end|>"
VIDEO = "<|vision_start|><|video_pad|><|vision_end|>"
#: Closes the words of every block; the id of this text is the streaming end-of-speech (2503 in Qwen2's vocabulary).
ELLIPSIS = " ..."
_CONTROL = re.compile(r"<\|[^|<>]*\|>")


def plain(text: str) -> str:
    """``text`` without anything that the tokenizer would read as a control token (titles and captions are untrusted)."""
    while _CONTROL.search(text):
        text = _CONTROL.sub("", text)
    return text


def system_turn(text: str = SYSTEM) -> str:
    """The turn that opens every conversation."""
    return f"<|im_start|>system\n{text}<|im_end|>\n"


def user_turn(content: str) -> str:
    """A user turn around ready content."""
    return f"<|im_start|>user\n{content}<|im_end|>\n"


def assistant_open() -> str:
    """What stands before the assistant's first word: the generation prompt."""
    return "<|im_start|>assistant\n"


def assistant_turn(content: str) -> str:
    """A finished assistant turn."""
    return f"{assistant_open()}{content}<|im_end|>\n"


def time_text(start_s: float, end_s: float) -> str:
    """Clip-relative seconds of a block, as the model reads them."""
    return f"Time={start_s:.1f}-{end_s:.1f}s"


def block_content(start_s: float, end_s: float, text: str = "") -> str:
    """Content of a streaming user turn: time, the block's video, then the context or query (first turn, or a new query)."""
    return f"{time_text(start_s, end_s)}{VIDEO}{plain(text)}"


def speech_text(words: str) -> str:
    """The assistant's text of a block: its words and the ellipsis; silence is the ellipsis alone."""
    return words + ELLIPSIS


def content_text(elements: str | Iterable[dict[str, Any]]) -> str:
    """Content of an ordinary message: its text, with a placeholder for each image and video, in order."""
    if isinstance(elements, str):
        return plain(elements)
    pieces = []
    for element in elements:
        kind = element.get("type")
        if kind == "image":
            pieces.append(IMAGE)
        elif kind == "video":
            pieces.append(VIDEO)
        elif kind == "text":
            pieces.append(plain(element["text"]))
        else:
            raise ValueError(f"a conversation holds an element of unknown type {kind!r}")
    return "".join(pieces)


def conversation_text(messages: Iterable[dict[str, Any]]) -> str:
    """A whole conversation of system, user and assistant messages; the default system turn is added where none leads."""
    pieces = []
    for index, message in enumerate(messages):
        role, content = message["role"], content_text(message["content"])
        if role not in ("system", "user", "assistant"):
            raise ValueError(f"a conversation holds a message of unknown role {role!r}")
        if index == 0 and role != "system":
            pieces.append(system_turn())
        pieces.append(f"<|im_start|>{role}\n{content}<|im_end|>\n")
    return "".join(pieces)
