"""JSON files of a model folder that nobody vouches for: a size before they are read, a depth before they are used."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from livecc_assets.core.errors import UserError
from livecc_assets.core.text import brief

#: Bytes of a file that a library reads whole: the largest known tokenizers have 33 MB.
MAX_TEXT_BYTES = 64 * 1024 * 1024
#: Bytes of a chat template; the longest known have 60 thousand.
MAX_TEMPLATE_BYTES = 1024 * 1024
#: Bytes of a file that is parsed here. A parsed document takes some twenty times its size.
MAX_OBJECT_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 32
#: What the user can do about a folder that is not what it should be.
REMEDY = "get the folder anew from where it came, or name another model"


def check_file(path: Path, most: int | None = None) -> int:
    """Size in bytes of a regular file with at most ``most``; links are followed. UserError for everything else."""
    try:
        regular, size = path.is_file(), path.stat().st_size
    except OSError as error:
        raise UserError(f"{brief(path)} cannot be looked at ({brief(error.strerror)}); {REMEDY}") from None
    if not regular:
        raise UserError(f"{brief(path)} is no regular file; {REMEDY}")
    if most is not None and size > most:
        raise UserError(f"{brief(path)} has {size:,} bytes, a file of its kind has at most {most:,}; {REMEDY}")
    return size


def read_object(path: Path, most: int = MAX_OBJECT_BYTES) -> dict[str, Any]:
    """The JSON object in a file of at most ``most`` bytes. UserError names the file when it holds anything else."""
    check_file(path, most)
    try:
        document = json.loads(path.read_text("utf-8"))
        if not isinstance(document, dict):
            raise ValueError(f"it holds a {type(document).__name__}")
        for _ in nodes(document):  # only to see how deep it is
            pass
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{brief(path)} is no JSON object that can be used ({brief(error)}); {REMEDY}") from None
    return document


def nodes(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The object and every object inside it. ValueError below a depth of 32."""
    waiting: list[tuple[Any, int]] = [(document, 1)]
    while waiting:
        value, depth = waiting.pop()
        if depth > MAX_DEPTH:
            raise ValueError(f"it is nested more than {MAX_DEPTH} deep")
        if isinstance(value, dict):
            yield value
        inner = value.values() if isinstance(value, dict) else value
        waiting.extend((one, depth + 1) for one in inner if isinstance(one, dict | list))
