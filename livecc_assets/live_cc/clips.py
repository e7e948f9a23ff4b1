"""A1, second half: a video's words are cut into clips at silences and at the longest length (method 1.2).

Gaps and lengths are measured from the end of one word to the end of another. The walk never skips a word: each run of
words between two cuts becomes a clip or a rejected row that says why not.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from livecc_assets.core.words import Word
from livecc_assets.live_cc.columns import Timed, bounded, one_by_one, pc, text_bytes
from livecc_assets.live_cc.refusals import details
from livecc_assets.live_cc.runs import FATES, KEPT, Limits, Run, Runs, cut
from livecc_assets.live_cc.schemas import CAPTION_CLIPS, CAPTION_WORDS
from livecc_assets.store.rows import REJECTED_SCHEMA, Piece, Rejected

#: Bytes of the words before clips in one table. They grow with the square of a video's length.
_CONTEXT = 2**25
#: Clips times different words up to which a table of marks counts them; beyond, it is larger than sorting is slow.
_SEEN = 2**24


def _caption_runs(words: Timed, limits: Limits) -> Runs:
    return cut(words, words.end, limits)


def runs(words: list[Word], limits: Limits) -> Iterator[Run]:
    """Cut the words of one video; see :func:`livecc_assets.live_cc.runs.cut`."""
    return _caption_runs(Timed.of_words(words), limits).one_by_one()


def clip_tables(batches: Iterable[pa.RecordBatch], config: dict[str, Any]) -> Iterator[Piece]:
    """``caption_clips`` from batches of ``caption_words``; ``config`` is the profile's ``caption_clips`` section."""
    limits = Limits.of(config, "caption_clips")
    return clips_of(batches, limits, _caption_runs, CAPTION_CLIPS)


def caption_clips(videos: Iterable[dict[str, Any]], config: dict[str, Any]) -> Iterator[dict[str, Any] | Rejected]:
    """Rows of ``caption_clips`` from rows of ``caption_words``: :func:`clip_tables` row by row."""
    for piece in clip_tables(one_by_one(videos, CAPTION_WORDS), config):
        yield from piece.as_rows()


def clips_of(
    batches: Iterable[pa.RecordBatch], limits: Limits, runs_of: Callable[[Timed, Limits], Runs], schema: pa.Schema
) -> Iterator[Piece]:
    """Clips in ``schema``, and the runs that are none, of videos with ``words``.

    A video with a word that lacks its text or a time is an *error* (``malformed_words``).
    """
    for batch in bounded(batches):
        words, missing = Timed.of(batch["words"])
        if missing.any():
            broken = words.any_of(missing)
            yield Piece(schema.empty_table(), _malformed(batch.filter(pa.array(broken)), words, missing))
            batch = batch.filter(pa.array(~broken))
            words, _ = Timed.of(batch["words"])
        found = runs_of(words, limits)
        videos = np.searchsorted(words.offsets, found.first, side="right") - 1
        ids = _ids(batch["video_id"], videos, found.first - words.offsets[videos])
        kept, rejected = np.flatnonzero(found.fate == KEPT), np.flatnonzero(found.fate != KEPT)
        refused = _rejected(batch, words, found.where(rejected), limits, ids.take(rejected), videos[rejected])
        for some in _portions(words, found.first[kept], videos[kept]):
            part = kept[some]
            rows = _clips(batch, words, found.where(part), ids.take(part), videos[part], schema)
            yield Piece(rows, refused)
            refused = refused.slice(0, 0)


def _ids(video_ids: pa.Array, videos: np.ndarray, places: np.ndarray) -> pa.Array:
    return pc.binary_join_element_wise(video_ids.take(videos), pa.array(places).cast(pa.string()), ":")


def _lengths(words: Timed, first: np.ndarray, videos: np.ndarray) -> np.ndarray:
    """Bytes of the words before each clip, joined by spaces."""
    places, _ = text_bytes(words.text)
    start = words.offsets[videos]
    return np.maximum(places[first] - places[start] + first - start - 1, 0)


