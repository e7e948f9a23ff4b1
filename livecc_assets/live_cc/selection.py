"""Live-CC, the pre-training set: clips joined with their scores, filtered and ranked (spec 1.1-1.4). Scores nothing."""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from livecc_assets.curation.criteria import Band, Readable
from livecc_assets.curation.join import (
    Fault,
    Judge,
    Piece,
    Recipe,
    Scores,
    Verdicts,
    mask,
    numbers,
    pc,
    select,
    unscored,
)
from livecc_assets.graph.settings.selection import LiveCCCriteria as Criteria
from livecc_assets.live_cc.schemas import SCHEMAS
from livecc_assets.store.rows import Rejected


@dataclass(frozen=True)
class ClipBatch:
    """One batch's clips and scores, each readable more than once (artifacts of the store are)."""

    name: str
    clips: Readable
    losses: Readable
    talking_heads: Readable


Admission = Callable[[pa.Table], Iterator[Fault]]


def judge_of(batch: ClipBatch, wanted: Criteria, allowed: Admission) -> Judge:
    """Read one batch's scores; the judge applies evaluation videos, categories, loss, talking heads in turn."""
    losses = loss_scores(batch.losses, SCHEMAS["caption_clip_losses"], wanted.loss)
    limit = wanted.talking_head_below
    heads = (
        Scores(batch.talking_heads, SCHEMAS["talking_head_scores"], "video_id", "score") if limit is not None else None
    )

    def verdicts(clips: pa.Table) -> Verdicts:
        loss = losses.of(clips["clip_id"])["loss"] if losses else pa.nulls(len(clips), pa.float64())
        head = heads.of(clips["video_id"])["score"] if heads else pa.nulls(len(clips), pa.float64())
        faults = [*allowed(clips), *(loss_faults(loss, wanted.loss) if losses else ())]
        if limit is not None:
            faults += _head_faults(head, limit)
        return Verdicts(faults, {"loss": loss, "talking_head_score": head})

    return verdicts


def _head_faults(head: pa.Array, limit: float) -> list[Fault]:
    missing, scores = numbers(head)
    wanted = f"must be below {limit:g}"

    def details(rows: np.ndarray) -> list[str]:
        return [f"talking-head score {score:.2f}, {wanted}" for score in scores[rows].tolist()]

    return [
        unscored(missing, "its video has no talking-head score; see why in talking_head_scores"),
        Fault("filtered", "talking_head", scores >= limit, details),
    ]


def admission(evaluation_ids: Collection[str], categories: Collection[str] | None) -> Admission:
    """Why a clip may not train at all: its video belongs to a benchmark, or its category is not asked for."""
    benchmark = pa.array(sorted(evaluation_ids), pa.string())
    listed = pa.array(sorted(categories), pa.string()) if categories is not None else None

    def faults(clips: pa.Table) -> Iterator[Fault]:
        ids = clips["video_id"]
        found = mask(pc.is_in(ids, value_set=benchmark))

        def held_out(rows: np.ndarray) -> list[str]:
            return [f"{one} belongs to a benchmark and must never train" for one in ids.take(rows).to_pylist()]

        yield Fault("filtered", "evaluation_video", found, held_out)
        if listed is not None:
            category = clips["category"]

            def excluded(rows: np.ndarray) -> list[str]:
                return [f"category {one!r} is not in the selection's list" for one in category.take(rows).to_pylist()]

            yield Fault("filtered", "excluded_category", ~mask(pc.is_in(category, value_set=listed)), excluded)

    return faults


def loss_scores(table: Readable, schema: pa.Schema, limits: Band) -> Scores | None:
    """The text losses of one batch's clips; None when the selection does not ask for them."""
    return None if limits == (None, None) else Scores(table, schema, "clip_id", "loss")


def loss_faults(loss: pa.Array, limits: Band) -> list[Fault]:
    """Why clips' text losses keep them out: no score, or outside the band, whose limits belong to it."""
    missing, values = numbers(loss)
    low, high = limits

    def outside(limit: str) -> Callable[[np.ndarray], list[str]]:
        return lambda rows: [f"text loss {value:.2f} is {limit}" for value in values[rows].tolist()]

    found = [unscored(missing, "it has no text loss; see why in the losses' rejected rows")]
    if low is not None:
        found.append(Fault("filtered", "loss_low", values < low, outside(f"below {low:g}")))
    if high is not None:
        found.append(Fault("filtered", "loss_high", values > high, outside(f"above {high:g}")))
    return found


def join_live_cc(
    batches: Iterable[ClipBatch], config: dict[str, Any], evaluation_ids: Collection[str]
) -> Iterator[Piece]:
    """``live_cc`` in pieces in batch order. ``config`` is the selection file's ``live_cc`` section.

    Memory: a few batches' scores, and what :mod:`livecc_assets.curation.join` says of each clip.
    """
    wanted = Criteria.of(config, "live_cc")
    allowed = admission(evaluation_ids, wanted.categories)
    recipe = Recipe.of(wanted, SCHEMAS["caption_clips"], SCHEMAS["live_cc"])
    yield from select(batches, lambda batch: judge_of(batch, wanted, allowed), recipe)


def select_live_cc(
    batches: Iterable[ClipBatch], config: dict[str, Any], evaluation_ids: Collection[str]
) -> Iterator[dict[str, Any] | Rejected]:
    """Rows of ``live_cc``, or why a clip is out: :func:`join_live_cc` row by row."""
    for piece in join_live_cc(batches, config, evaluation_ids):
        yield from piece.as_rows()


def clip_batches(inputs: dict[str, list[Any]]) -> list[ClipBatch]:
    """Batches from a task's artifacts, matched by partition; one that lacks a table was already listed as left out."""
    tables = by_partition(inputs, ("caption_clips", "caption_clip_losses", "talking_head_scores"))
    return [ClipBatch(partition, *found) for partition, found in tables.items()]


def by_partition(inputs: dict[str, list[Any]], assets: tuple[str, ...]) -> dict[str, tuple[Any, ...]]:
    """Artifacts of several assets side by side, for the partitions that have all of them."""
    found = {name: {artifact.partition: artifact for artifact in inputs.get(name, [])} for name in assets}
    shared = set.intersection(*(set(artifacts) for artifacts in found.values()))
    return {partition: tuple(found[name][partition] for name in assets) for partition in sorted(shared)}


def evaluation_ids(inputs: dict[str, list[Any]]) -> frozenset[str]:
    """Ids of every benchmark's videos, from the ``evaluation_videos`` artifact."""
    artifacts = inputs.get("evaluation_videos", [])
    return frozenset(row["video_id"] for artifact in artifacts for row in artifact.rows(["video_id"]))
