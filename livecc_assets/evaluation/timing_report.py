"""What a commentary file says about its timing: the document of `livecc score timing` (method 4.8)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from livecc_assets.commentary.latency import Latencies
from livecc_assets.commentary.utterance import Utterance
from livecc_assets.core.errors import UserError
from livecc_assets.core.words import Word
from livecc_assets.evaluation.intervals import FEW, Rate
from livecc_assets.evaluation.judgement_score import difference_entry, interval, rejected_entry
from livecc_assets.evaluation.pairs import holm
from livecc_assets.evaluation.timing import MINUTE, Field, Stretch, stretches
from livecc_assets.evaluation.timing_files import LONGEST, read_commentary
from livecc_assets.evaluation.timing_match import USUAL, Window
from livecc_assets.evaluation.timing_score import TIMING, lag_entry, lag_quantiles, metrics, sums_of, together

#: Figures that `against` compares.
COMPARED = (*TIMING, "content_f1", "repetition")


def document(
    path: Path,
    spoken: Sequence[Word],
    begin: float | None = None,
    end: float | None = None,
    window: Window = USUAL,
    delay: float = 0.0,
    against: Iterable[Path] = (),
) -> dict[str, Any]:
    """Figures with intervals over minutes, lags, the minutes one by one, and differences to other files over the same minutes.

    ``begin`` and ``end`` (seconds) choose a part of what was commented; where that begins later, or ends before both the human
    and ``end`` do, its silence counts. ``delay`` makes the commentary later by so many seconds.
    """
    commentary, latencies = read_commentary(path), Latencies()
    first, last = 0.0 if begin is None else begin, math.inf if end is None else end
    within = (one for one in commentary.utterances if first <= one.start < last)
    least = -math.inf if end is None else min(end, spoken[-1]["end"])
    end = None  # the intervals tell where the commentary begins and ends, unless the file leaves silence out
    if commentary.end is not None:
        begin, end = first, min(last, max(commentary.end, spoken[-1]["end"]))
        if end - begin > LONGEST:
            raise UserError(f"{path}: {end - begin:.0f} s from --start to the last word, more than 30 days; give --end")
    minutes = list(stretches(_heard(within, latencies, delay), spoken, begin, end, MINUTE, window, delay, least))
    if not minutes or minutes[-1].end <= minutes[0].begin:
        raise UserError(f"{path}: nothing to score from {first:g} s on; mend --start and --end")
    whole = together(minutes)
    sums, seconds = sums_of(minutes), whole.end - whole.begin
    found = {name: one.rate(sums, range(len(minutes))) for name, one in metrics(window).items()}
    found["timely_f1_chance"] = _by_chance(path, spoken, whole, window, delay)
    counts = whole.counts
    report: dict[str, Any] = {
        "file": path.name,
        "begin": round(whole.begin, 3),
        "end": round(whole.end, 3),
        "seconds": round(seconds, 3),
        "minutes": len(minutes),
        "window": {"in_time": window.in_time, "end": window.end},
        "delay": delay,
        **{name: None if one is None else round(one.value, 4) for name, one in found.items()},
        "rates": {name: _entry(one) for name, one in found.items() if one is not None},
        "lag": lag_entry(whole, window),
        "latency": latencies.as_metadata(),
        "words": int(counts[Field.WORDS]),
        "words_per_second": round(counts[Field.WORDS] / seconds, 4),
        "human_words": int(counts[Field.HUMAN_WORDS]),
        "human_words_per_second": round(counts[Field.HUMAN_WORDS] / seconds, 4),
        "content_words": int(counts[Field.SAID]),
        "human_content_words": int(counts[Field.SPOKEN]),
        "silent_seconds": int(counts[Field.ONLY_SPOKEN] + counts[Field.BOTH_SILENT]),
        "human_silent_seconds": int(counts[Field.ONLY_SAID] + counts[Field.BOTH_SILENT]),
        "by_minute": [_minute(one, window) for one in minutes],
        "rejected": rejected_entry(commentary.rejected),
    }
    compared = [_difference(minutes, other, spoken, window, delay) for other in against]
    for name in COMPARED:  # the p of a figure, corrected for the number of files
        corrected = holm(
            {str(k): one["differences"][name]["p"] for k, one in enumerate(compared) if name in one["differences"]}
        )
        for k, p_value in corrected.items():
            compared[int(k)]["differences"][name]["p_holm"] = p_value
    return report | {"compared": compared}


def _by_chance(path: Path, spoken: Sequence[Word], whole: Stretch, window: Window, delay: float) -> Rate | None:
    """Timely F1 of the same words a minute later, which cannot be about what is shown; None below two minutes."""
    if whole.end - whole.begin < 2 * MINUTE:
        return None
    later = (replace(one, start=one.start + MINUTE, end=one.end + MINUTE) for one in read_commentary(path).utterances)
    minutes = list(stretches(later, spoken, whole.begin + MINUTE, whole.end, MINUTE, window, delay))
    return metrics(window)["timely_f1"].rate(sums_of(minutes), range(len(minutes)))


def _heard(said: Iterable[Utterance], latencies: Latencies, delay: float) -> Iterator[Utterance]:
    for one in said:
        latencies.add(None if one.latency is None else one.latency + delay)
        yield one


def _entry(found: Rate) -> dict[str, Any]:
    """A rate over minutes as the document holds it."""
    head = {"value": round(found.value, 4), "interval": interval(found), "n": found.n}
    return head | {"minutes": found.clusters, "too_few": found.few}


def _minute(one: Stretch, window: Window) -> dict[str, Any]:
    sums = sums_of([one])[0]
    figures = {name: float(metric.value(sums)) * metric.scale for name, metric in metrics(window).items()}
    return {
        "begin": round(one.begin, 3),
        "seconds": round(one.end - one.begin, 3),
        "words": int(one.counts[Field.WORDS]),
        "human_words": int(one.counts[Field.HUMAN_WORDS]),
        "lag_p50": lag_quantiles(one.lags, window).get("p50"),
        **{name: round(value, 4) if math.isfinite(value) else None for name, value in figures.items()},
    }


def _difference(
    ours: Sequence[Stretch], other: Path, spoken: Sequence[Word], window: Window, delay: float
) -> dict[str, Any]:
    """This file minus another over the seconds of this one, figure by figure."""
    commentary = read_commentary(other)
    begin, end = ours[0].begin, ours[-1].end
    theirs = list(stretches(commentary.utterances, spoken, begin, end, MINUTE, window, delay))
    shared = min(len(ours), len(theirs))  # of one side words may come so late that they stand after the end
    first, second = (sums_of([*some[: shared - 1], together(some[shared - 1 :])]) for some in (ours, theirs))
    found = {name: metrics(window)[name].difference(first, second, range(shared)) for name in COMPARED}
    entries = {name: difference_entry(one) for name, one in found.items() if one is not None}
    return {"file": other.name, "minutes": shared, "too_few": shared < FEW, "differences": entries}
