"""Selecting clips for a training set: filter every clip by its scores, rank the survivors, cut to size; for both sets.

Everything is done on Arrow columns, piece by piece, because a corpus has millions of clips. Two passes over the batches,
in one order: the first filters clips by a few columns and keeps two numbers for each survivor (distinct words, digest of
its id: 12 bytes), the second yields full rows. What the first found about a batch (a byte a clip, the survivors' scores,
the others' sentences) waits for the second in up to ``HELD`` bytes; batches beyond that are filtered again.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Protocol, TypeVar

import numpy as np
import pyarrow as pa

from livecc_assets.curation.criteria import Readable
from livecc_assets.curation.faults import ClipFilter, Fault, first_fault, sentences
from livecc_assets.curation.ranks import Survivors, digests_of, ranks_of
from livecc_assets.curation.tables import read
from livecc_assets.curation.threads import ahead, mapped
from livecc_assets.graph.settings.selection import Criteria
from livecc_assets.store.rows import REJECTED_SCHEMA, Kind, Piece

#: Bytes of what the filters found that may wait in memory for the second pass.
HELD = 2**29


class Batch(Protocol):
    """One source batch: its partition's name and its clips."""

    @property
    def name(self) -> str: ...

    @property
    def clips(self) -> Readable: ...


B = TypeVar("B", bound=Batch)


@dataclass(frozen=True)
class Recipe:
    """How a set is made: ``clips`` and ``rows`` are the schemas of what is read and written, ``filtered_by`` the clips'
    columns that the filter looks at. Rank 1 has the most distinct words; equal counts are ordered by a digest of the
    clip's id, which neither the batches' order nor the alphabet can sway (the paper leaves ties open). Without
    ``by_distinct_words`` the digest alone orders, which is a fixed random sample. ``size`` None keeps every survivor.
    """

    clips: pa.Schema
    rows: pa.Schema
    filtered_by: tuple[str, ...]
    size: int | None
    by_distinct_words: bool = True

    @classmethod
    def of(cls, wanted: Criteria, clips: pa.Schema, rows: pa.Schema) -> "Recipe":
        """For a selection file's criteria: a category is looked at only where one is asked for."""
        filtered_by = ("video_id",) if wanted.categories is None else ("video_id", "category")
        return cls(clips, rows, filtered_by, wanted.size, wanted.rank == "distinct_words")


@dataclass(frozen=True)
class Filtered:
    """Some clips of one batch, filtered, in their order.

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

    def cut(self, count: int) -> tuple["Filtered", "Filtered"]:
        """(The first ``count`` clips, the others)."""
        out = int(np.count_nonzero(self.first[:count]))
        kept = len(self.first[:count]) - out
        return (
            Filtered(self.reasons, self.first[:count], self.details[:out], self.scores[:kept]),
            Filtered(self.reasons, self.first[count:], self.details[out:], self.scores[kept:]),
        )


def select(batches: Iterable[B], filter_of: Callable[[B], ClipFilter], recipe: Recipe) -> Iterator[Piece]:
    """The set piece by piece in batch order; every clip of every batch appears once, in ``rows`` or ``rejected``.

    ``filter_of`` reads a batch's scores and returns what filters its clips by them. A clip id that a previous batch
    already had is *filtered* as ``duplicate``.
    """
    ordered = sorted(batches, key=lambda batch: batch.name)
    found, held, room = [Survivors(np.empty(0, np.int32), np.empty(0, np.uint64))], list[Filtered | None](), HELD
    for filtered, survivors in mapped(lambda batch: _filtered(batch, filter_of(batch), recipe), ordered):
        found.append(survivors)
        room -= filtered.nbytes
        held.append(filtered if room >= 0 else None)
    ranks = ranks_of(*(np.concatenate(columns) for columns in zip(*found, strict=True)))
    shares = np.split(ranks, np.cumsum([len(survivors.distinct) for survivors in found]))[1:-1]
    del found
    yield from ahead(_pieces(list(zip(ordered, held, shares, strict=True)), filter_of, recipe))


def _filtered(batch: Batch, clip_filter: ClipFilter, recipe: Recipe) -> tuple[Filtered, Survivors]:
    """The first pass over a batch."""
    columns = list(dict.fromkeys(["clip_id", "distinct_words", *recipe.filtered_by]))
    parts, distinct, digests = list[Filtered](), list[np.ndarray](), list[np.ndarray]()
    for clips in read(batch.clips, recipe.clips, columns):
        findings = clip_filter(clips)
        first = first_fault(findings.faults, len(clips))
        kept = pa.array(first == 0)
        fields = [recipe.rows.field(name) for name in findings.scores]
        scores = [findings.scores[field.name].cast(field.type).filter(kept) for field in fields]
        reasons: list[tuple[Kind, str]] = [(fault.kind, fault.reason) for fault in findings.faults]
        parts.append(
            Filtered(reasons, first, sentences(findings.faults, first), pa.table(scores, schema=pa.schema(fields)))
        )
        counts = clips["distinct_words"].filter(kept).to_numpy().astype(np.int32)
        distinct.append(counts if recipe.by_distinct_words else np.zeros_like(counts))
        digests.append(digests_of(clips["clip_id"].filter(kept)))
    filtered = Filtered(
        parts[0].reasons,
        np.concatenate([part.first for part in parts]),
        pa.concat_arrays([part.details for part in parts]),
        pa.concat_tables([part.scores for part in parts]),
    )
    return filtered, Survivors(np.concatenate(distinct), np.concatenate(digests))


def _pieces(
    batches: list[tuple[B, Filtered | None, np.ndarray]], filter_of: Callable[[B], ClipFilter], recipe: Recipe
) -> Iterator[Piece]:
    """The second pass over all batches, each with what is known of it and its survivors' ranks."""

    def begun(one: tuple[B, Filtered | None, np.ndarray]) -> Iterator[Piece]:
        """A batch's pieces, of which the first is made."""
        batch, filtered, ranks = one
        if filtered is None:
            filtered, _ = _filtered(batch, filter_of(batch), recipe)
        pieces = _of_batch(batch, filtered, ranks, recipe)
        return chain([next(pieces)], pieces)

    for pieces in mapped(begun, batches):
        yield from pieces


