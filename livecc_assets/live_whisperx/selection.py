"""Live-WhisperX, the SFT set: sentence clips joined with their four scores and filtered (method 1.1, 1.8-1.10)."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from livecc_assets.curation.criteria import Band, Readable
from livecc_assets.curation.faults import ClipFilter, Fault, Findings, mask, numbers, unscored
from livecc_assets.curation.filters import Admission, admission, loss_faults, loss_scores
from livecc_assets.curation.inputs import by_partition
from livecc_assets.curation.join import Recipe, select
from livecc_assets.curation.tables import Scores, pc
from livecc_assets.graph.settings.selection import LiveWhisperXCriteria as Criteria
from livecc_assets.live_whisperx.schemas import SCHEMAS
from livecc_assets.store.rows import Piece, Rejected


@dataclass(frozen=True)
class SentenceBatch:
    """One batch's clips and scores, each readable more than once (artifacts of the store are)."""

    name: str
    clips: Readable
    losses: Readable
    active_speakers: Readable
    queries: Readable
    languages: Readable


def filter_of(batch: SentenceBatch, wanted: Criteria, allowed: Admission) -> ClipFilter:
    """Read one batch's scores; the filter applies the filters in the paper's order (B1, B4, B5, B6, language)."""
    by_speaker, by_language = wanted.active_speaker_ratio != (None, None), wanted.min_language_score is not None
    losses = loss_scores(batch.losses, SCHEMAS["sentence_clip_losses"], wanted.loss)
    speakers = _scores(batch.active_speakers, "active_speaker_ratios", "ratio") if by_speaker else None
    queries = _scores(batch.queries, "commentary_queries", "accepted", "query", "reason") if wanted.queries else None
    languages = _scores(batch.languages, "language_scores", "language", "score") if by_language else None

    def clip_filter(clips: pa.Table) -> Findings:
        ids, none = clips["clip_id"], pa.nulls(len(clips))
        faults = list(allowed(clips))
        scores: dict[str, Any] = dict.fromkeys(("loss", "active_speaker_ratio", "query", "language_score"), none)
        if losses:
            scores["loss"] = losses.of(ids)["loss"]
            faults += loss_faults(scores["loss"], wanted.loss)
        if speakers:
            scores["active_speaker_ratio"] = speakers.of(ids)["ratio"]
            faults += _speaker_faults(scores["active_speaker_ratio"], wanted.active_speaker_ratio)
        if queries:
            found = queries.of(ids)
            scores["query"] = found["query"]
            faults += _query_faults(found)
        if languages:
            found = languages.of(ids)
            scores["language_score"] = found["score"]
            faults += _language_faults(found, wanted)
        return Findings(faults, scores)

    return clip_filter


def _scores(table: Readable, asset: str, *columns: str) -> Scores:
    return Scores(table, SCHEMAS[asset], "clip_id", *columns)


def _speaker_faults(ratio: pa.Array, limits: Band) -> list[Fault]:
    missing, values = numbers(ratio)
    low, high = limits
    outside = np.zeros(len(values), bool)
    if low is not None:
        outside |= values < low
    if high is not None:
        outside |= values > high

    def details(rows: np.ndarray) -> list[str]:
        allowed = f"allowed is {low} to {high}"
        return [f"somebody in view speaks {value:.0%} of the time, {allowed}" for value in values[rows].tolist()]

    return [
        unscored(missing, "it has no active-speaker ratio; see why in active_speaker_ratios"),
        Fault("filtered", "active_speaker", outside, details),
    ]


def _query_faults(found: dict[str, pa.Array]) -> list[Fault]:
    written = mask(pc.greater(pc.utf8_length(found["query"]), 0))
    return [
        unscored(mask(found["accepted"].is_null()), "no query was written for it; see why in commentary_queries"),
        Fault(
            "filtered",
            "query_refused",
            ~(mask(found["accepted"]) & written),
            lambda rows: found["reason"].take(rows).to_pylist(),
        ),
    ]


def _language_faults(found: dict[str, pa.Array], wanted: Criteria) -> list[Fault]:
    language, least = found["language"], wanted.min_language_score or 0
    missing, scores = numbers(found["score"])

    def found_in(rows: np.ndarray) -> Iterator[tuple[str, float]]:
        return zip(language.take(rows).to_pylist(), scores[rows].tolist(), strict=True)

    def other(rows: np.ndarray) -> list[str]:
        asked = f"wanted is {wanted.language!r}"
        return [f"the words are in {name!r} ({score:.2f}), {asked}" for name, score in found_in(rows)]

    def unsure(rows: np.ndarray) -> list[str]:
        asked = f"wanted is at least {least:g}"
        return [f"{name!r} with certainty {score:.2f}, {asked}" for name, score in found_in(rows)]

    return [
        unscored(missing, "its language was not scored; see why in language_scores"),
        Fault("filtered", "other_language", ~mask(pc.equal(language, wanted.language)), other),
        Fault("filtered", "language_unsure", scores < least, unsure),
    ]


def join_live_whisperx(
    batches: Iterable[SentenceBatch], config: dict[str, Any], evaluation_ids: Collection[str]
) -> Iterator[Piece]:
    """``live_whisperx`` in pieces in batch order. ``config`` is the selection file's ``live_whisperx`` section.

    Memory: a few batches' scores, and what :mod:`livecc_assets.curation.join` says of each clip.
    """
    wanted = Criteria.of(config, "live_whisperx")
    allowed = admission(evaluation_ids, wanted.categories)
    recipe = Recipe.of(wanted, SCHEMAS["sentence_clips"], SCHEMAS["live_whisperx"])
    yield from select(batches, lambda batch: filter_of(batch, wanted, allowed), recipe)


def select_live_whisperx(
    batches: Iterable[SentenceBatch], config: dict[str, Any], evaluation_ids: Collection[str]
) -> Iterator[dict[str, Any] | Rejected]:
    """Rows of ``live_whisperx``, or why a clip is out: :func:`join_live_whisperx` row by row."""
    for piece in join_live_whisperx(batches, config, evaluation_ids):
        yield from piece.as_rows()


def sentence_batches(
    clips: Sequence[Any],
    losses: Sequence[Any],
    active_speakers: Sequence[Any],
    queries: Sequence[Any],
    languages: Sequence[Any],
) -> list[SentenceBatch]:
    """Batches from artifacts matched by partition; one that lacks a table was already listed as left out."""
    tables = by_partition(clips, losses, active_speakers, queries, languages)
    return [SentenceBatch(partition, *found) for partition, found in tables.items()]
