"""What a record of a benchmark that others published has to hold (method 4.4). ValueErrors name the field and what is wrong."""

from __future__ import annotations

import ast
import json
import math
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any


class DuplicateError(ValueError):
    """A record says again what an earlier one said."""


class Once:
    """Lets each key pass once: of records that stand in a file twice the first one counts."""

    def __init__(self) -> None:
        self._seen: set[tuple[str, ...]] = set()

    def check(self, **key: Any) -> None:
        """DuplicateError where a record of these values has been checked before."""
        values = tuple(str(value) for value in key.values())
        if values in self._seen:
            named = ", ".join(f"{name} {value}" for name, value in zip(key, values, strict=True))
            raise DuplicateError(f"{named} stands in the file twice; the first record counts")
        self._seen.add(values)


def reason(error: Exception, malformed: str) -> str:
    """The reason by which a record with this error is rejected."""
    return "duplicate" if isinstance(error, DuplicateError) else malformed


def text(value: Any, name: str) -> str:
    """A field that must be a text and say something."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{name} is {'empty' if value is None or value == '' else f'no text: {value!r}'}")
    return value


def texts(value: Any, name: str) -> list[str]:
    """A list of texts; in CSV files it is written as JSON or as Python writes lists."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            try:
                value = ast.literal_eval(value)
            except (ValueError, SyntaxError, MemoryError, RecursionError):
                raise ValueError(f"{name} is no list") from None
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise ValueError(f"{name} is no list")
    if any(one is None or not str(one).strip() for one in value):
        raise ValueError(f"{name} holds an empty one: {list(value)!r}")
    return [str(one) for one in value]


def seconds(value: Any, name: str) -> float | None:
    """Seconds of a video from 0 on; None where the field is empty."""
    if value is None or value == "":
        return None
    found = math.nan if isinstance(value, bool) else float(value)
    if not 0 <= found < math.inf:
        raise ValueError(f"{name} {value!r} is no time of a video")
    return found


def span(
    start: Any, end: Any, names: tuple[str, str] = ("video_start", "video_end")
) -> tuple[float | None, float | None]:
    """(start, end) in seconds, each None where it is open."""
    first, last = seconds(start, names[0]), seconds(end, names[1])
    if last is not None and last <= (first or 0.0):
        raise ValueError(f"{names[0]} {start} and {names[1]} {end} hold nothing between them")
    return first, last


def video_name(value: Any) -> str:
    """The path of a video within the benchmark's folder."""
    name = text(value, "video")
    if ".." in PurePosixPath(name.replace("\\", "/")).parts:
        raise ValueError(f"video {name!r} leaves the folder of the videos")
    return name
