"""A1, first half: caption lines become words with times (method 1.2; paper section 3.1).

A caption line carries one start and end for many words; its duration is spread evenly over them. Captions that carry
per-word times already need no spreading and are taken as they are.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from livecc_assets.core.rules import Rule
from livecc_assets.core.words import Word
from livecc_assets.live_cc.columns import Said, Timed, bounded, mask, one_by_one, pc, tenths
from livecc_assets.live_cc.schemas import CAPTION_WORDS
from livecc_assets.source.schemas import SCHEMAS as SOURCE
from livecc_assets.source.spoken import spoken, spoken_lines
from livecc_assets.source.unspoken import SUSPECT
from livecc_assets.store.rows import REJECTED_SCHEMA, Piece, Rejected
from livecc_assets.store.videos import COLUMNS

#: Columns of ``yt_cc_source`` that are read.
READ = ("video_id", *COLUMNS, "title", "category", "subtitles", "caption_words")
#: What a text holds in which something may not be spoken; other texts need not be looked at word by word.
_MARKS: dict[Rule, str] = {"released": r"[\[\]]", "corrected": SUSPECT}


def _suspects(found: Timed, rule: Rule) -> list[int]:
    return np.flatnonzero(found.any_of(mask(pc.match_substring_regex(found.text, _MARKS[rule])))).tolist()


def _endless(lines: Timed, rule: Rule) -> np.ndarray:
    """Mask of the lines whose times are not finite."""
    found = ~(np.isfinite(lines.start) & np.isfinite(lines.end))
    return found if rule == "corrected" else np.zeros_like(found)


def _complaint(lines: Timed, missing: np.ndarray, first: int, last: int) -> str:
    """What is wrong with the first of some lines that lacks something, else with the first whose times are not finite."""
    places = np.flatnonzero(missing[first:last])
    if len(places):
        return "a line has no start or no end" if lines.text[first + int(places[0])].is_valid else "a line has no text"
    line = first + int(np.argmax(_endless(lines, "corrected")[first:last]))
    return f"caption times {lines.start[line]} to {lines.end[line]} are not finite"


def _spoken_lines(lines: Timed, rule: Rule, dropped: Mapping[int, Counter[str]] | Sequence[Counter[str]]) -> Timed:
    """The lines with their spoken words only; a video's counter in ``dropped`` is increased by the others, by kind.

    A mark reaches no further than the two lines after its own: those are looked at with it, and no others.
    """
    marked = mask(pc.match_substring_regex(lines.text, _MARKS[rule]))
    near = marked.copy()
    near[1:] |= marked[:-1]
    near[2:] |= marked[:-2]
    edges = np.union1d(lines.offsets, np.flatnonzero(near[1:] != near[:-1]) + 1)
    parts = replace(lines, offsets=edges)
    changed: dict[int, list[Said]] = {}
    for part in np.flatnonzero(parts.any_of(marked)).tolist():
        changed[part], counts = spoken_lines(parts.of_video(part), rule)
        dropped[int(np.searchsorted(lines.offsets, edges[part], side="right")) - 1].update(counts)
    parts = parts.replaced(changed)
    lines = replace(parts, offsets=parts.offsets[np.searchsorted(edges, lines.offsets)])
    return lines.where(~mask(pc.equal(pc.utf8_trim_whitespace(lines.text), ""))) if rule == "corrected" else lines


def _spoken_words(
    words: Timed, lines: Timed, rule: Rule, dropped: Mapping[int, Counter[str]] | Sequence[Counter[str]]
) -> Timed:
    """The spoken ones of words that carry their own times; ``corrected`` strips them."""
    text = pc.utf8_trim_whitespace(words.text)
    words = (replace(words, text=text) if rule == "corrected" else words).where(~mask(pc.equal(text, "")))
    changed: dict[int, list[Said]] = {}
    for video in _suspects(words, rule):
        listed: list[Word] = [{"start": start, "end": end, "word": word} for start, end, word in words.of_video(video)]
        kept, counts = spoken(listed, rule, [text or "" for _, _, text in lines.of_video(video)])
        changed[video] = [(word["start"], word["end"], word["word"]) for word in kept]
        dropped[video].update(counts)
    return words.replaced(changed)


def _split(lines: Timed, rule: Rule) -> Timed:
    """The words of each video's lines, their times spread evenly."""
    if rule == "corrected":
        text = pc.utf8_trim_whitespace(lines.text)
        parts = pc.utf8_split_whitespace(text)
    else:
        parts = pc.split_pattern(lines.text, " ")
    counts, word = _without_repeats(parts.value_lengths().to_numpy().astype(np.int64), parts.flatten())
    return Timed(np.append(0, np.cumsum(counts))[lines.offsets], *_spread(lines.start, lines.end, counts), word)


def _without_repeats(counts: np.ndarray, word: pa.StringArray) -> tuple[np.ndarray, pa.StringArray]:
    """Words repeated in direct succession count once, within a line; ``counts`` are the lines' numbers of words."""
    if len(word) < 2:
        return counts, word
    kept = np.ones(len(word), bool)
    kept[1:] = pc.not_equal(word.slice(1), word.slice(0, len(word) - 1)).to_numpy(zero_copy_only=False)
    firsts = np.cumsum(counts) - counts
    kept[firsts] = True
    if kept.all():
        return counts, word
    return np.add.reduceat(kept, firsts, dtype=np.int64), word.filter(pa.array(kept))


