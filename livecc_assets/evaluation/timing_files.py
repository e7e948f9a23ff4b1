"""Commentary and human speech as files hold them, for scores of timing (method 4.8)."""

from __future__ import annotations

import gzip
import json
import math
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, cast

from livecc_assets.commentary.utterance import ENDINGS, Utterance
from livecc_assets.core.errors import UserError
from livecc_assets.core.text import brief
from livecc_assets.core.word_times import WordListError
from livecc_assets.core.words import Word
from livecc_assets.evaluation.files import read_records
from livecc_assets.evaluation.timing import spread
from livecc_assets.live_cc.words import caption_words
from livecc_assets.source.captions import ENDINGS as CAPTIONS
from livecc_assets.source.captions import decode, read_captions
from livecc_assets.source.listing import read_small
from livecc_assets.source.web_captions import parse
from livecc_assets.store.rows import Rejected

#: Seconds of a file at most, 30 days: what is later is no time of a game, and every minute of it would be counted.
LONGEST = 30 * 86_400.0
#: Keys under which JSON files of others keep their list of words; those of Whisper's segments hold such a list each.
_LISTS = ("words", "content", "event_asr", "segments", "chunks")


@dataclass
class Commentary:
    """Utterances in order of time, each read when it is asked for, once; rows that are none are ``rejected`` as they come.

    ``begin`` and ``end`` (seconds) bound what was commented; None where the utterances tell, silent ones among them.
    """

    utterances: Iterable[Utterance]
    begin: float | None = None
    end: float | None = None
    rejected: list[Rejected] = field(default_factory=list)


def read_commentary(path: Path) -> Commentary:
    """A commentary of `livecc comment`: JSON lines (``.jsonl``, ``.gz`` too) or captions, WebVTT above all.

    Captions leave silence out: they count from second 0 on. Raises UserError or MediaError for what is neither.
    """
    kind = _kind(path)
    found = Commentary(())
    if kind in ("jsonl", "json"):
        found.utterances = _forward(path, _records(path, kind, found.rejected), found.rejected)
        return found
    if kind not in CAPTIONS:
        known = ", ".join(sorted(CAPTIONS))
        raise UserError(f"{path}: neither .jsonl nor captions (.{known}); write it by `livecc comment --format jsonl`")
    content = read_small(str(path))
    if kind in ("vtt", "srt"):  # as they stand: a model that says one thing twice is no rolling caption
        parsed = parse(decode(content, path.name))
        rows = [(cue.start, cue.end, cue.text) for cue in parsed.cues if cue.end >= cue.start]
        problems = parsed.problems
    else:
        captions = read_captions(content, path.name)
        rows = [(line["start"], line["end"], line["text"]) for line in captions.lines]
        problems = captions.problems
    found.rejected += [Rejected(str(one.number), "error", one.reason, one.detail, path.name) for one in problems]
    found.utterances = said = [Utterance(*row) for row in sorted(rows)]
    found.begin, found.end = 0.0, max((one.end for one in said), default=0.0)
    return found


def read_speech(path: Path) -> list[Word]:
    """A human's words in order of time: captions of any format, read as the training sets read them, or words in JSON.

    JSON: a list or lines of {start, end, word} or [start, end, word], or an object that has it under ``words``, ``content``
    (the published sets), or ``segments`` (Whisper). Items of several words share their time evenly.
    """
    kind = _kind(path)
    if kind in ("jsonl", "json"):
        words = _json_words(path, kind)
    elif kind in CAPTIONS:
        captions = read_captions(read_small(str(path)), path.name)
        row = {"video_id": path.name, "subtitles": captions.lines, "caption_words": captions.words}
        words = [word for made in caption_words([row]) if isinstance(made, dict) for word in made["words"]]
    else:
        known = ", ".join(sorted(CAPTIONS))
        raise UserError(f"{path}: neither captions (.{known}) nor words in .json or .jsonl")
    if not words:
        raise UserError(f"{path}: holds no spoken word; name the captions or the word list of the human commentary")
    return words


def _kind(path: Path) -> str:
    return (path.with_suffix("") if path.suffix.lower() == ".gz" else path).suffix.lower().removeprefix(".")


