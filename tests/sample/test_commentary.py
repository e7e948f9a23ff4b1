"""The commentary of a match: every event is told just after it shows, in a steady flow, and nothing else gives it away."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from livecc_assets.sample.match import ACTORS, PLACES, VERBS, plan_match, sentence
from livecc_assets.sample.videos import GAPS, commentary, match_length, match_video, title

SEEDS = range(40)


def matches():
    for seed in SEEDS:
        plan = plan_match(seed, match_length(seed), *GAPS)
        yield plan, commentary(plan)


def test_every_event_is_told_within_half_a_second_of_showing() -> None:
    for plan, sound in matches():
        assert [" ".join(word.word for word in line) for line in sound.lines] == [sentence(e) for e in plan.events]
        for event, line in zip(plan.events, sound.lines, strict=True):
            assert 0.0 <= line[0].start - event.time <= 0.5


def test_almost_every_sentence_starts_a_tenth_to_four_tenths_of_a_second_after_its_event() -> None:
    delays = [
        line[0].start - event.time
        for plan, sound in matches()
        for event, line in zip(plan.events, sound.lines, strict=True)
    ]
    edge = 0.04  # silence before the first word of every recording
    assert np.mean([0.1 <= delay - edge <= 0.41 for delay in delays]) > 0.95


def test_speech_flows_at_one_to_four_words_a_second_without_a_gap_of_three() -> None:
    for _, sound in matches():
        words = sound.words
        assert 1 <= len(words) / (words[-1].end - words[0].end) <= 4
        assert max(b.end - a.end for a, b in pairwise(words)) <= 3
        assert max(b.start - a.start for a, b in pairwise(words)) <= 3
        assert all(a.end <= b.start + 1e-3 for a, b in pairwise(words))


def test_a_mute_span_silences_the_events_that_start_in_it_and_no_others() -> None:
    plan = plan_match(4, 30.0)
    told = commentary(plan, mute=(10.0, 16.0)).lines
    assert len(told) == sum(not 10.0 <= event.time < 16.0 for event in plan.events) < len(plan.events)


def test_matches_last_24_to_32_seconds() -> None:
    lengths = [match_length(seed) for seed in range(200)]
    assert min(lengths) >= 24
    assert max(lengths) <= 32
    assert max(lengths) - min(lengths) > 6


def test_titles_hold_no_word_of_an_event() -> None:
    taken = {*ACTORS, *VERBS, *PLACES} | {word for _, sound in matches() for word in (w.word for w in sound.words)}
    taken -= {"the", "in", "on", "a"}
    for seed in range(300):
        assert not {word.strip(",:().").lower() for word in title(seed).split()} & taken


def test_titles_tell_nothing_about_the_first_event() -> None:
    """Chi-square of the title's form against the first actor and verb: independent draws stay below the 99.9 % bound."""
    scipy_stats = pytest.importorskip("scipy.stats")

    def form(seed: int) -> str:
        text = title(seed)
        return "week" if "week" in text else "visit" if "visit" in text else "cup" if "cup" in text else "other"

    seeds = range(20_000, 20_600)
    for part in ("actor", "verb"):
        pairs = Counter((form(seed), getattr(plan_match(seed).events[0], part)) for seed in seeds)
        forms, values = sorted({f for f, _ in pairs}), sorted({v for _, v in pairs})
        table = [[pairs[f, v] for v in values] for f in forms]
        assert scipy_stats.chi2_contingency(table).pvalue > 0.001


def test_kinds_of_captions_and_categories_do_not_depend_on_the_match() -> None:
    kinds = Counter(match_video("x", 5, number).caption_kind for number in range(12))
    assert set(kinds.values()) == {2}
    assert {match_video("x", seed, 3).category for seed in range(6)} == {"Sports"}
