"""An utterance names an event when it holds its actor and verb in time; matching is one to one and as large as can be."""

import itertools
import random

import pytest

from livecc_assets.evaluation.event_f1 import Claim, EventF1, Vocabulary, claims, event_f1, event_f1_gain, match
from tests.evaluation.builders import event, happening, said

WORDS = Vocabulary(("blue", "red", "red cap"), ("falls", "jumps", "kicks"))


def part(start, text, length=1.0):
    return {"start": start, "end": start + length, "text": text}


def test_words_of_consecutive_intervals_form_one_utterance():
    found = claims([part(3, "red"), part(4, "jumps very"), part(5, "high")], WORDS)
    assert found == [Claim(3, "red", "jumps")]


def test_a_silent_interval_ends_an_utterance():
    assert claims([part(3, "red"), part(5, "jumps")], WORDS) == []
    assert claims([part(3, "red"), part(5, "jumps")], WORDS, max_gap=1.5) == [Claim(3, "red", "jumps")]


def test_a_new_actor_starts_a_new_utterance_at_its_own_interval():
    found = claims([part(0, "red jumps and now", 3.0), part(3, "blue"), part(4, "falls red"), part(5, "kicks")], WORDS)
    assert found == [Claim(0, "red", "jumps"), Claim(3, "blue", "falls"), Claim(4, "red", "kicks")]


def test_an_actor_named_again_starts_again():
    found = claims([part(0, "red jumps"), part(1, "red jumps")], WORDS)
    assert [claim.start for claim in found] == [0, 1]


def test_words_before_the_first_actor_belong_to_it():
    assert claims([part(0, "what a kicks"), part(1, "by red")], WORDS) == [Claim(1, "red", "kicks")]


def test_listing_verbs_costs_a_claim_each_but_repeating_one_does_not():
    assert len(claims([part(0, "red jumps falls kicks")], WORDS)) == 3
    assert len(claims([part(0, "red jumps jumps jumps")], WORDS)) == 1


def test_actor_or_verb_alone_claims_nothing():
    assert claims([part(0, "red is there"), part(5, "somebody jumps")], WORDS) == []


def test_names_match_whole_words_whatever_the_case_and_punctuation():
    assert claims([part(0, "Red, jumps!")], WORDS) == [Claim(0, "red", "jumps")]
    assert claims([part(0, "reddish jumps")], WORDS) == []


def test_the_longest_name_wins():
    assert claims([part(0, "red cap jumps")], WORDS) == [Claim(0, "red cap", "jumps")]


@pytest.mark.parametrize(("start", "named"), [(8.9, 0), (9.0, 1), (10.0, 1), (12.0, 1), (12.1, 0)])
def test_a_claim_counts_from_one_second_early_to_two_late(start, named):
    assert match([Claim(start, "red", "jumps")], [happening(10)]) == named


@pytest.mark.parametrize("wrong", [Claim(10, "blue", "jumps"), Claim(10, "red", "falls")])
def test_both_actor_and_verb_must_be_right(wrong):
    assert match([wrong], [happening(10)]) == 0


def test_one_claim_names_one_event_and_one_event_is_named_once():
    assert match([Claim(10, "red", "jumps")], [happening(10), happening(10.5)]) == 1
    assert match([Claim(10, "red", "jumps"), Claim(10, "red", "jumps")], [happening(10)]) == 1


def test_matching_is_maximal_where_a_greedy_one_is_not():
    """The first claim could take either event, the second only the first one."""
    found = [Claim(11, "red", "jumps"), Claim(10, "red", "jumps")]
    truth = [happening(9), happening(11.5)]
    assert match(found, truth) == 2


def test_matching_equals_brute_force_on_random_cases():
    draw = random.Random(4)
    for _ in range(150):
        truth = [happening(draw.uniform(0, 8), draw.choice(["red", "blue"])) for _ in range(draw.randrange(5))]
        found = [Claim(draw.uniform(0, 10), draw.choice(["red", "blue"]), "jumps") for _ in range(draw.randrange(5))]

        def fits(claim, one):
            return claim.actor == one["actor"] and -1 <= claim.start - one["time"] <= 2

        best = 0
        for size in range(min(len(truth), len(found)), 0, -1):
            if any(
                all(fits(c, e) for c, e in zip(chosen, order, strict=True))
                for chosen in itertools.combinations(found, size)
                for order in itertools.permutations(truth, size)
            ):
                best = size
                break
        assert match(found, truth) == best


def test_f1_is_micro_averaged_over_videos():
    events = [event("a", 0, [happening(5), happening(10, "blue", "falls")]), event("b", 0, [happening(5)])]
    scorer = EventF1(events)
    run = [said("a", 0, (5, "red jumps"), (15, "blue falls")), said("b", 0, (5, "red jumps"))]
    counts = scorer.counts(run)
    assert [tuple(count) for count in counts.values()] == [(1, 2, 2), (1, 1, 1)]
    assert event_f1(scorer, run).value == pytest.approx(100 * 2 * 2 / (3 + 3))


def test_silence_scores_zero_and_missing_commentary_counts_as_silence():
    scorer = EventF1([event("a", 0, [happening(5)])])
    assert event_f1(scorer, [said("a", 0)]).value == 0
    assert event_f1(scorer, []).value == 0


def test_events_without_truth_take_no_part():
    scorer = EventF1([event("a", 0, [happening(5)]), event("b", 0, None)])
    assert list(scorer.truth) == [("a", 0)]


def test_gain_is_paired_over_the_same_videos():
    events = [event(f"v{n}", 0, [happening(5), happening(10, "blue", "falls")]) for n in range(40)]
    scorer = EventF1(events)
    seeing = [said(f"v{n}", 0, (5, "red jumps"), (10, "blue falls")) for n in range(40)]
    blind = [said(f"v{n}", 0, (5, "red jumps"), (10, "red jumps")) for n in range(40)]
    gain = event_f1_gain(scorer, seeing, blind)
    assert gain.value == pytest.approx(50)
    assert gain.low > 20
    assert gain.p_value < 0.01


def test_the_guess_baseline_says_the_most_frequent_event_at_the_rate_of_events():
    events = [
        event(f"v{n}", 0, [happening(3), happening(8), happening(13, "blue", "falls")], end=15.0) for n in range(4)
    ]
    scorer = EventF1(events)
    pair, counts = scorer.guess()
    assert pair == ("red", "jumps")
    assert all(count.claims == 3 for count in counts.values())
    assert 0 < sum(count.matched for count in counts.values()) <= 8
