"""Selecting clips for a training set: judge every clip by its scores, rank the survivors, cut to size; for both sets.

Everything is done on Arrow columns, piece by piece, because a corpus has millions of clips. Two passes over the batches,
in one order: the first judges clips by a few columns and keeps two numbers for each survivor (distinct words, digest of
its id: 12 bytes), the second yields full rows. What the first found about a batch (a byte a clip, the survivors' scores,
the others' sentences) waits for the second in up to ``HELD`` bytes; batches beyond that are judged again.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import blake2b
from itertools import chain, islice
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute

from livecc_assets.curation.criteria import Criteria, Readable
from livecc_assets.store.rows import REJECTED_SCHEMA, Kind, Rejected

#: pyarrow makes these functions when it is imported, where no type checker sees them.
pc: Any = pyarrow.compute
#: Batches whose tables are read at the same time, which hides the latency of an object store.
READERS = 4
#: Judged pieces that may wait for whoever writes them.
WAITING = 4
#: Rows of a piece when only a few columns are read, and when words are read with them.
NARROW, FULL = 65536, 4096
#: Bytes of judgements that may wait in memory for the second pass.
HELD = 2**29
#: Rows that are turned from or into dicts at a time.
_ROWS = 64

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Fault:
    """One reason that keeps clips of a piece out: ``where`` it holds (a mask), ``details`` in words for the rows asked for."""

    kind: Kind
    reason: str
    where: np.ndarray
    details: Callable[[np.ndarray], list[str]]


def unscored(missing: np.ndarray, detail: str) -> Fault:
    """The error of clips that lack a score which the selection asks for."""
    return Fault("error", "no_score", missing, lambda rows: [detail] * len(rows))


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

    @classmethod
    def of(cls, wanted: Criteria, clips: pa.Schema, rows: pa.Schema) -> "Recipe":
        """For a selection file's criteria: a category is looked at only where one is asked for."""
        judged_by = ("video_id",) if wanted.categories is None else ("video_id", "category")
        return cls(clips, rows, judged_by, wanted.size, wanted.rank == "distinct_words")


@dataclass(frozen=True)
class Judged:
    """Some clips of one batch, judged, in their order.

    ``first`` is for each clip the number from 1 of the reason (in ``reasons``, with its kind) that keeps it out, 0 for a
    survivor; ``details`` has a sentence for each that is out, ``scores`` the score columns of the survivors.
    """

    reasons: list[tuple[Kind, str]]
    first: np.ndarray
    details: pa.Array
    scores: pa.Table

    @property
    def nbytes(self) -> int:
        """Memory it takes."""
        return self.first.nbytes + self.details.nbytes + self.scores.nbytes

    def cut(self, count: int) -> tuple["Judged", "Judged"]:
        """(The first ``count`` clips, the others)."""
        out = int(np.count_nonzero(self.first[:count]))
        kept = len(self.first[:count]) - out
        return (
            Judged(self.reasons, self.first[:count], self.details[:out], self.scores[:kept]),
            Judged(self.reasons, self.first[count:], self.details[out:], self.scores[kept:]),
        )


class Survivors(NamedTuple):
    """What ranks a batch's survivors: their distinct words and the digests of their ids."""

    distinct: np.ndarray
    digests: np.ndarray


