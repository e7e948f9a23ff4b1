"""Live-CC, the pre-training set: clips joined with their scores, filtered and ranked (spec 1.1-1.4). Scores nothing."""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from livecc_assets.live_cc.join import Fault, Judge, Piece, Recipe, Scores, Verdicts, mask, numbers, pc, select
from livecc_assets.live_cc.ranking import Readable, band
from livecc_assets.live_cc.schemas import SCHEMAS
from livecc_assets.store.rows import Rejected


@dataclass(frozen=True)
class Criteria:
    """What a selection file asks for; None (or absence) lifts a filter, as the paper's scale ablation does.

    ``loss`` is inclusive on both ends, ``talking_head_below`` exclusive.
    """

    loss: tuple[float | None, float | None] = (None, None)
    talking_head_below: float | None = None
    categories: frozenset[str] | None = None
    size: int | None = None
    rank: str | None = "distinct_words"

    @classmethod
    def of(cls, config: dict[str, Any]) -> "Criteria":
        """From the selection file's ``live_cc`` section."""
        categories = config.get("categories")
        return cls(
            band(config.get("loss")),
            config.get("talking_head_below"),
            frozenset(categories) if categories else None,
            config.get("size"),
            config.get("rank", "distinct_words"),
        )


@dataclass(frozen=True)
class ClipBatch:
    """One batch's clips and scores, each readable more than once (artefacts of the store are)."""

    name: str
    clips: Readable
    losses: Readable
    talking_heads: Readable


def judge_of(batch: ClipBatch, wanted: Criteria, evaluation_ids: Collection[str]) -> Judge:
    """Read one batch's scores; the judge applies evaluation videos, categories, loss, talking heads in turn."""
    losses = loss_scores(batch.losses, SCHEMAS["caption_clip_losses"], wanted.loss)
    limit = wanted.talking_head_below
    heads = (
        Scores(batch.talking_heads, SCHEMAS["talking_head_scores"], "video_id", "score") if limit is not None else None
    )
    allowed = admission(evaluation_ids, wanted.categories)

    def verdicts(clips: pa.Table) -> Verdicts:
        loss = losses.of(clips["clip_id"])["loss"] if losses else pa.nulls(len(clips), pa.float64())
        head = heads.of(clips["video_id"])["score"] if heads else pa.nulls(len(clips), pa.float64())
        faults = [*allowed(clips), *(loss_faults(loss, wanted.loss) if losses else ())]
        if limit is not None:
            missing, scores = numbers(head)
            unscored = "its video has no talking-head score; see why in talking_head_scores"
            faults += [
                Fault("error", "no_score", missing, lambda row: unscored),
                Fault(
                    "filtered",
                    "talking_head",
                    scores >= limit,
                    lambda row: f"talking-head score {scores[row]:.2f}, must be below {limit:g}",
                ),
            ]
        return Verdicts(faults, {"loss": loss, "talking_head_score": head})

    return verdicts


def admission(
    evaluation_ids: Collection[str], categories: Collection[str] | None
) -> Callable[[pa.Table], Iterator[Fault]]:
    """Why a clip may not train at all: its video belongs to a benchmark, or its category is not asked for."""
    benchmark = pa.array(sorted(evaluation_ids), pa.string())
    listed = pa.array(sorted(categories), pa.string()) if categories is not None else None

    def faults(clips: pa.Table) -> Iterator[Fault]:
        ids, category = clips["video_id"], clips["category"]
        found = mask(pc.is_in(ids, value_set=benchmark))
        held_out = "belongs to a benchmark and must never train"
        yield Fault("filtered", "evaluation_video", found, lambda row: f"{ids[row].as_py()} {held_out}")
        if listed is not None:
            other = ~mask(pc.is_in(category, value_set=listed))
            asked = "is not in the selection's list"
            yield Fault(
                "filtered", "excluded_category", other, lambda row: f"category {category[row].as_py()!r} {asked}"
            )

    return faults


def loss_scores(table: Readable, schema: pa.Schema, limits: tuple[float | None, float | None]) -> Scores | None:
    """The text losses of one batch's clips; None when the selection does not ask for them."""
    return None if limits == (None, None) else Scores(table, schema, "clip_id", "loss")


def loss_faults(loss: pa.Array, limits: tuple[float | None, float | None]) -> list[Fault]:
    """Why clips' text losses keep them out: no score, or outside the band, whose limits belong to it."""
    missing, values = numbers(loss)
    low, high = limits
    unscored = "it has no text loss; see why in the losses' rejected rows"
    found = [Fault("error", "no_score", missing, lambda row: unscored)]
    if low is not None:
        below = f"below {low:g}"
        found.append(Fault("filtered", "loss_low", values < low, lambda row: f"text loss {values[row]:.2f} is {below}"))
    if high is not None:
        above = f"above {high:g}"
        found.append(
            Fault("filtered", "loss_high", values > high, lambda row: f"text loss {values[row]:.2f} is {above}")
        )
    return found


def join_live_cc(
    batches: Iterable[ClipBatch], config: dict[str, Any], evaluation_ids: Collection[str]
) -> Iterator[Piece]:
    """``live_cc`` in pieces in batch order. ``config`` is the selection file's ``live_cc`` section.

    Memory stays flat: a few batches' scores and 12 bytes for each surviving clip.
    """
    wanted = Criteria.of(config)
    recipe = Recipe(
        SCHEMAS["caption_clips"],
        SCHEMAS["live_cc"],
        ("video_id", "category"),
        wanted.size,
        wanted.rank == "distinct_words",
    )
    yield from select(batches, lambda batch: judge_of(batch, wanted, evaluation_ids), recipe)


def select_live_cc(
    batches: Iterable[ClipBatch], config: dict[str, Any], evaluation_ids: Collection[str]
) -> Iterator[dict[str, Any] | Rejected]:
    """Rows of ``live_cc``, or why a clip is out: :func:`join_live_cc` row by row."""
    for piece in join_live_cc(batches, config, evaluation_ids):
        yield from piece.as_rows()


def clip_batches(inputs: dict[str, list[Any]]) -> list[ClipBatch]:
    """Batches from a task's artefacts, matched by partition; one that lacks a table was already listed as left out."""
    tables = by_partition(inputs, ("caption_clips", "caption_clip_losses", "talking_head_scores"))
    return [ClipBatch(partition, *found) for partition, found in tables.items()]


def by_partition(inputs: dict[str, list[Any]], assets: tuple[str, ...]) -> dict[str, tuple[Any, ...]]:
    """Artefacts of several assets side by side, for the partitions that have all of them."""
    found = {name: {artefact.partition: artefact for artefact in inputs.get(name, [])} for name in assets}
    shared = set.intersection(*(set(artefacts) for artefacts in found.values()))
    return {partition: tuple(found[name][partition] for name in assets) for partition in sorted(shared)}


def evaluation_ids(inputs: dict[str, list[Any]]) -> frozenset[str]:
    """Ids of every benchmark's videos, from the ``evaluation_videos`` artefact."""
    artefacts = inputs.get("evaluation_videos", [])
    return frozenset(row["video_id"] for artefact in artefacts for row in artefact.rows(["video_id"]))
