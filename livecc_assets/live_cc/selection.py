"""Live-CC, the pre-training set: clips joined with their scores, filtered and ranked (spec 1.1-1.4). Scores nothing."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from livecc_assets.live_cc.ranking import Judge, Readable, Verdict, band, in_band, select
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
    losses, heads = dict[str, float](), dict[str, float]()
    if wanted.loss != (None, None):
        losses = {row["clip_id"]: row["loss"] for row in batch.losses.rows(["clip_id", "loss"])}
    if wanted.talking_head_below is not None:
        heads = {row["video_id"]: row["score"] for row in batch.talking_heads.rows(["video_id", "score"])}

    def verdict(clip: dict[str, Any]) -> Verdict:
        early = admitted(clip, evaluation_ids, wanted.categories) or loss_fault(clip, losses, wanted.loss)
        if early:
            return early
        head, limit = heads.get(clip["video_id"]), wanted.talking_head_below
        if limit is not None and head is None:
            return "error", "no_score", "its video has no talking-head score; see why in talking_head_scores"
        if limit is not None and head is not None and head >= limit:
            return "filtered", "talking_head", f"talking-head score {head:.2f}, must be below {limit:g}"
        return {"loss": losses.get(clip["clip_id"]), "talking_head_score": head}

    return verdict


def admitted(
    clip: dict[str, Any], evaluation_ids: Collection[str], categories: Collection[str] | None
) -> tuple[str, str, str] | None:
    """Why a clip may not train at all: its video belongs to a benchmark, or its category is not asked for."""
    if clip["video_id"] in evaluation_ids:
        return "filtered", "evaluation_video", f"{clip['video_id']} belongs to a benchmark and must never train"
    if categories is not None and clip["category"] not in categories:
        return "filtered", "excluded_category", f"category {clip['category']!r} is not in the selection's list"
    return None


def loss_fault(
    clip: dict[str, Any], losses: dict[str, float], limits: tuple[float | None, float | None]
) -> tuple[str, str, str] | None:
    """Why a clip's text loss keeps it out: no score, or outside the band."""
    if limits == (None, None):
        return None
    loss = losses.get(clip["clip_id"])
    if loss is None:
        return "error", "no_score", "it has no text loss; see why in the losses' rejected rows"
    side = in_band(loss, *limits)
    if side is None:
        return None
    edge = limits[0] if side == "low" else limits[1]
    return "filtered", f"loss_{side}", f"text loss {loss:.2f} is {'below' if side == 'low' else 'above'} {edge:g}"


def select_live_cc(
    batches: Iterable[ClipBatch], config: dict[str, Any], evaluation_ids: Collection[str]
) -> Iterator[dict[str, Any] | Rejected]:
    """Rows of ``live_cc`` in batch order, or why a clip is out. ``config`` is the selection file's ``live_cc`` section.

    Memory stays flat: one batch's scores and 12 bytes for each surviving clip.
    """
    wanted = Criteria.of(config)
    yield from select(
        batches,
        lambda batch: judge_of(batch, wanted, evaluation_ids),
        ("video_id", "category"),
        wanted.size,
        wanted.rank == "distinct_words",
    )


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
