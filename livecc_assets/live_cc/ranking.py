"""Selecting clips for a training set: judge every clip, rank the survivors, cut to size; used by both sets.

Two passes over the batches, in one order. The first judges clips by a few columns and keeps two numbers for each
survivor (distinct words, digest of its id: 12 bytes), so five million clips cost 60 MB; the second yields full rows.
Only one batch's scores are in memory at a time.
"""

import hashlib
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

import numpy as np

from livecc_assets.store.rows import Rejected

#: What a clip failed, as (kind, reason, detail), or the score columns to add to its row.
Verdict = tuple[str, str, str] | dict[str, Any]
Judge = Callable[[dict[str, Any]], Verdict]


class Readable(Protocol):
    """Rows that can be read again and again, by columns; an artefact of the store is one."""

    def rows(self, columns: Sequence[str] | None = None) -> Iterator[dict[str, Any]]:
        """All rows, streamed, with the named columns only."""
        ...


class Batch(Protocol):
    """One source batch: its partition's name and its clips."""

    @property
    def name(self) -> str: ...

    @property
    def clips(self) -> Readable: ...


B = TypeVar("B", bound=Batch)


def select(
    batches: Iterable[B],
    judge_of: Callable[[B], Judge],
    columns: Sequence[str],
    size: int | None,
    by_distinct_words: bool = True,
) -> Iterator[dict[str, Any] | Rejected]:
    """Rows ``batch`` + clip + scores + ``rank``, or why a clip is out; every clip of every batch appears once.

    ``judge_of`` reads a batch's scores and returns what judges one clip by them, looking only at ``columns``. Rank 1
    has the most distinct words; equal counts are ordered by a digest of the clip's id, which neither the batches'
    order nor the alphabet can sway (the paper leaves ties open). Without ranking the digest alone orders, which is a
    fixed random sample. A clip id that a previous batch already had is *filtered* as ``duplicate``.
    """
    ordered = sorted(batches, key=lambda batch: batch.name)
    distinct, digests = array("i"), array("Q")
    read = ["clip_id", "distinct_words", *columns]
    for batch in ordered:
        judge = judge_of(batch)
        for clip in batch.clips.rows(list(dict.fromkeys(read))):
            if isinstance(judge(clip), dict):
                distinct.append(clip["distinct_words"] if by_distinct_words else 0)
                digests.append(_digest(clip["clip_id"]))
    ranks = _ranks(np.frombuffer(distinct, dtype=np.int32), np.frombuffer(digests, dtype=np.uint64))
    survivor = 0
    for batch in ordered:
        judge = judge_of(batch)
        for clip in batch.clips.rows():
            verdict = judge(clip)
            if not isinstance(verdict, dict):
                yield _rejected(clip, *verdict)
                continue
            rank = int(ranks[survivor])
            survivor += 1
            if not rank:
                yield _rejected(clip, "filtered", "duplicate", f"{clip['clip_id']} is in an earlier batch as well")
            elif size is not None and rank > size:
                detail = f"rank {rank} with {clip['distinct_words']} distinct words, the set holds {size}"
                yield _rejected(clip, "filtered", "over_size", detail)
            else:
                yield {"batch": batch.name, **clip, **verdict, "rank": rank}


def in_band(value: float, low: float | None, high: float | None) -> str | None:
    """``low`` or ``high`` when the value lies outside the band; the limits belong to it, None is no limit."""
    if low is not None and value < low:
        return "low"
    return "high" if high is not None and value > high else None


def band(values: Sequence[float | None] | None) -> tuple[float | None, float | None]:
    """A selection file's ``[low, high]``; a missing entry or null lifts the limit."""
    low, high = values if values else (None, None)
    return low, high


def _ranks(distinct: np.ndarray, digests: np.ndarray) -> np.ndarray:
    """Rank of each survivor from 1; 0 for a repeated id."""
    ranks = np.zeros(len(distinct), dtype=np.int64)
    _, first = np.unique(digests, return_index=True)
    kept = np.sort(first)
    order = kept[np.lexsort((digests[kept], -distinct[kept]))]
    ranks[order] = np.arange(1, len(order) + 1)
    return ranks


def _digest(clip_id: str) -> int:
    return int.from_bytes(hashlib.blake2b(clip_id.encode(), digest_size=8).digest(), "little")


def _rejected(clip: dict[str, Any], kind: Any, reason: str, detail: str) -> Rejected:
    return Rejected(clip["clip_id"], kind, reason, detail, clip["video_id"])
