"""Timing: a delay lowers every figure of it, shuffled words lower it more, and hours of a game take no memory."""

import tracemalloc
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from benchmarks.timing_scale import commentary as made_up
from benchmarks.timing_scale import human as made_up_human
from livecc_assets.commentary.utterance import Utterance, shifted
from livecc_assets.core.words import Word
from livecc_assets.evaluation.timing import Field, Stretch, spread, stretches
from livecc_assets.evaluation.timing_match import Window
from livecc_assets.evaluation.timing_score import TIMING, lag_entry, lag_quantiles, metrics, sums_of, together

SEEDS = range(8)
WORD_FIGURES = ("timely_f1", "timely_precision", "timely_recall")


def human(seed: int, seconds: float = 240.0, vocabulary: int = 300) -> list[Word]:
    """Speech in bursts of 5 to 15 s with pauses of 4 to 12 s; the commonest content word is 1 in 25, as in a game."""
    rng = np.random.default_rng(seed)
    often = 1 / (5 + np.arange(vocabulary))
    often /= often.sum()
    words, now = list[Word](), 0.4
    while now < seconds - 2:
        end = min(now + rng.uniform(5, 15), seconds - 1)
        while now < end:
            length = float(rng.uniform(0.2, 0.5))
            words.append({"start": now, "end": now + length, "word": f"w{rng.choice(vocabulary, p=often)}"})
            now += length
        now += float(rng.uniform(4, 12))
    return words


def intervals(words: Sequence[Word], seconds: float = 240.0, latency: float | None = 0.1) -> list[Utterance]:
    """What a model says that says every word in its second: a block of 3 s, then of 1 s."""
    edges = [0, *range(3, int(seconds) + 1)]

    def inside(start: float, end: float) -> str:
        return " ".join(word["word"] for word in words if start <= (word["start"] + word["end"]) / 2 < end)

    return [Utterance(start, end, inside(start, end), latency) for start, end in pairwise(edges)]


def shuffled(said: Sequence[Utterance], seed: int) -> list[Utterance]:
    """The same words in another order, in the same places."""
    words = [word for one in said for word in one.text.split()]
    order = iter(np.random.default_rng([seed, 1]).permutation(len(words)))
    return [replace(one, text=" ".join(words[next(order)] for _ in one.text.split())) for one in said]


def moved(said: Sequence[Utterance], seed: int) -> list[Utterance]:
    """What is said in each interval, in another one."""
    order = np.random.default_rng([seed, 2]).permutation(len(said))
    return [replace(one, text=said[k].text) for one, k in zip(said, order, strict=True)]


def figures(found: Sequence[Stretch]) -> dict[str, float]:
    whole = sums_of(found).sum(axis=0)
    return {name: float(metric.value(whole)) for name, metric in metrics().items()}


def scored(said: Sequence[Utterance], words: Sequence[Word], delay: float = 0.0) -> dict[str, float]:
    return figures(list(stretches(said, words, delay=delay)))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_delay_of_three_seconds_lowers_every_figure_of_timing(seed: int) -> None:
    words = human(seed)
    good, late = scored(intervals(words), words), scored(intervals(words), words, delay=3)
    for name in TIMING:
        assert late[name] < good[name] - 0.1, name
    assert good["timely_f1"] > 0.99 and good["synchrony"] == 1 and late["synchrony"] == 0
    lags = [together(list(stretches(intervals(words), words, delay=delay))).lags for delay in (0, 3)]
    assert lag_quantiles(lags[1])["p50"] > lag_quantiles(lags[0])["p50"] + 2


@pytest.mark.parametrize("seed", SEEDS)
def test_words_that_are_late_by_their_latency_or_by_their_times_are_as_late(seed: int) -> None:
    words, said = human(seed), intervals(human(seed), latency=None)
    slow = scored([replace(one, latency=3.0) for one in said], words)
    assert slow["synchrony"] == 0
    for name, value in scored(said, words, delay=3).items():
        if name != "synchrony":
            assert slow[name] == pytest.approx(value), name
    end = 243.0  # words of later intervals come a little later, and the stretch begins and ends with them
    assert figures(list(stretches(shifted(said, 3), words, 0, end)))["timely_f1"] == pytest.approx(slow["timely_f1"])


@pytest.mark.parametrize("seed", SEEDS)
def test_shuffled_words_lower_the_figures_of_words_more_than_the_delay(seed: int) -> None:
    words, said = human(seed), intervals(human(seed))
    late, mixed = scored(said, words, delay=3), scored(shuffled(said, seed), words)
    for name in WORD_FIGURES:
        assert mixed[name] < late[name] - 0.05, name
    assert mixed["content_f1"] < late["content_f1"]
    assert mixed["silence_kappa"] == pytest.approx(scored(said, words)["silence_kappa"]), "it does not look at words"


