"""Caption files and caption tracks of any supported format as lines and words on the video's clock."""

import codecs
import re
from collections.abc import Callable
from dataclasses import replace

from livecc_assets.core.errors import MediaError
from livecc_assets.core.text import sound, sound_values
from livecc_assets.source import substation, timed_text, web_captions, youtube_json, youtube_xml
from livecc_assets.source.cues import NOTES, Captions, Parsed, tidy

#: The better ones first: what a choice between files of one language goes by.
FORMATS = ("vtt", "srt", "json3", "srv3", "ttml", "srv2", "srv1", "ass", "sub")
#: Endings of caption files, without the dot. Downloaders write TTML as .dfxp too.
ENDINGS = frozenset({*FORMATS, "ssa", "dfxp"})

_PARSERS: dict[str, Callable[[str], Parsed]] = {
    "vtt": web_captions.parse,
    "srt": web_captions.parse,
    "json3": youtube_json.parse,
    "srv3": youtube_xml.parse,
    "srv2": youtube_xml.parse,
    "srv1": youtube_xml.parse,
    "ttml": timed_text.parse,
    "ass": substation.parse,
    "sub": substation.parse_microdvd,
}
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: its mark begins with the same two bytes
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def read_captions(content: bytes, name: str) -> Captions:
    """Parses a caption file's bytes; ``name`` gives the format by its ending, unless the content says otherwise.

    Raises MediaError: captions_encoding when the bytes are no text, captions_malformed when there is no cue or most
    cues cannot be placed in time, captions_empty when every cue is blank.
    """
    text = decode(content, name)
    format = _format(text, name)
    try:
        parsed = _PARSERS[format](text)
    except (ValueError, ArithmeticError, RecursionError) as error:  # 400 digits of hours fit no float
        raise MediaError("captions_malformed", f"{name} cannot be read as {format} captions: {error}") from error
    return checked(tidy(format, parsed), name)


def checked(captions: Captions, name: str) -> Captions:
    """The captions in sound text, unless so little of them can be used that the file as a whole is at fault.

    Captions of every format come through here. Raises MediaError like ``read_captions``.
    """
    captions = replace(
        captions,
        lines=sound_values(captions.lines),
        words=sound_values(captions.words),
        problems=[replace(problem, detail=sound(problem.detail)) for problem in captions.problems],
    )
    blank = sum(problem.reason == "caption_empty" for problem in captions.problems)
    unusable = [problem for problem in captions.problems if problem.reason not in NOTES]
    broken = len(unusable)
    if broken > len(captions.lines):
        total, first = broken + len(captions.lines), unusable[0]
        raise MediaError("captions_malformed", f"{broken} of the {total} cues of {name} are unusable; {first.detail}")
    if not captions.lines:
        if blank:
            raise MediaError("captions_empty", f"{name} has {blank} cues, none with text")
        raise MediaError("captions_malformed", f"{name} holds no caption cue ({captions.format})")
    return captions


def decode(content: bytes, name: str) -> str:
    """Text of a caption file: UTF-8 or UTF-16/32, told by the byte order mark or, without one, by the zero bytes.

    Raises MediaError("captions_encoding") for anything else: guessing a code page would garble words in silence.
    """
    encoding = next((encoding for bom, encoding in _BOMS if content.startswith(bom)), None)
    if encoding is None:
        head = content[:2000]
        odd, even = head[1::2].count(0), head[::2].count(0)
        half = len(head) // 4
        encoding = "utf-16-le" if odd > half else "utf-16-be" if even > half else "utf-8"
    try:
        text = content.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        byte = content[error.start]
        raise MediaError(
            "captions_encoding",
            f"{name} is not {encoding.upper()} text (byte 0x{byte:02x} at offset {error.start}); convert it to UTF-8",
        ) from error
    if "\x00" in text:
        raise MediaError("captions_encoding", f"{name} holds binary data, not text")
    return text


def _format(text: str, name: str) -> str:
    """The format that the content shows, else the one of the file's ending."""
    head = text.lstrip()[:2000]
    if head.startswith("WEBVTT"):
        return "vtt"
    if substation.MICRODVD.match(head):
        return "sub"
    if head.startswith("{"):
        return "json3"
    if re.match(r"\[(?:Script Info|V4\+? Styles|Events)\]|Dialogue:", head, re.IGNORECASE):
        return "ass"
    if head.startswith("<"):
        return youtube_xml.kind(head) if re.search(r"<(?:\w{1,20}:)?(?:timedtext|transcript)\b", head) else "ttml"
    return "vtt" if name.lower().endswith(".vtt") else "srt"
