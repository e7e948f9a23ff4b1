"""The visible match: what is planned is what is shown, and nothing but the frames tells it."""

from collections import Counter
from itertools import pairwise, product

import numpy as np
import pytest

from livecc_assets.sample.match import (
    ACTORS,
    COLOURS,
    PLACES,
    SIZE,
    VERBS,
    Event,
    MatchPlan,
    plan_match,
    render,
    render_at,
    sentence,
)


def one_event(actor: str, verb: str, place: str, seed: int = 3) -> MatchPlan:
    return MatchPlan(seed, 10.0, (Event(2.0, 4.2, actor, verb, place),))


def change(plan: MatchPlan, t: float) -> np.ndarray:
    """Where the event alters the frame at `t`: the same match without it is subtracted; bool [H, W]."""
    empty = MatchPlan(plan.seed, plan.duration, ())
    return np.abs(render_at(plan, t).astype(int) - render_at(empty, t).astype(int)).sum(-1) > 60


def test_a_seed_always_makes_the_same_match_and_another_seed_another() -> None:
    assert plan_match(5) == plan_match(5)
    assert plan_match(5).events != plan_match(6).events
    assert np.array_equal(render_at(plan_match(5), 7.3), render_at(plan_match(5), 7.3))
    assert not np.array_equal(render_at(plan_match(5), 0.0), render_at(plan_match(6), 0.0))


def test_events_keep_their_gaps_and_end_before_the_match() -> None:
    for seed in range(50):
        plan = plan_match(seed, duration=28, min_gap=3.0, max_gap=4.2)
        assert 0.5 <= plan.events[0].time <= 1.0
        assert plan.events[-1].time <= 25.0
        gaps = [b.time - a.time for a, b in pairwise(plan.events)]
        assert min(gaps) >= 2.99
        assert max(gaps) <= 4.21
        assert all(a.end <= b.time for a, b in pairwise(plan.events))


def test_gaps_that_would_overlap_events_are_refused() -> None:
    with pytest.raises(ValueError, match="min_gap"):
        plan_match(1, min_gap=2.0)
    with pytest.raises(ValueError, match="max_gap"):
        plan_match(1, min_gap=4.0, max_gap=3.5)


def test_actor_verb_and_place_are_uniform_and_independent_of_each_other_and_of_what_came_before() -> None:
    events = [plan_match(seed).events for seed in range(800)]
    flat = [e for row in events for e in row]
    for pairs, n_pairs in (
        ([(e.actor, e.verb) for e in flat], len(ACTORS) * len(VERBS)),
        ([(e.verb, e.place) for e in flat], len(VERBS) * len(PLACES)),
        ([(a.actor, b.actor) for row in events for a, b in pairwise(row)], len(ACTORS) ** 2),
        ([(a.verb, b.verb) for row in events for a, b in pairwise(row)], len(VERBS) ** 2),
        ([(n, e.actor) for row in events for n, e in enumerate(row[:6])], 6 * len(ACTORS)),
    ):
        counts = Counter(pairs)
        expected = len(pairs) / n_pairs
        chi2 = sum((counts[key] - expected) ** 2 / expected for key in counts) + (n_pairs - len(counts)) * expected
        assert chi2 < n_pairs + 4.5 * np.sqrt(2 * n_pairs)


def test_frames_have_the_size_the_rate_and_the_length_asked_for() -> None:
    frames = list(render(plan_match(1, duration=4.0), fps=5))
    assert len(frames) == 20
    assert {frame.shape for frame in frames} == {(SIZE, SIZE, 3)}
    assert {frame.dtype for frame in frames} == {np.dtype(np.uint8)}
    assert next(render(plan_match(1), size=224)).shape == (224, 224, 3)


def test_players_and_ball_move_all_the_time() -> None:
    plan = MatchPlan(4, 10.0, ())
    for a, b in pairwise(render(plan, fps=2)):
        assert (np.abs(a.astype(int) - b.astype(int)).sum(-1) > 60).mean() > 0.01


@pytest.mark.parametrize(("actor", "verb"), list(product(ACTORS, VERBS)))
def test_an_event_shows_its_actors_colour_large_at_its_place_and_only_while_it_lasts(actor: str, verb: str) -> None:
    centres = {}
    for place in PLACES:
        plan = one_event(actor, verb, place)
        shown = change(plan, 2.5)
        kit = np.abs(render_at(plan, 2.5).astype(int) - COLOURS[actor]).max(-1) < 12
        assert (kit & shown).sum() > 150, "the acting player is at least as large as a dozen others"
        centres[place] = np.nonzero(shown)[1].mean()
        assert not change(plan, 1.95).any()
        assert not change(plan, 4.25).any()
    assert centres["left"] < SIZE / 3 < centres["middle"] < 2 * SIZE / 3 < centres["right"]


def test_verbs_differ_in_a_single_still_frame() -> None:
    shapes = {verb: render_at(one_event("red", verb, "middle"), 3.0).astype(int) for verb in VERBS}
    for a, b in product(VERBS, VERBS):
        if a != b:
            assert (np.abs(shapes[a] - shapes[b]).sum(-1) > 60).sum() > 400


def test_a_sentence_names_actor_then_verb_then_place_in_five_to_seven_words() -> None:
    for time, actor, verb, place in product((1.0, 1.01), ACTORS, VERBS, PLACES):
        words = sentence(Event(time, time + 2, actor, verb, place)).split()
        assert words[:2] == [actor, verb]
        assert words[-1] == place
        assert 5 <= len(words) <= 7
        assert set(words) & (set(ACTORS) | set(VERBS)) == {actor, verb}


def test_the_commentary_of_a_match_is_as_fast_as_the_filters_want() -> None:
    for seed in range(20):
        plan = plan_match(seed)
        words = sum(len(sentence(event).split()) for event in plan.events)
        assert 1.0 < words / (plan.events[-1].time + 2.2 - plan.events[0].time) < 4.0
