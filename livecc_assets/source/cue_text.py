"""Caption markup to plain text: the one place where every format's text is cleaned.

What has no width vanishes: tags, style overrides, soft hyphens, joiners, marks of direction. What has width and shows
nothing is space. So words are cut where a reader sees space, and nowhere else.
"""

import html
import re
import unicodedata

_RUBY = re.compile(r"<rt\b[^<>]*>[^<>]*</rt>", re.IGNORECASE)  # how the characters below are read: no further words
_BREAK = re.compile(r"(?i:<br\s?/?>)|\\N")
_TAG = re.compile(r"</?[A-Za-z][^<>]*>|<\d[\d:.,]*>|\{\\[^{}]*\}")
#: Tags that were escaped by a converter and are markup all the same. Others ("<chips>") may be text.
_ESCAPED_TAG = re.compile(r"</?(?:[ibus]|em|strong|(?:font|span|c)\b[^<>]*)>", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});|&nbsp\b")
#: Text that was escaped thrice has been seen; each further round costs a pass.
_MOST_ROUNDS = 3
#: Zero-width joiner and non-joiner spell Persian, Indic and emoji. Between other letters they are litter.
_LITTER = re.compile("(?<![\u0590-\U0010ffff])[\u200c\u200d]+|[\u200c\u200d]+(?![\u0590-\u1fff\u2190-\U0010ffff])")
#: Format characters (Cf) that are printed: Arabic, Syriac and Kaithi number signs.
_PRINTED = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd")


class _Widths(dict[int, str]):
    """What a character becomes, looked up once: itself, a space, a line break, or nothing."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        kind = unicodedata.category(char)
        if char in "\n\v\f\r\x85" or kind in {"Zl", "Zp"}:
            self[code] = "\n"
        elif char.isspace() or kind == "Zs" or char == "\u2800":  # the blank Braille pattern is used as a space
            self[code] = " "
        elif kind == "Cc" or (kind == "Cf" and char not in _PRINTED) or char == "\u034f":
            self[code] = ""
        else:
            self[code] = char
        return self[code]


_WIDTHS = _Widths({0x200C: "\u200c", 0x200D: "\u200d"})


def clean(markup: str) -> str:
    """Displayed text with its white space: line breaks are ``\\n``, all other space is " ", edges included.

    Tags and {\\an8}-style overrides are gone, entities resolved, doubly escaped ones too. A ``<`` that opens no tag
    ("3 < 4") and an ``&`` that opens no entity ("AT&T") stay.
    """
    text = markup
    if "<" in text or "\\" in text:
        text = _TAG.sub("", _BREAK.sub("\n", _RUBY.sub("", text)))
    if "&" in text:
        text = _unescaped(text)
    if text.isascii() and text.isprintable():
        return text
    return _LITTER.sub("", text.translate(_WIDTHS))


def _unescaped(text: str) -> str:
    for _ in range(_MOST_ROUNDS):
        # A run of amp; is one pass, however long: "&amp;amp;amp;lt;".
        resolved = _ENTITY.sub(lambda found: html.unescape(found[0]), re.sub(r"&(?:amp;)+", "&", text))
        if resolved == text:
            break
        text = resolved
    return _ESCAPED_TAG.sub("", _BREAK.sub("\n", text)) if "<" in text else text


def plain(markup: str) -> str:
    """Displayed text as one line, white space single."""
    return " ".join(clean(markup).split())