def _portions(words: Timed, first: np.ndarray, videos: np.ndarray) -> list[np.ndarray]:
    """Places of the clips, in portions whose contexts take about ``_CONTEXT`` bytes; one portion at least."""
    filled = np.cumsum(_lengths(words, first, videos)) // _CONTEXT
    return np.split(np.arange(len(first)), np.flatnonzero(np.diff(filled)) + 1)


def _contexts(words: Timed, first: np.ndarray, videos: np.ndarray) -> pa.StringArray:
    """The words before each clip, joined by spaces: a slice of the joined words of its video."""
    lengths = _lengths(words, first, videos)
    joined = pc.binary_join(pa.ListArray.from_arrays(pa.array(words.offsets, pa.int32()), words.text), " ")
    places, data = text_bytes(joined)
    starts, view = places[videos], data.data
    ends = starts + lengths
    text = b"".join([view[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)])
    offsets = np.append(0, np.cumsum(lengths)).astype(np.int32)
    return pa.StringArray.from_buffers(len(first), pa.py_buffer(offsets), pa.py_buffer(text))


def _distinct(words: Timed) -> np.ndarray:
    """Number of different words of each stretch."""
    codes = words.text.dictionary_encode()
    most, count = max(len(codes.dictionary), 1), len(words.counts)
    keys = np.repeat(np.arange(count) * most, words.counts)
    keys += codes.indices.to_numpy()
    if count * most <= _SEEN:
        seen = np.zeros(count * most, bool)
        seen[keys] = True
        return np.count_nonzero(seen.reshape(count, most), axis=1)
    keys.sort(kind="stable")
    return np.bincount(keys[np.append(True, keys[1:] != keys[:-1])] // most, minlength=count)


def _clips(
    batch: pa.RecordBatch, words: Timed, found: Runs, ids: pa.Array, videos: np.ndarray, schema: pa.Schema
) -> pa.Table:
    spoken = words.within(found.first, found.last)
    columns = {
        "clip_id": ids,
        "start": words.start[found.first],
        "end": words.end[found.last - 1],
        "words": spoken.as_lists(),
        "words_per_second": found.speed,
        "distinct_words": pa.array(_distinct(spoken), pa.int32()),
    }
    copied = [name for name in schema.names if name in batch.schema.names and name not in columns]
    columns |= {name: batch[name].take(videos) for name in copied}
    (context,) = set(schema.names) - columns.keys()
    columns[context] = _contexts(words, found.first, videos)
    return pa.table([columns[name] for name in schema.names], schema=schema)


def _rejected(
    batch: pa.RecordBatch, words: Timed, found: Runs, limits: Limits, ids: pa.Array, videos: np.ndarray
) -> pa.Table:
    reasons = pa.DictionaryArray.from_arrays(pa.array(found.fate), pa.array(FATES)).cast(pa.string())
    kinds = pa.repeat("filtered", len(ids))
    sentences = details(words, found, limits)
    return pa.table([ids, kinds, reasons, sentences, batch["video_id"].take(videos)], schema=REJECTED_SCHEMA)


def _malformed(batch: pa.RecordBatch, words: Timed, missing: np.ndarray) -> pa.Table:
    """The videos whose words lack a text or a time, with the place of the first such word."""
    places = np.flatnonzero(missing)
    videos, firsts = np.unique(np.searchsorted(words.offsets, places, side="right") - 1, return_index=True)
    lines = [f"its word {place} has no start, no end or no text" for place in places[firsts] - words.offsets[videos]]
    rows = [
        Rejected(id, "error", "malformed_words", line, id).as_row()
        for id, line in zip(batch["video_id"].to_pylist(), lines, strict=True)
    ]
    return pa.Table.from_pylist(rows, REJECTED_SCHEMA)