def _records(path: Path, kind: str, rejected: list[Rejected]) -> Iterator[tuple[int, Any]]:
    """(Number, record); JSON lines one by one, so that a file of hours is never in memory."""
    if kind == "json":
        yield from enumerate(read_records(path), start=1)
        return
    with _opened(path) as file:
        try:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    try:
                        yield number, json.loads(line)
                    except (ValueError, RecursionError) as error:
                        rejected.append(_fault(number, "not_json", f"line {number}: {brief(error)}"))
        except (OSError, EOFError, zlib.error) as error:
            raise UserError(f"{path}: cannot be read ({brief(error)}); write it again") from error


def _opened(path: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path, "rb")) if path.suffix.lower() == ".gz" else path.open("rb")


def _forward(path: Path, records: Iterable[tuple[int, Any]], rejected: list[Rejected]) -> Iterator[Utterance]:
    before, good = -math.inf, 0
    for number, record in records:
        one = _utterance(record)
        if isinstance(one, str):
            rejected.append(_fault(number, "malformed_utterance", f"record {number}: {one}"))
            continue
        if one.start < before:
            raise UserError(
                f"{path} record {number}: starts at {one.start:g} s, before the one above; sort the file by start"
            )
        before, good = one.start, good + 1
        yield one
    if not good:
        raise UserError(f"{path}: holds no interval {{start, end, text}}; write it by `livecc comment --format jsonl`")


def _utterance(record: Any) -> Utterance | str:
    """The utterance, or what is wrong with the record."""
    if not isinstance(record, dict):
        return f"{brief(record, 60)!r} is no object"
    start, end, latency = (cast(Any, record.get(name)) for name in ("start", "end", "latency"))
    if not (_seconds(start) and _seconds(end) and start <= end):
        return f"start {brief(start, 40)} and end {brief(end, 40)} bound no interval"
    if latency is not None and not _seconds(latency):
        return f"latency {brief(latency, 40)!r} is no time"
    if not isinstance(record.get("text"), str):
        return "its text is missing"
    stopped = record.get("stopped", "end")
    if stopped not in ENDINGS:
        return f"stopped {brief(stopped, 40)!r} is not one of {', '.join(ENDINGS)}"
    return Utterance(float(start), float(end), record["text"], latency, stopped)


def _seconds(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= LONGEST


def _fault(number: int, reason: str, detail: str) -> Rejected:
    return Rejected(str(number), "error", reason, detail, "")


def _json_words(path: Path, kind: str) -> list[Word]:
    rejected: list[Rejected] = []
    if kind == "jsonl":
        found: Any = [record for _, record in _records(path, kind, rejected)]
        if rejected:
            raise UserError(f"{path} {rejected[0].detail}; mend it")
        if len(found) == 1 and isinstance(found[0], dict) and found[0].keys() & set(_LISTS):
            found = found[0]
    else:
        try:
            with _opened(path) as file:
                found = json.load(file)
        except (ValueError, RecursionError, OSError, EOFError, zlib.error) as error:
            raise UserError(f"{path}: not valid JSON ({brief(error)}); write it again") from error
    try:
        return spread(_flat(found))
    except WordListError as error:
        raise UserError(f"{path}: {brief(error.detail)}; expected words {{start, end, word}}") from error


def _flat(found: Any) -> list[Any]:
    """The items of a list, of the list that an object has, and of those that Whisper's segments have."""
    if isinstance(found, dict):
        key = next((name for name in _LISTS if name in found), None)
        if key is None:
            raise WordListError("malformed_words", "it is an object without words")
        found = found[key]
    if isinstance(found, str) and found.startswith("["):
        try:
            found = json.loads(found)
        except (ValueError, RecursionError) as error:
            raise WordListError("malformed_words", f"the words are no valid JSON ({brief(error)})") from error
    if not isinstance(found, list):
        raise WordListError("malformed_words", f"the words are no list but {type(found).__name__}")
    parts = [one["words"] if isinstance(one, dict) and isinstance(one.get("words"), list) else [one] for one in found]
    return [item for part in parts for item in part]
