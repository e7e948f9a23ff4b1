"""The rows of timing on an experiment's score page, over the events of the benchmark (method 4.8)."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from livecc_assets.commentary.utterance import Utterance, shifted
from livecc_assets.core.word_times import WordListError
from livecc_assets.core.words import Word
from livecc_assets.evaluation.schemas import rate_row, score_row
from livecc_assets.evaluation.timing import Field, Stretch, spread, stretches
from livecc_assets.evaluation.timing_match import USUAL
from livecc_assets.evaluation.timing_score import QUANTILES, lag_entry, metrics, sums_of, together

Rows = Sequence[dict[str, Any]]
Said = Mapping[tuple[str, int], Sequence[Mapping[str, Any]]]

_MATCHED = f"content words equal to the human's, weight 1 within {USUAL.in_time:g} s and 0 from {USUAL.end:g} s"
_NOTES = {
    "timely_f1": _MATCHED,
    "timely_precision": "of the commentary's content words, by weight",
    "timely_recall": "of the human's content words, by weight",
    "content_f1": f"the same without weights: equal words less than {USUAL.end:g} s apart",
    "silence_kappa": "Cohen's kappa of who speaks in which second; 0: as by chance, 1: always the same",
    "repetition": "4-grams that occurred before in the same event",
}
_ABSENT = {
    **dict.fromkeys(("timely_f1", "timely_recall", "content_f1"), "no content word was spoken"),
    "timely_precision": "no content word was said",
    "silence_kappa": "both always speak, or neither does",
    "repetition": "no four words were said in a row",
}


def timing_rows(
    commentary: Rows,
    events: Rows,
    measured: Mapping[str, Any] | None = None,
    draws: int = 2000,
    seed: int = 0,
) -> list[dict[str, Any]]:
    """Score rows of an experiment's timing over the benchmark's events, intervals over videos.

    An event without commentary counts as silence. ``measured``: metadata of the commentary, of which the synchrony is told.
    """
    if not events:
        return []
    said = {(row["video_id"], row["event_id"]): row["utterances"] for row in commentary}
    spoken = [speech_of(event) for event in events]
    counted = [_stretch(event, _said_in(said, event), words) for event, words in zip(events, spoken, strict=True)]
    videos, sums = [event["video_id"] for event in events], sums_of(counted)
    rows = []
    for name in ("timely_f1", "timely_precision", "timely_recall", "content_f1", "silence_kappa", "repetition"):
        found = metrics()[name].rate(sums, videos, draws, seed)
        if found is None:
            rows.append(score_row(name, "all", None, 0, note=_ABSENT[name]))
        else:
            rows.append(rate_row(name, "all", found, _NOTES[name]))
    rows += _by_chance(events, spoken, said, draws, seed)
    whole = together(counted)
    lags = lag_entry(whole)
    for name in (f"p{quantile}" for quantile in QUANTILES):
        note = "seconds by which matched words come later than the human's; negative: earlier"
        rows.append(score_row(f"lag_{name}", "all", lags.get(name), int(lags["n"]), note=note))
    seconds = sum(event["end"] - event["begin"] for event in events)
    pace = float(whole.counts[Field.HUMAN_WORDS] / seconds)
    rows.append(
        score_row("human_words_per_second", "all", pace, len(events), note="the human's, beside words_per_second")
    )
    if measured and measured.get("intervals"):
        note = f"intervals that ended within their second; latency p95 {measured['latency_p95']} s"
        rows.append(score_row("synchrony", "all", 100 * measured["synchrony"], measured["intervals"], note=note))
    return rows


def _by_chance(
    events: Rows, spoken: Sequence[Sequence[Word]], said: Said, draws: int, seed: int
) -> list[dict[str, Any]]:
    """Timely F1 of a commentary that cannot know: each event's is that of the next video's event, from its start on."""
    of_video: dict[str, list[Mapping[str, Any]]] = {}
    for event in events:
        of_video.setdefault(event["video_id"], []).append(event)
    if len(of_video) < 2:
        return []
    videos = list(of_video)
    following = dict(zip(videos, [*videos[1:], videos[0]], strict=True))
    taken, counted = Counter[str](), list[Stretch]()
    for event, words in zip(events, spoken, strict=True):
        others = of_video[following[event["video_id"]]]
        other = others[taken[event["video_id"]] % len(others)]
        taken[event["video_id"]] += 1
        counted.append(_stretch(event, shifted(_said_in(said, other), event["begin"] - other["begin"]), words))
    found = metrics()["timely_f1"].rate(sums_of(counted), [event["video_id"] for event in events], draws, seed)
    note = "the same commentary, each event beside the human words of an event of another video"
    return [] if found is None else [rate_row("timely_f1_chance", "all", found, note)]


def _said_in(said: Said, event: Mapping[str, Any]) -> list[Utterance]:
    """An event's utterances in order; none where it has no commentary."""
    found = said.get((event["video_id"], event["event_id"])) or ()
    return [Utterance(one["start"], one["end"], one["text"]) for one in sorted(found, key=lambda one: one["start"])]


def _stretch(event: Mapping[str, Any], said: Iterable[Utterance], spoken: Iterable[Word]) -> Stretch:
    (found,) = stretches(said, spoken, event["begin"], event["end"], math.inf)
    return found


def speech_of(event: Mapping[str, Any]) -> list[Word]:
    """What the human says in an event of the benchmark, word by word; a sentence's words share its time evenly."""
    try:
        return spread(json.loads(event["event_asr"]))
    except WordListError:
        return []