@pytest.mark.parametrize("seed", SEEDS)
def test_words_in_any_other_second_lower_every_figure_more_than_the_delay(seed: int) -> None:
    words, said = human(seed), intervals(human(seed))
    late, elsewhere = scored(said, words, delay=3), scored(moved(said, seed), words)
    for name in (*WORD_FIGURES, "silence_kappa"):
        assert elsewhere[name] < late[name] - 0.05, name


@pytest.mark.parametrize("seed", SEEDS)
def test_the_later_the_lower(seed: int) -> None:
    words, said = human(seed), intervals(human(seed))
    for name in ("timely_f1", "timely_precision", "timely_recall"):
        values = [scored(said, words, delay)[name] for delay in (0, 1.5, 2, 3, 4, 5)]
        assert values == sorted(values, reverse=True), name


def test_figures_are_those_of_hand() -> None:
    words = spread([[0.0, 0.4, "Goal!"], [2.0, 2.4, "the"], [2.4, 2.8, "Keeper's"], [6.0, 6.4, "wow"]])
    said = [
        Utterance(0, 1, "goal"),
        Utterance(5, 6, "The keeper, a hand"),
        Utterance(7, 8, "", 0.2),
        Utterance(8, 9, "", 1.5),
    ]
    (found,) = stretches(said, words)
    counts = {one.name: int(found.counts[one]) for one in Field if found.counts[one]}
    assert counts == {
        "SAID": 3, "SPOKEN": 3, "BOTH_SPEAK": 1, "ONLY_SAID": 1, "ONLY_SPOKEN": 2, "BOTH_SILENT": 5,
        "INTERVALS": 2, "IN_SECOND": 1, "WORDS": 5, "HUMAN_WORDS": 4, "GRAMS": 2, "HUMAN_GRAMS": 1,
    }  # fmt: skip
    # goal at 0.5 against 0.2: in full; keeper at 5.375 against 2.6: 2.8 s late, (5 - 2.8) / 4
    value = figures([found])
    assert value["timely_f1"] == pytest.approx((1 + 0.55) / 3)
    assert value["content_f1"] == pytest.approx(2 / 3)
    observed, chance = 6 / 9, (2 * 3 + 7 * 6) / 81
    assert value["silence_kappa"] == pytest.approx((observed - chance) / (1 - chance))
    assert lag_entry(found) == {"n": 2, "p10": 0.3, "p50": 0.3, "p90": 2.8, "early": 0, "in_time": 50, "late": 50}


def test_the_sum_of_minutes_is_the_whole() -> None:
    words, said = human(3), intervals(human(3))
    minutes = list(stretches(said, words, delay=1.7))
    (whole,) = stretches(said, words, every=np.inf, delay=1.7)
    assert [(one.begin, one.end) for one in minutes] == [(0, 60), (60, 120), (120, 180), (180, 240)]
    total = together(minutes)
    same = [
        one for one in Field if "GRAMS" not in one.name and "REPEATED" not in one.name
    ]  # runs end with their minute
    assert total.counts[same].tolist() == whole.counts[same].tolist()
    assert total.lags.tolist() == whole.lags.tolist()


def test_only_what_lies_between_start_and_end_counts() -> None:
    words, said = human(4), intervals(human(4))
    found = together(list(stretches(said, words, 30, 90)))
    middle = [word for word in words if 30 <= (word["start"] + word["end"]) / 2 < 90]
    assert (found.begin, found.end, found.counts[Field.HUMAN_WORDS]) == (30, 90, len(middle))
    assert found.counts[Field.WORDS] == sum(one.words for one in said if 30 <= one.start < 90)


def test_a_human_who_speaks_on_after_the_commentary_has_ended_does_not_count() -> None:
    words = human(5)
    short = [one for one in intervals(words) if one.end <= 100]
    found = list(stretches(short, words))
    assert found[-1].end == 100
    assert figures(found)["timely_recall"] > 0.98


def test_silence_to_the_end_counts() -> None:
    words = human(5)
    said = [one if one.end <= 100 else replace(one, text="") for one in intervals(words)]
    recall = figures(list(stretches(said, words)))["timely_recall"]
    assert recall == pytest.approx(sum(word["end"] <= 100 for word in words) / len(words), abs=0.02)


