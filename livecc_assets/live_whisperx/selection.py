"""Live-WhisperX, the SFT set: sentence clips joined with their four scores and filtered (spec 1.1, 1.8-1.10)."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from livecc_assets.live_cc.join import Fault, Judge, Piece, Recipe, Scores, Verdicts, mask, numbers, pc, select
from livecc_assets.live_cc.ranking import Readable, band
from livecc_assets.live_cc.selection import admission, by_partition, loss_faults, loss_scores
from livecc_assets.live_whisperx.schemas import SCHEMAS
from livecc_assets.store.rows import Rejected


@dataclass(frozen=True)
class Criteria:
    """What a selection file asks for; None (or absence) lifts a filter. All limits are inclusive.

    A clip always needs an accepted query unless ``queries`` is false (then its query stays empty).
    """

    loss: tuple[float | None, float | None] = (None, None)
    active_speaker_ratio: tuple[float | None, float | None] = (None, None)
    min_language_score: float | None = None
    language: str = "en"
    queries: bool = True
    categories: frozenset[str] | None = None
    size: int | None = None
    rank: str | None = "distinct_words"

    @classmethod
    def of(cls, config: dict[str, Any]) -> "Criteria":
        """From the selection file's ``live_whisperx`` section."""
        categories = config.get("categories")
        return cls(
            band(config.get("loss")),
            band(config.get("active_speaker_ratio")),
            config.get("min_language_score"),
            config.get("language", "en"),
            config.get("queries", True),
            frozenset(categories) if categories else None,
            config.get("size"),
            config.get("rank", "distinct_words"),
        )


@dataclass(frozen=True)
class SentenceBatch:
    """One batch's clips and scores, each readable more than once (artefacts of the store are)."""

    name: str
    clips: Readable
    losses: Readable
    active_speakers: Readable
    queries: Readable
    languages: Readable


def judge_of(batch: SentenceBatch, wanted: Criteria, evaluation_ids: Collection[str]) -> Judge:
    """Read one batch's scores; the judge applies the filters in the paper's order (B1, B4, B5, B6, language)."""
    by_speaker, by_language = wanted.active_speaker_ratio != (None, None), wanted.min_language_score is not None
    losses = loss_scores(batch.losses, SCHEMAS["sentence_clip_losses"], wanted.loss)
    speakers = _scores(batch.active_speakers, "active_speaker_ratios", "ratio") if by_speaker else None
    queries = _scores(batch.queries, "commentary_queries", "accepted", "query", "reason") if wanted.queries else None
    languages = _scores(batch.languages, "language_scores", "language", "score") if by_language else None
    allowed = admission(evaluation_ids, wanted.categories)

    def verdicts(clips: pa.Table) -> Verdicts:
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
        return Verdicts(faults, scores)

    return verdicts


def _scores(table: Readable, asset: str, *columns: str) -> Scores:
    return Scores(table, SCHEMAS[asset], "clip_id", *columns)


def _unscored(missing: np.ndarray, text: str) -> Fault:
    return Fault("error", "no_score", missing, lambda row: text)


def _speaker_faults(ratio: pa.Array, limits: tuple[float | None, float | None]) -> list[Fault]:
    missing, values = numbers(ratio)
    low, high = limits
    outside = np.zeros(len(values), bool)
    if low is not None:
        outside |= values < low
    if high is not None:
        outside |= values > high

    def detail(row: int) -> str:
        return f"somebody in view speaks {values[row]:.0%} of the time, allowed is {low} to {high}"

    return [
        _unscored(missing, "it has no active-speaker ratio; see why in active_speaker_ratios"),
        Fault("filtered", "active_speaker", outside, detail),
    ]


def _query_faults(found: dict[str, pa.Array]) -> list[Fault]:
    written = mask(pc.greater(pc.utf8_length(found["query"]), 0))
    return [
        _unscored(mask(found["accepted"].is_null()), "no query was written for it; see why in commentary_queries"),
        Fault(
            "filtered",
            "query_refused",
            ~(mask(found["accepted"]) & written),
            lambda row: found["reason"][row].as_py(),
        ),
    ]


def _language_faults(found: dict[str, pa.Array], wanted: Criteria) -> list[Fault]:
    language, least = found["language"], wanted.min_language_score or 0
    missing, scores = numbers(found["score"])

    def other(row: int) -> str:
        return f"the words are in {language[row].as_py()!r} ({scores[row]:.2f}), wanted is {wanted.language!r}"

    def unsure(row: int) -> str:
        return f"{language[row].as_py()!r} with certainty {scores[row]:.2f}, wanted is at least {least:g}"

    return [
        _unscored(missing, "its language was not scored; see why in language_scores"),
        Fault("filtered", "other_language", ~mask(pc.equal(language, wanted.language)), other),
        Fault("filtered", "language_unsure", scores < least, unsure),
    ]


def join_live_whisperx(
    batches: Iterable[SentenceBatch], config: dict[str, Any], evaluation_ids: Collection[str]
) -> Iterator[Piece]:
    """``live_whisperx`` in pieces in batch order. ``config`` is the selection file's ``live_whisperx`` section.

    Memory stays flat: a few batches' scores and 12 bytes for each surviving clip.
    """
    wanted = Criteria.of(config)
    recipe = Recipe(
        SCHEMAS["sentence_clips"],
        SCHEMAS["live_whisperx"],
        ("video_id", "category"),
        wanted.size,
        wanted.rank == "distinct_words",
    )
    yield from select(batches, lambda batch: judge_of(batch, wanted, evaluation_ids), recipe)


def select_live_whisperx(
    batches: Iterable[SentenceBatch], config: dict[str, Any], evaluation_ids: Collection[str]
) -> Iterator[dict[str, Any] | Rejected]:
    """Rows of ``live_whisperx``, or why a clip is out: :func:`join_live_whisperx` row by row."""
    for piece in join_live_whisperx(batches, config, evaluation_ids):
        yield from piece.as_rows()


def sentence_batches(inputs: dict[str, list[Any]]) -> list[SentenceBatch]:
    """Batches from a task's artefacts, matched by partition; one that lacks a table was already listed as left out."""
    assets = (
        "sentence_clips",
        "sentence_clip_losses",
        "active_speaker_ratios",
        "commentary_queries",
        "language_scores",
    )
    return [SentenceBatch(partition, *found) for partition, found in by_partition(inputs, assets).items()]