def read(table: Readable, schema: pa.Schema, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
    """A table in pieces: record batches of an artifact; of anything else, its rows under ``schema``. One at least."""
    piece = None
    for piece in _tables(table, schema, columns):
        yield piece
    if piece is None:
        yield _part(schema, columns).empty_table()


def _tables(table: Readable, schema: pa.Schema, columns: Sequence[str] | None) -> Iterator[pa.Table]:
    if batches := getattr(table, "batches", None):
        for batch in batches(columns=columns, batch_rows=NARROW if columns else FULL, threads=False):
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
        found = pa.concat_tables(read(table, schema, [key, *columns]))
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
    found, held, room = [Survivors(np.empty(0, np.int32), np.empty(0, np.uint64))], list[Judged | None](), HELD
    for judged, survivors in _mapped(lambda batch: _judged(batch, judge_of(batch), recipe), ordered):
        found.append(survivors)
        room -= judged.nbytes
        held.append(judged if room >= 0 else None)
    ranks = _ranks(*(np.concatenate(columns) for columns in zip(*found, strict=True)))
    shares = np.split(ranks, np.cumsum([len(survivors.distinct) for survivors in found]))[1:-1]
    del found
    yield from _ahead(_pieces(list(zip(ordered, held, shares, strict=True)), judge_of, recipe))


def _judged(batch: Batch, judge: Judge, recipe: Recipe) -> tuple[Judged, Survivors]:
    """The first pass over a batch."""
    columns = list(dict.fromkeys(["clip_id", "distinct_words", *recipe.judged_by]))
    parts, distinct, digests = list[Judged](), list[np.ndarray](), list[np.ndarray]()
    for clips in read(batch.clips, recipe.clips, columns):
        verdicts = judge(clips)
        first = _first_fault(verdicts.faults, len(clips))
        kept = pa.array(first == 0)
        fields = [recipe.rows.field(name) for name in verdicts.scores]
        scores = [verdicts.scores[field.name].cast(field.type).filter(kept) for field in fields]
        reasons: list[tuple[Kind, str]] = [(fault.kind, fault.reason) for fault in verdicts.faults]
        parts.append(
            Judged(reasons, first, _details(verdicts.faults, first), pa.table(scores, schema=pa.schema(fields)))
        )
        counts = clips["distinct_words"].filter(kept).to_numpy().astype(np.int32)
        distinct.append(counts if recipe.by_distinct_words else np.zeros_like(counts))
        digests.append(_digests(clips["clip_id"].filter(kept)))
    judged = Judged(
        parts[0].reasons,
        np.concatenate([part.first for part in parts]),
        pa.concat_arrays([part.details for part in parts]),
        pa.concat_tables([part.scores for part in parts]),
    )
    return judged, Survivors(np.concatenate(distinct), np.concatenate(digests))


def _first_fault(faults: list[Fault], count: int) -> np.ndarray:
    """For each row the number from 1 of the first fault that holds, 0 for none."""
    first = np.zeros(count, np.int8)
    for number, fault in enumerate(faults, 1):
        first[(first == 0) & fault.where] = number
    return first


def _details(faults: list[Fault], first: np.ndarray) -> pa.Array:
    """A sentence for each row that is out, in the rows' order."""
    said = np.empty(len(first), object)
    for number, fault in enumerate(faults, 1):
        rows = np.flatnonzero(first == number)
        if len(rows):
            said[rows] = fault.details(rows)
    return pa.array(said[first != 0], pa.string())


def _digests(ids: pa.ChunkedArray) -> np.ndarray:
    fresh, made = blake2b(digest_size=8), list[bytes]()
    for one in ids.cast(pa.binary()).to_pylist():
        state = fresh.copy()  # takes two thirds of the time of a new one
        state.update(one)
        made.append(state.digest())
    return np.frombuffer(b"".join(made), np.dtype("<u8"))


def _ranks(distinct: np.ndarray, digests: np.ndarray) -> np.ndarray:
    """Rank of each survivor from 1; 0 for a repeated id."""
    ranks = np.zeros(len(distinct), np.int32)
    if not len(ranks):
        return ranks
    order = np.argsort(digests)
    ascending = digests[order]
    fresh = np.flatnonzero(np.concatenate([[True], ascending[1:] != ascending[:-1]]))
    order = np.minimum.reduceat(order, fresh)  # of those with one digest, the first that was read
    fewer = distinct.max() - distinct[order]
    # numpy sorts narrow integers by their digits, many times faster than by comparing
    order = order[np.argsort(fewer.astype(np.min_scalar_type(fewer.max())), kind="stable")]
    ranks[order] = np.arange(1, len(order) + 1)
    return ranks


def _pieces(
    batches: list[tuple[B, Judged | None, np.ndarray]], judge_of: Callable[[B], Judge], recipe: Recipe
) -> Iterator[Piece]:
    """The second pass over all batches, each with what is known of it and its survivors' ranks."""

    def begun(one: tuple[B, Judged | None, np.ndarray]) -> Iterator[Piece]:
        """A batch's pieces, of which the first is made."""
        batch, judged, ranks = one
        if judged is None:
            judged, _ = _judged(batch, judge_of(batch), recipe)
        pieces = _of_batch(batch, judged, ranks, recipe)
        return chain([next(pieces)], pieces)

    for pieces in _mapped(begun, batches):
        yield from pieces


def _of_batch(batch: Batch, judged: Judged, ranks: np.ndarray, recipe: Recipe) -> Iterator[Piece]:
    """One batch's pieces; ``ranks`` are those of its survivors."""
    for clips in read(batch.clips, recipe.clips):
        part, judged = judged.cut(len(clips))
        survivors = int(np.count_nonzero(part.first == 0))
        yield _piece(clips, part, ranks[:survivors], recipe)
        ranks = ranks[survivors:]


def _piece(clips: pa.Table, judged: Judged, ranks: np.ndarray, recipe: Recipe) -> Piece:
    """Rows and rejected rows of some clips, whose survivors have these ``ranks``."""
    ids, distinct, size = clips["clip_id"], clips["distinct_words"], recipe.size
    rank = np.full(len(clips), -1, np.int32)
    rank[judged.first == 0] = ranks

    def repeated(rows: np.ndarray) -> list[str]:
        return [f"{one} is in an earlier batch as well" for one in ids.take(rows).to_pylist()]

    def too_low(rows: np.ndarray) -> list[str]:
        pairs = zip(rank[rows].tolist(), distinct.take(rows).to_pylist(), strict=True)
        return [f"rank {place} with {count} distinct words, the set holds {size}" for place, count in pairs]

    late = [Fault("filtered", "duplicate", rank == 0, repeated)]
    if size is not None:
        late.append(Fault("filtered", "over_size", rank > size, too_low))
    lately = _first_fault(late, len(clips))
    out = lately != 0
    scores = judged.scores.filter(pa.array(~out[judged.first == 0]))
    inside = pa.array((judged.first == 0) & ~out)
    kept = clips.filter(inside)
    full = {column: table[column] for table in (kept, scores) for column in table.column_names}
    full["rank"] = pa.array(rank).filter(inside)
    rows = pa.table([full[field.name].cast(field.type) for field in recipe.rows], schema=recipe.rows)
    return Piece(rows, _rejected(clips, judged, late, lately))


def _rejected(clips: pa.Table, judged: Judged, late: list[Fault], lately: np.ndarray) -> pa.Table:
    """Rejected rows in the clips' order: those that ``judged`` keeps out, and those of ``late`` faults."""
    early, later = np.flatnonzero(judged.first), np.flatnonzero(lately)
    where = np.concatenate([early, later])
    reasons = [*judged.reasons, *((fault.kind, fault.reason) for fault in late)]
    number = np.concatenate([judged.first[early] - 1, lately[later] + len(judged.reasons) - 1])
    columns = {
        "id": clips["clip_id"].take(where),
        "kind": pa.array([kind for kind, _ in reasons], pa.string()).take(pa.array(number)),
        "reason": pa.array([reason for _, reason in reasons], pa.string()).take(pa.array(number)),
        "detail": pa.concat_arrays([judged.details, _details(late, lately)]),
        "video_id": clips["video_id"].take(where),
    }
    table = pa.table([columns[name] for name in REJECTED_SCHEMA.names], schema=REJECTED_SCHEMA)
    return table.take(np.argsort(where)) if len(later) else table


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