def test_nothing_said_and_nothing_spoken_is_told_as_not_applicable() -> None:
    words = human(6)
    silent = figures(list(stretches([Utterance(0, 240, "")], words)))
    assert (silent["timely_f1"], silent["timely_recall"]) == (0, 0)
    assert np.isnan(silent["timely_precision"]) and np.isnan(silent["synchrony"])
    assert silent["silence_kappa"] == 0, "one who never speaks agrees by chance alone"
    assert np.isnan(figures(list(stretches(intervals([]), [])))["silence_kappa"]), "both are silent all the time"
    assert list(stretches([], words)) == []


def test_a_commentary_that_is_skipped_is_not_in_time() -> None:
    said = [Utterance(0, 3, "one"), Utterance(3, 4, "", None, "skipped"), Utterance(4, 5, "two", 0.3)]
    (found,) = stretches(said, [])
    assert (found.counts[Field.INTERVALS], found.counts[Field.IN_SECOND]) == (2, 1)


def test_repetition_is_that_of_a_minute() -> None:
    said = [Utterance(k, k + 1, "come on team go") for k in range(120)]
    found = list(stretches(said, []))
    runs = 60 * 4 - 3
    assert [int(one.counts[Field.GRAMS]) for one in found] == [runs, runs]
    assert [int(one.counts[Field.REPEATED]) for one in found] == [runs - 4, runs - 4]


def test_the_interval_holds_the_figure_and_narrows_with_minutes() -> None:
    widths = []
    for seconds in (300.0, 3000.0):
        words = human(7, seconds)
        said = [replace(one, text=one.text if k % 4 else "") for k, one in enumerate(intervals(words, seconds))]
        found = list(stretches(said, words))
        for name, metric in metrics().items():
            rate = metric.rate(sums_of(found), range(len(found)))
            assert rate is not None and rate.low <= rate.value <= rate.high and rate.low < rate.high, name
            assert rate.clusters == len(found)
        rate = metrics()["timely_f1"].rate(sums_of(found), range(len(found)))
        assert rate is not None
        widths.append(rate.high - rate.low)
    assert widths[1] < widths[0] / 2


def test_kappas_interval_is_about_what_a_bootstrap_over_minutes_says() -> None:
    words = human(8, 3600.0)
    said = [replace(one, text=one.text if k % 3 else "") for k, one in enumerate(intervals(words, 3600.0))]
    sums = sums_of(list(stretches(said, words)))
    kappa = metrics()["silence_kappa"]
    rate = kappa.rate(sums, range(len(sums)))
    assert rate is not None
    draws = np.random.default_rng(0).integers(0, len(sums), (1000, len(sums)))
    low, high = np.quantile(kappa.value(sums[draws].sum(axis=1)), [0.025, 0.975])
    assert (rate.low, rate.high) == (pytest.approx(low, abs=0.03), pytest.approx(high, abs=0.03))


def test_two_runs_are_told_apart_and_one_from_itself_is_not() -> None:
    words = human(9, 900.0)
    said = intervals(words, 900.0)
    good, late = (sums_of(list(stretches(said, words, delay=delay))) for delay in (0, 2))
    found = metrics()["timely_f1"].difference(good, late, range(len(good)))
    assert found is not None and found.low > 15 and found.p_value < 0.01
    none = metrics()["timely_f1"].difference(good, good, range(len(good)))
    assert none is not None and (none.value, none.p_value) == (0, 1) and none.low < 0 < none.high


def test_a_narrower_window_forgives_less() -> None:
    words, said = human(2), intervals(human(2))
    values = []
    for end in (10.0, 5.0, 2.5):
        window = Window(end)
        sums = sums_of(list(stretches(said, words, window=window, delay=2))).sum(axis=0)
        values.append(float(metrics(window)["timely_f1"].value(sums)))
    assert values == sorted(values, reverse=True) and values[0] > values[2] + 0.2


@pytest.mark.parametrize("loop", [False, True])
def test_memory_is_that_of_minutes_however_long_the_game(loop: bool) -> None:
    def game(hours: float) -> Iterator[Stretch]:
        seconds = 3600 * hours
        return stretches(made_up(seconds, loop), made_up_human(seconds, loop))

    peaks, counted = [], []
    for hours in (0.5, 1.5):
        tracemalloc.start()
        counted.append(sum(int(one.counts[Field.WORDS]) for one in game(hours)))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert counted[1] > 2.8 * counted[0] > 5000
    assert peaks[1] < peaks[0] + 2e5 < 1.5e6, (
        "20 bytes for each word more: what is known of frequent words, and no words"
    )
