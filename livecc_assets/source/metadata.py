"""What is known about a video beside its pixels: the .info.json that yt-dlp writes."""

import json
from dataclasses import dataclass
from typing import Any

from livecc_assets.core.errors import MediaError
from livecc_assets.core.text import LONGEST_LABEL, LONGEST_TITLE, plain_line, sound, sound_values


@dataclass(frozen=True)
class Metadata:
    """Title, category and language of a video; ``human`` and ``automatic`` are its caption languages by origin.

    ``long`` names the fields that were too long: of a title the start is kept, and the others count as unknown. ``section`` is
    (start, end) in seconds where the file holds only a part of the video; the end may be unknown.
    """

    video_id: str | None
    title: str | None
    category: str | None
    language: str | None
    human: tuple[str, ...] = ()
    automatic: tuple[str, ...] = ()
    long: tuple[str, ...] = ()
    section: tuple[float, float | None] | None = None


UNKNOWN = Metadata(None, None, None, None)
#: What yt-dlp calls metadata that are about many videos.
_MANY = frozenset({"playlist", "multi_video"})


def read_metadata(content: bytes, name: str) -> Metadata:
    """Reads a .info.json; fields that are absent or of the wrong kind count as unknown, and so do all of a playlist's.

    Raises MediaError("info_malformed") when the file is no JSON object in UTF-8.
    """
    try:
        info = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise MediaError("info_malformed", f"{name} is not valid JSON ({error}); mend it or delete it") from error
    if not isinstance(info, dict):
        raise MediaError("info_malformed", f"{name} holds no JSON object; mend it or delete it")
    if str(info.get("_type")) in _MANY:
        return UNKNOWN
    categories = info.get("categories")
    category = categories[0] if isinstance(categories, list) and categories else info.get("category")
    title, labels = _line(info.get("title")), {"category": _line(category), "language": _line(info.get("language"))}
    long = [name for name, label in labels.items() if label and len(label) > LONGEST_LABEL]
    return Metadata(
        video_id=_text(info.get("id")),
        title=title and title[:LONGEST_TITLE].rstrip(),
        category=None if "category" in long else labels["category"],
        language=None if "language" in long else labels["language"],
        human=tuple(_languages(info.get("subtitles"))),
        automatic=tuple(_languages(info.get("automatic_captions"))),
        long=(*(["title"] if title and len(title) > LONGEST_TITLE else []), *long),
        section=_section(info),
    )


def is_playlist(content: bytes) -> bool:
    """Whether these are a .info.json's bytes that are about a playlist or channel."""
    try:
        info = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return False
    return isinstance(info, dict) and str(info.get("_type")) in _MANY


def _section(info: dict[str, Any]) -> tuple[float, float | None] | None:
    """What yt-dlp --download-sections cut out."""
    start, end = _seconds(info.get("section_start")), _seconds(info.get("section_end"))
    if start is None and end is None:
        return None
    start = start or 0.0
    return start, end if end is not None and end > start else None


def _seconds(value: Any) -> float | None:
    """A time that can be one, else None."""
    known = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e7
    return float(value) if known else None


def read_truth(content: bytes, name: str) -> str:
    """The text of a .truth.json, written anew only where a text in it is not sound.

    Raises MediaError("truth_malformed") when it is no JSON in UTF-8.
    """
    try:
        text = content.decode("utf-8-sig")
        read = json.loads(text)
        clean = sound_values(read)
    except (ValueError, RecursionError) as error:
        raise MediaError("truth_malformed", f"{name} is not valid JSON ({error}); mend it or delete it") from error
    return text if clean == read else json.dumps(clean)


def _line(value: Any) -> str | None:
    """A line without what a terminal acts on, else None."""
    return (plain_line(value) or None) if isinstance(value, str) else None


def _text(value: Any) -> str | None:
    """A non-empty single-line string, else None."""
    return (" ".join(sound(value).split()) or None) if isinstance(value, str) else None


def _languages(tracks: Any) -> list[str]:
    return [plain_line(key[:LONGEST_LABEL]).lower() for key in tracks] if isinstance(tracks, dict) else []
