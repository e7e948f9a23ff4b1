"""Text from outside in a form that tables, tokenizers and file systems take."""

import encodings.utf_16_le  # noqa: F401  (loaded at first use otherwise: a line on a lack of open files would open one)
import re
from typing import Any


def sound(text: str) -> str:
    """The text without halves of characters: two that fit become their character, others U+FFFD.

    JSON lets a writer cut a string inside a character (``"goal \\ud83d"``); Python reads it, and nothing can store it as UTF-8.
    """
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def sound_values(value: Any) -> Any:
    """A JSON-like value with every text in it sound, the keys of its objects too."""
    if isinstance(value, str):
        return sound(value)
    if isinstance(value, dict):
        return {sound_values(key): sound_values(one) for key, one in value.items()}
    if isinstance(value, list):
        return [sound_values(one) for one in value]
    return tuple(map(sound_values, value)) if isinstance(value, tuple) else value


def shortened(text: str, most_bytes: int) -> str:
    """The start of a text, at most so many bytes of UTF-8 and no half of a character."""
    return text.encode()[:most_bytes].decode("utf-8", "ignore")


#: What a terminal acts on instead of showing: control characters, line separators, and marks that turn the direction of writing.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


def printable(line: str) -> str:
    """A line of output in which names and titles from outside do nothing to the terminal: such characters are spelt out."""
    return _UNPRINTABLE.sub(lambda found: ascii(found[0])[1:-1], sound(line))


#: Characters of a title and of the name of a kind or category. YouTube takes titles of 100; other sites know some of 250.
LONGEST_TITLE, LONGEST_LABEL = 500, 100


def plain_line(text: str) -> str:
    """A text from outside as one line, without what a terminal acts on: it stands in prompts, tables and pages."""
    return " ".join(_UNPRINTABLE.sub(lambda found: " " if found[0].isspace() else "", sound(text)).split())


def brief(value: object, most_bytes: int = 200) -> str:
    """A value or an error from outside as a part of one line: printable, without line breaks, and cut to ``most_bytes``."""
    text = str(value)
    cut = printable(" ".join(text[: 2 * most_bytes].split()))
    whole = len(text) <= 2 * most_bytes and len(cut.encode()) <= most_bytes
    return cut if whole else f"{shortened(cut, most_bytes)}..."