def _of_batch(batch: Batch, filtered: Filtered, ranks: np.ndarray, recipe: Recipe) -> Iterator[Piece]:
    """One batch's pieces; ``ranks`` are those of its survivors."""
    for clips in read(batch.clips, recipe.clips):
        part, filtered = filtered.cut(len(clips))
        survivors = int(np.count_nonzero(part.first == 0))
        yield _piece(clips, part, ranks[:survivors], recipe)
        ranks = ranks[survivors:]


def _piece(clips: pa.Table, filtered: Filtered, ranks: np.ndarray, recipe: Recipe) -> Piece:
    """Rows and rejected rows of some clips, whose survivors have these ``ranks``."""
    ids, distinct, size = clips["clip_id"], clips["distinct_words"], recipe.size
    rank = np.full(len(clips), -1, np.int32)
    rank[filtered.first == 0] = ranks

    def repeated(rows: np.ndarray) -> list[str]:
        return [f"{one} is in an earlier batch as well" for one in ids.take(rows).to_pylist()]

    def too_low(rows: np.ndarray) -> list[str]:
        pairs = zip(rank[rows].tolist(), distinct.take(rows).to_pylist(), strict=True)
        return [f"rank {place} with {count} distinct words, the set holds {size}" for place, count in pairs]

    late = [Fault("filtered", "duplicate", rank == 0, repeated)]
    if size is not None:
        late.append(Fault("filtered", "over_size", rank > size, too_low))
    lately = first_fault(late, len(clips))
    out = lately != 0
    scores = filtered.scores.filter(pa.array(~out[filtered.first == 0]))
    inside = pa.array((filtered.first == 0) & ~out)
    kept = clips.filter(inside)
    full = {column: table[column] for table in (kept, scores) for column in table.column_names}
    full["rank"] = pa.array(rank).filter(inside)
    rows = pa.table([full[field.name].cast(field.type) for field in recipe.rows], schema=recipe.rows)
    return Piece(rows, _rejected(clips, filtered, late, lately))


def _rejected(clips: pa.Table, filtered: Filtered, late: list[Fault], lately: np.ndarray) -> pa.Table:
    """Rejected rows in the clips' order: those that ``filtered`` keeps out, and those of ``late`` faults."""
    early, later = np.flatnonzero(filtered.first), np.flatnonzero(lately)
    where = np.concatenate([early, later])
    reasons = [*filtered.reasons, *((fault.kind, fault.reason) for fault in late)]
    number = np.concatenate([filtered.first[early] - 1, lately[later] + len(filtered.reasons) - 1])
    columns = {
        "id": clips["clip_id"].take(where),
        "kind": pa.array([kind for kind, _ in reasons], pa.string()).take(pa.array(number)),
        "reason": pa.array([reason for _, reason in reasons], pa.string()).take(pa.array(number)),
        "detail": pa.concat_arrays([filtered.details, sentences(late, lately)]),
        "video_id": clips["video_id"].take(where),
    }
    table = pa.table([columns[name] for name in REJECTED_SCHEMA.names], schema=REJECTED_SCHEMA)
    return table.take(np.argsort(where)) if len(later) else table
