"""Selecting clips for a training set: judge every clip by its scores, rank the survivors, cut to size; for both sets.

Everything is done on Arrow columns, piece by piece, because a corpus has millions of clips. Two passes over the batches,
in one order: the first judges clips by a few columns and keeps two numbers for each survivor (distinct words, digest of
its id: 12 bytes); the second yields full rows. Of a batch, its scores and a few thousand clips are in memory at a time.
"""

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute

from livecc_assets.live_cc.ranking import Readable
from livecc_assets.store.rows import REJECTED_SCHEMA, Kind, Rejected

#: pyarrow makes these functions when it is imported, where no type checker sees them.
pc: Any = pyarrow.compute
#: Batches whose tables are read at the same time, which hides the latency of an object store.
READERS = 4
#: Judged pieces that may wait for whoever writes them.
WAITING = 4
#: Rows of a piece when only a few columns are read, and when words are read with them.
NARROW, FULL = 65536, 4096
#: Rows that are turned from or into dicts at a time.
_ROWS = 64

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Fault:
    """One reason that keeps clips of a piece out: ``where`` it holds (a mask), ``detail`` in words for one row of it."""

    kind: Kind
    reason: str
    where: np.ndarray
    detail: Callable[[int], str]


@dataclass(frozen=True)
class Verdicts:
    """What became of a piece's clips: ``faults`` in order, of which the first that holds counts, and score columns."""

    faults: list[Fault]
    scores: dict[str, pa.Array | pa.ChunkedArray]


Judge = Callable[[pa.Table], Verdicts]


class Batch(Protocol):
    """One source batch: its partition's name and its clips."""

    @property
    def name(self) -> str: ...

    @property
    def clips(self) -> Readable: ...


B = TypeVar("B", bound=Batch)


@dataclass(frozen=True)
class Piece:
    """Some clips of one batch: ``rows`` of the set, and ``rejected`` ones in the columns of ``REJECTED_SCHEMA``."""

    rows: pa.Table
    rejected: pa.Table

    def as_rows(self) -> Iterator[dict[str, Any] | Rejected]:
        """The same row by row, as a step's generator yields them."""
        for batch in self.rows.to_batches(_ROWS):
            yield from batch.to_pylist()
        for batch in self.rejected.to_batches(_ROWS):
            yield from (Rejected(**row) for row in batch.to_pylist())


@dataclass(frozen=True)
class Recipe:
    """How a set is made: ``clips`` and ``rows`` are the schemas of what is read and written, ``judged_by`` the clips'
    columns that the judge looks at. Rank 1 has the most distinct words; equal counts are ordered by a digest of the
    clip's id, which neither the batches' order nor the alphabet can sway (the paper leaves ties open). Without
    ``by_distinct_words`` the digest alone orders, which is a fixed random sample. ``size`` None keeps every survivor.
    """

    clips: pa.Schema
    rows: pa.Schema
    judged_by: tuple[str, ...]
    size: int | None
    by_distinct_words: bool = True


