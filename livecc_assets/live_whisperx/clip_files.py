"""Clips of row files in the release's formats: the clip stages A1 and B3 alone, without a graph (method 1.2, 1.7).

In: JSON lines ``{video, title, category, subtitles: [[start, end, text], …]}`` (``pretrain``) or ``{video, title, content:
[[start, end, word], …]}`` (both). Out: a line a clip, ``{video, content, previous | preasr, title, category?}``, in the published
order of fields; words and times stand as they came.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

from livecc_assets.core.errors import UserError
from livecc_assets.core.shortage import raise_if_short
from livecc_assets.core.text import brief
from livecc_assets.core.words import Word
from livecc_assets.live_cc.clips import runs
from livecc_assets.live_cc.runs import Limits
from livecc_assets.live_cc.words import split_words
from livecc_assets.live_whisperx.clips import sentence_runs

Recipe = Literal["pretrain", "sft"]
Row = dict[str, Any]
#: The key of what was said before a clip, as each recipe calls it.
BEFORE: dict[Recipe, str] = {"pretrain": "previous", "sft": "preasr"}


class Fault(NamedTuple):
    """A line that is no row: its number in the file, from 1 on, and what is wrong."""

    number: int
    reason: str
    detail: str


@dataclass
class Told:
    """What became of the rows: how many there were, clips that were kept, runs by their fate, and the lines that are no rows."""

    rows: int = 0
    clips: int = 0
    fates: Counter[str] = field(default_factory=Counter)
    faults: list[Fault] = field(default_factory=list)


def clips_of_file(
    path: Path, recipe: Recipe, limits: Limits, told: Told, part: tuple[int, int] = (1, 1)
) -> Iterator[Row]:
    """The clips of each row of a file, in order; ``told`` counts as they come.

    ``part`` (i, n): rows i - 1, i - 1 + n, … as the published script takes them. A seek index at the file's end is no row.
    ``released`` leaves out the last line of an sft file whatever it is, as the published script does, and counts it as
    ``last_line_left_out``. Raises UserError for a file that cannot be read.
    """
    number, count = part
    for place, (line, text, last) in enumerate(_lines(path)):
        if place % count != number - 1 and not last:
            continue
        if last and recipe == "sft" and limits.rule == "released":
            told.fates["last_line_left_out"] += 1
            return
        try:
            found = json.loads(text)
            if last and isinstance(found, list):
                return  # the seek index
            if place % count != number - 1:
                return
            made = list(clips_of_row(found, recipe, limits, told.fates))
        except (ValueError, TypeError, RecursionError) as error:
            raise_if_short(error)
            told.faults.append(Fault(line, "malformed_row", f"line {line}: {brief(error)}"))
            continue
        told.rows += 1
        told.clips += len(made)
        yield from made


def clips_of_row(row: Any, recipe: Recipe, limits: Limits, fates: Counter[str] | None = None) -> Iterator[Row]:
    """The clips of one video's row. Raises TypeError or ValueError for what is no row of the recipe."""
    if not isinstance(row, dict):
        raise ValueError(f"{brief(row, 60)!r} is no object")
    content = _content(row, recipe, limits)
    words: list[Word] = [{"start": start, "end": end, "word": word} for start, end, word in content]
    cut = runs(words, limits) if recipe == "pretrain" else sentence_runs(words, limits)
    about = {"video": row["video"]} if "video" in row else {}
    named = {name: row[name] for name in ("title", "category") if name in row}
    for run in cut:
        if fates is not None:
            fates[run.fate] += 1
        if run.fate == "kept":
            before = " ".join(word for _, _, word in content[: run.first])
            yield about | {"content": content[run.first : run.last], BEFORE[recipe]: before} | named


def _content(row: Row, recipe: Recipe, limits: Limits) -> list[list[Any]]:
    """The row's words as they stand, or those of its caption lines."""
    if "content" in row:
        if not isinstance(row["content"], list):
            raise ValueError("content is no list of [start, end, word]")
        for one in row["content"]:
            if not isinstance(one, list) or len(one) != 3 or not isinstance(one[2], str):
                raise ValueError(f"{brief(one, 60)!r} is no [start, end, word]")
        return row["content"]
    if recipe == "pretrain" and isinstance(row.get("subtitles"), list):
        lines = [tuple(line) if isinstance(line, list) else line for line in row["subtitles"]]
        return [[word["start"], word["end"], word["word"]] for word in split_words(lines, limits.rule)]
    wanted = "subtitles or content" if recipe == "pretrain" else "content"
    raise ValueError(f"it has no {wanted}")


def _lines(path: Path) -> Iterator[tuple[int, bytes, bool]]:
    """(Number, text, whether it is the last) of a file's lines that are not blank, one at a time."""
    held: tuple[int, bytes] | None = None
    for number, text in enumerate(_read(path), start=1):
        if text.strip():
            if held is not None:
                yield (*held, False)
            held = number, text
    if held is not None:
        yield (*held, True)


def _read(path: Path) -> Iterable[bytes]:
    try:
        with path.open("rb") as file:
            yield from file
    except OSError as error:
        raise_if_short(error)
        raise UserError(f"{path}: cannot be read ({error.strerror}); name a file of JSON lines") from error
