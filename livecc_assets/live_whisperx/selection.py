"""Live-WhisperX, the SFT set: sentence clips joined with their four scores and filtered (spec 1.1, 1.8-1.10)."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from livecc_assets.live_cc.ranking import Judge, Readable, Verdict, band, in_band, select
from livecc_assets.live_cc.selection import admitted, by_partition, loss_fault
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
    by_loss, by_speaker = wanted.loss != (None, None), wanted.active_speaker_ratio != (None, None)
    losses = {key: loss for key, (loss,) in _scores(batch.losses, "loss")} if by_loss else {}
    ratios = {key: ratio for key, (ratio,) in _scores(batch.active_speakers, "ratio")} if by_speaker else {}
    queries = dict(_scores(batch.queries, "accepted", "query", "reason")) if wanted.queries else {}
    languages = dict(_scores(batch.languages, "language", "score")) if wanted.min_language_score is not None else {}

    def verdict(clip: dict[str, Any]) -> Verdict:
        clip_id = clip["clip_id"]
        fault = (
            admitted(clip, evaluation_ids, wanted.categories)
            or loss_fault(clip, losses, wanted.loss)
            or (_speaker_fault(ratios.get(clip_id), wanted) if by_speaker else None)
            or (_query_fault(queries.get(clip_id)) if wanted.queries else None)
            or (_language_fault(languages.get(clip_id), wanted) if wanted.min_language_score is not None else None)
        )
        return fault or {
            "loss": losses.get(clip_id),
            "active_speaker_ratio": ratios.get(clip_id),
            "query": queries[clip_id][1] if wanted.queries else None,
            "language_score": languages[clip_id][1] if clip_id in languages else None,
        }

    return verdict


def _scores(table: Readable, *columns: str) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """(clip_id, the named columns) of every row."""
    for row in table.rows(["clip_id", *columns]):
        yield row["clip_id"], tuple(row[name] for name in columns)


def _speaker_fault(ratio: float | None, wanted: Criteria) -> tuple[str, str, str] | None:
    if ratio is None:
        return "error", "no_score", "it has no active-speaker ratio; see why in active_speaker_ratios"
    low, high = wanted.active_speaker_ratio
    if in_band(ratio, low, high) is None:
        return None
    return "filtered", "active_speaker", f"somebody in view speaks {ratio:.0%} of the time, allowed is {low} to {high}"


def _query_fault(query: tuple[bool, str | None, str] | None) -> tuple[str, str, str] | None:
    if query is None:
        return "error", "no_score", "no query was written for it; see why in commentary_queries"
    accepted, text, reason = query
    return None if accepted and text else ("filtered", "query_refused", reason)


def _language_fault(found: tuple[str, float] | None, wanted: Criteria) -> tuple[str, str, str] | None:
    if found is None:
        return "error", "no_score", "its language was not scored; see why in language_scores"
    language, score = found
    if language != wanted.language:
        return (
            "filtered",
            "other_language",
            f"the words are in {language!r} ({score:.2f}), wanted is {wanted.language!r}",
        )
    if score < (wanted.min_language_score or 0):
        detail = f"{language!r} with certainty {score:.2f}, wanted is at least {wanted.min_language_score:g}"
        return "filtered", "language_unsure", detail
    return None


def select_live_whisperx(
    batches: Iterable[SentenceBatch], config: dict[str, Any], evaluation_ids: Collection[str]
) -> Iterator[dict[str, Any] | Rejected]:
    """Rows of ``live_whisperx`` in batch order, or why a clip is out. ``config`` is the file's ``live_whisperx``
    section. Memory stays flat: one batch's scores and 12 bytes for each surviving clip."""
    wanted = Criteria.of(config)
    yield from select(
        batches,
        lambda batch: judge_of(batch, wanted, evaluation_ids),
        ("video_id", "category"),
        wanted.size,
        wanted.rank == "distinct_words",
    )


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