def read(table: Readable, schema: pa.Schema, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
    """A table in pieces: record batches of an artefact; of anything else, its rows under ``schema``."""
    if batches := getattr(table, "batches", None):
        for batch in batches(columns=columns, batch_rows=NARROW if columns else FULL):
            yield pa.Table.from_batches([batch])
        return
    rows = iter(table.rows(columns))
    while some := list(islice(rows, _ROWS)):
        yield pa.Table.from_pylist(some, _part(schema, columns))


def _part(schema: pa.Schema, columns: Sequence[str] | None) -> pa.Schema:
    return pa.schema([schema.field(name) for name in columns]) if columns else schema


class Scores:
    """One batch's scores of one kind, found by id."""

    def __init__(self, table: Readable, schema: pa.Schema, key: str, *columns: str) -> None:
        pieces = list(read(table, schema, [key, *columns]))
        found = pa.concat_tables(pieces) if pieces else _part(schema, [key, *columns]).empty_table()
        self._keys = found[key].combine_chunks()
        self._columns = {name: found[name].combine_chunks() for name in columns}

    def of(self, ids: pa.ChunkedArray) -> dict[str, pa.Array]:
        """The columns in the order of ``ids``, null where an id has no score."""
        places = pc.index_in(ids, value_set=self._keys).combine_chunks()
        return {name: column.take(places) for name, column in self._columns.items()}


def mask(found: pa.Array | pa.ChunkedArray) -> np.ndarray:
    """A boolean column as a mask; null is false."""
    return found.fill_null(False).to_numpy(zero_copy_only=False)


def numbers(column: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """(where a column of numbers is null, its values with NaN there)."""
    missing = column.is_null().to_numpy(zero_copy_only=False)
    return missing, column.to_numpy(zero_copy_only=False).astype(np.float64)


def select(batches: Iterable[B], judge_of: Callable[[B], Judge], recipe: Recipe) -> Iterator[Piece]:
    """The set piece by piece in batch order; every clip of every batch appears once, in ``rows`` or ``rejected``.

    ``judge_of`` reads a batch's scores and returns what judges its clips by them. A clip id that a previous batch
    already had is *filtered* as ``duplicate``.
    """
    ordered = sorted(batches, key=lambda batch: batch.name)
    numbers = list(_mapped(lambda batch: _numbers(batch, judge_of(batch), recipe), ordered))
    ranks = _ranks(
        np.concatenate([distinct for distinct, _ in numbers] or [np.empty(0, np.int32)]),
        np.concatenate([digests for _, digests in numbers] or [np.empty(0, np.uint64)]),
    )
    del numbers
    yield from _ahead(_pieces(ordered, judge_of, recipe, ranks))


def _pieces(ordered: list[B], judge_of: Callable[[B], Judge], recipe: Recipe, ranks: np.ndarray) -> Iterator[Piece]:
    survivors = 0
    for batch, judge in _mapped(lambda batch: (batch, judge_of(batch)), ordered):
        for clips in read(batch.clips, recipe.clips):
            verdicts = judge(clips)
            kept = _first_fault(verdicts.faults, len(clips)) == 0
            rank = np.full(len(clips), -1, np.int64)
            rank[kept] = ranks[survivors : survivors + int(kept.sum())]
            survivors += int(kept.sum())
            yield _piece(batch.name, clips, verdicts, rank, recipe)


def _piece(name: str, clips: pa.Table, verdicts: Verdicts, rank: np.ndarray, recipe: Recipe) -> Piece:
    ids, distinct, size = clips["clip_id"], clips["distinct_words"], recipe.size

    def too_low(row: int) -> str:
        return f"rank {rank[row]} with {distinct[row].as_py()} distinct words, the set holds {size}"

    twice = Fault("filtered", "duplicate", rank == 0, lambda row: f"{ids[row].as_py()} is in an earlier batch as well")
    over = Fault("filtered", "over_size", rank > size if size is not None else np.zeros(len(rank), bool), too_low)
    faults = [*verdicts.faults, twice, over]
    first = _first_fault(faults, len(clips))
    full = {
        **{field.name: clips[field.name] for field in recipe.clips},
        **verdicts.scores,
        "batch": pa.repeat(pa.scalar(name), len(clips)),
        "rank": pa.array(rank, pa.int32()),
    }
    rows = pa.table([full[field.name].cast(field.type) for field in recipe.rows], schema=recipe.rows)
    return Piece(rows.filter(pa.array(first == 0)), _rejected(clips, faults, first))


def _rejected(clips: pa.Table, faults: list[Fault], first: np.ndarray) -> pa.Table:
    where = np.flatnonzero(first)
    met = [faults[number - 1] for number in first[where]]
    columns = {
        "id": clips["clip_id"].take(where),
        "kind": pa.array([fault.kind for fault in met], pa.string()),
        "reason": pa.array([fault.reason for fault in met], pa.string()),
        "detail": pa.array([fault.detail(row) for fault, row in zip(met, where.tolist(), strict=True)], pa.string()),
        "video_id": clips["video_id"].take(where),
    }
    return pa.table([columns[name] for name in REJECTED_SCHEMA.names], schema=REJECTED_SCHEMA)


def _first_fault(faults: list[Fault], count: int) -> np.ndarray:
    """For each row the number from 1 of the first fault that holds, 0 for none."""
    first = np.zeros(count, np.int16)
    for number, fault in enumerate(faults, 1):
        first[(first == 0) & fault.where] = number
    return first


def _numbers(batch: Batch, judge: Judge, recipe: Recipe) -> tuple[np.ndarray, np.ndarray]:
    """Distinct words and digests of ids of a batch's survivors, in order."""
    distinct, digests = [np.empty(0, np.int32)], [np.empty(0, np.uint64)]
    columns = list(dict.fromkeys(["clip_id", "distinct_words", *recipe.judged_by]))
    for clips in read(batch.clips, recipe.clips, columns):
        kept = clips.filter(pa.array(_first_fault(judge(clips).faults, len(clips)) == 0))
        found = kept["distinct_words"].to_numpy().astype(np.int32)
        distinct.append(found if recipe.by_distinct_words else np.zeros_like(found))
        digests.append(_digests(kept["clip_id"]))
    return np.concatenate(distinct), np.concatenate(digests)


def _digests(ids: pa.ChunkedArray) -> np.ndarray:
    made = (hashlib.blake2b(one.encode(), digest_size=8).digest() for one in ids.to_pylist())
    return np.frombuffer(b"".join(made), np.dtype("<u8"))


def _ranks(distinct: np.ndarray, digests: np.ndarray) -> np.ndarray:
    """Rank of each survivor from 1; 0 for a repeated id."""
    ranks = np.zeros(len(distinct), np.int32)
    _, first = np.unique(digests, return_index=True)
    kept = np.sort(first)
    order = kept[np.lexsort((digests[kept], -distinct[kept]))]
    ranks[order] = np.arange(1, len(order) + 1)
    return ranks


def _mapped(function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """``map`` in order, a few items at a time in other threads."""
    with ThreadPoolExecutor(READERS) as pool:
        waiting: deque[Future[R]] = deque()
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > READERS:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _ahead(items: Iterator[T]) -> Iterator[T]:
    """The same items, made in another thread before they are asked for, so that reading and writing overlap."""
    end = object()
    with ThreadPoolExecutor(1) as pool:
        waiting = deque(pool.submit(next, items, end) for _ in range(WAITING))
        while (item := waiting.popleft().result()) is not end:
            waiting.append(pool.submit(next, items, end))
            yield item  # type: ignore[misc]
