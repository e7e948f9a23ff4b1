"""Live-CC, the pre-training set: clips joined with their scores, filtered and ranked (method 1.1-1.4). Scores nothing."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from livecc_assets.curation.criteria import Readable
from livecc_assets.curation.faults import ClipFilter, Fault, Findings, numbers, unscored
from livecc_assets.curation.filters import Admission, admission, loss_faults, loss_scores
from livecc_assets.curation.inputs import by_partition
from livecc_assets.curation.join import Recipe, select
from livecc_assets.curation.tables import Scores
from livecc_assets.graph.settings.selection import LiveCCCriteria as Criteria
from livecc_assets.live_cc.schemas import SCHEMAS
from livecc_assets.store.rows import Piece, Rejected


@dataclass(frozen=True)
class ClipBatch:
    """One batch's clips and scores, each readable more than once (artifacts of the store are)."""

    name: str
    clips: Readable
    losses: Readable
    talking_heads: Readable


def filter_of(batch: ClipBatch, wanted: Criteria, allowed: Admission) -> ClipFilter:
    """Read one batch's scores; the filter applies evaluation videos, categories, loss, talking heads in turn."""
    losses = loss_scores(batch.losses, SCHEMAS["caption_clip_losses"], wanted.loss)
    limit = wanted.talking_head_below
    heads = (
        Scores(batch.talking_heads, SCHEMAS["talking_head_scores"], "video_id", "score") if limit is not None else None
    )

    def clip_filter(clips: pa.Table) -> Findings:
        loss = losses.of(clips["clip_id"])["loss"] if losses else pa.nulls(len(clips), pa.float64())
        head = heads.of(clips["video_id"])["score"] if heads else pa.nulls(len(clips), pa.float64())
        faults = [*allowed(clips), *(loss_faults(loss, wanted.loss) if losses else ())]
        if limit is not None:
            faults += _head_faults(head, limit)
        return Findings(faults, {"loss": loss, "talking_head_score": head})

    return clip_filter


def _head_faults(head: pa.Array, limit: float) -> list[Fault]:
    missing, scores = numbers(head)
    wanted = f"must be below {limit:g}"

    def details(rows: np.ndarray) -> list[str]:
        return [f"talking-head score {score:.2f}, {wanted}" for score in scores[rows].tolist()]

    return [
        unscored(missing, "its video has no talking-head score; see why in talking_head_scores"),
        Fault("filtered", "talking_head", scores >= limit, details),
    ]


def join_live_cc(
    batches: Iterable[ClipBatch], config: dict[str, Any], evaluation_ids: Collection[str]
) -> Iterator[Piece]:
    """``live_cc`` in pieces in batch order. ``config`` is the selection file's ``live_cc`` section.

    Memory: a few batches' scores, and what :mod:`livecc_assets.curation.join` says of each clip.
    """
    wanted = Criteria.of(config, "live_cc")
    allowed = admission(evaluation_ids, wanted.categories)
    recipe = Recipe.of(wanted, SCHEMAS["caption_clips"], SCHEMAS["live_cc"])
    yield from select(batches, lambda batch: filter_of(batch, wanted, allowed), recipe)


def select_live_cc(
    batches: Iterable[ClipBatch], config: dict[str, Any], evaluation_ids: Collection[str]
) -> Iterator[dict[str, Any] | Rejected]:
    """Rows of ``live_cc``, or why a clip is out: :func:`join_live_cc` row by row."""
    for piece in join_live_cc(batches, config, evaluation_ids):
        yield from piece.as_rows()


def clip_batches(clips: Sequence[Any], losses: Sequence[Any], talking_heads: Sequence[Any]) -> list[ClipBatch]:
    """Batches from artifacts matched by partition; one that lacks a table was already listed as left out."""
    return [ClipBatch(partition, *found) for partition, found in by_partition(clips, losses, talking_heads).items()]