def _spread(start: np.ndarray, end: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(Starts, ends) of the words of lines whose durations are spread evenly, rounded to 0.1 s."""
    edges = counts + 1  # a word ends where the line's next one starts
    last = np.cumsum(edges) - 1
    place = np.arange(edges.sum(), dtype=np.float64)
    place -= np.repeat(last - counts, edges)
    with np.errstate(invalid="ignore", over="ignore"):
        place *= np.repeat((end - start) / counts, edges)
        place += np.repeat(start, edges)
    times = tenths(place)
    inner = np.ones(len(times), bool)
    inner[last] = False
    starts = times[inner]
    inner[last] = True
    inner[last - counts] = False
    return starts, times[inner]


def split_words(
    lines: Iterable[tuple[float, float, str]], rule: Rule = "corrected", dropped: Counter[str] | None = None
) -> list[Word]:
    """Words of all caption lines of a video, in the lines' order, times rounded to 0.1 s; nothing is collapsed across lines.

    Words repeated in direct succession count once. ``released`` splits on single spaces, so a double space leaves an
    empty word, and drops a line that holds a square bracket; ``corrected`` splits on any white space, has no empty
    words and leaves out what is not spoken, word by word. ``dropped`` is increased by what is left out, by kind. Raises
    ``TypeError`` or ``ValueError`` for a line that is not (number, number, text).
    """
    found, missing = Timed.of_rows([lines])
    if not missing.any():
        found = _spoken_lines(found, rule, {0: Counter() if dropped is None else dropped})
    if missing.any() or _endless(found, rule).any():
        raise ValueError(_complaint(found, missing, 0, len(found)))
    return [{"start": start, "end": end, "word": word} for start, end, word in _split(found, rule).of_video(0)]


def word_tables(
    batches: Iterable[pa.RecordBatch], rule: Rule = "corrected", dropped: Counter[str] | None = None
) -> Iterator[Piece]:
    """``caption_words`` from batches of ``yt_cc_source`` with the columns ``READ``.

    A video without a single word is *filtered* (``no_words``); captions that cannot be read as lines are an *error*.
    ``dropped`` is increased by the words that are not spoken, by kind.
    """
    dropped = Counter() if dropped is None else dropped
    for batch in bounded(batches):
        given, timeless = Timed.of(batch["caption_words"])
        lines, missing = Timed.of(batch["subtitles"])
        told, broken, unread = given.counts > 0, given.any_of(timeless), lines.any_of(missing)
        given = given.where(~np.repeat(broken, given.counts))
        given = _spoken_words(given, lines, rule, defaultdict(lambda: dropped))
        asked = (given.counts == 0) & ~broken
        read = lines.where(np.repeat(asked & ~unread, lines.counts))
        # What was counted as words of their own is not counted again.
        read = _spoken_lines(read, rule, [Counter() if known else dropped for known in told])
        endless = read.any_of(_endless(read, rule))
        malformed = broken | (asked & unread) | endless
        words = given.among(_split(read.where(~np.repeat(endless, read.counts)), rule))
        kept, rejected = words.counts > 0, list[Rejected]()
        for video in np.flatnonzero(~kept).tolist():
            id, first, last = batch["video_id"][video].as_py(), *lines.offsets[video : video + 2].tolist()
            if not malformed[video]:
                rejected.append(_no_words(id, last - first))
            elif broken[video]:
                rejected.append(_malformed(id, "a word has no text, no start or no end"))
            else:
                where = (lines, missing, first, last) if unread[video] else (read, *_nothing(read, video))
                rejected.append(_malformed(id, _complaint(*where)))
        about = batch if kept.all() else batch.filter(pa.array(kept))
        columns = [about[name] for name in CAPTION_WORDS.names[:-1]]
        rows = pa.table([*columns, words.as_lists(kept)], schema=CAPTION_WORDS)
        yield Piece(rows, pa.Table.from_pylist([one.as_row() for one in rejected], REJECTED_SCHEMA))


def _nothing(read: Timed, video: int) -> tuple[np.ndarray, int, int]:
    first, last = read.offsets[video : video + 2].tolist()
    return np.zeros(len(read), bool), first, last


def _malformed(video_id: str, complaint: str) -> Rejected:
    detail = f"its captions hold a line that is not start, end and text ({complaint})"
    return Rejected(video_id, "error", "malformed_captions", detail, video_id)


def _no_words(video_id: str, lines: int) -> Rejected:
    detail = (
        f"its {lines} caption lines hold no spoken words, only marks such as [Music]"
        if lines
        else "it has no caption lines"
    )
    return Rejected(video_id, "filtered", "no_words", detail, video_id)


def caption_words(
    videos: Iterable[dict[str, Any]], rule: Rule = "corrected", dropped: Counter[str] | None = None
) -> Iterator[dict[str, Any] | Rejected]:
    """Rows of ``caption_words`` from rows of ``yt_cc_source``: :func:`word_tables` row by row."""
    schema = pa.schema([SOURCE["yt_cc_source"].field(name) for name in READ])
    for piece in word_tables(one_by_one(videos, schema), rule, dropped):
        yield from piece.as_rows()
