"""Equal words of two sides are matched one to one, as well as can be, however many there are."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livecc_assets.evaluation.content_words import content_words, tokens
from livecc_assets.evaluation.timing_match import MOST, USUAL, Matcher, Pair, Window, match

TIMES = st.lists(st.integers(0, 400).map(lambda tenths: tenths / 10), max_size=14).map(sorted)


def total(pairs: list[Pair], window: Window) -> float:
    return sum(window.weight(pair.lag) for pair in pairs)


@settings(deadline=None)  # the first case loads scipy
@given(TIMES, TIMES, st.sampled_from([Window(), Window(2.0), Window(12.0, 0.0)]))
def test_no_assignment_has_more_weight(said: list[float], spoken: list[float], window: Window) -> None:
    pairs = match(said, spoken, window)
    weights = np.array([[window.weight(one - other) for other in spoken] for one in said]).reshape(
        len(said), len(spoken)
    )
    rows, columns = pytest.importorskip("scipy.optimize").linear_sum_assignment(weights, maximize=True)
    assert total(pairs, window) == pytest.approx(weights[rows, columns].sum(), abs=1e-4)
    for side, times in zip(zip(*pairs, strict=True), (said, spoken), strict=False):
        assert sorted(side) == list(side) and all(side.count(time) <= times.count(time) for time in side), (
            "one to one, in order"
        )
    assert all(abs(pair.lag) < window.end for pair in pairs)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 600), st.booleans(), st.sampled_from("ab")), max_size=60))
def test_words_that_come_one_by_one_are_matched_as_all_at_once(given: list[tuple[int, bool, str]]) -> None:
    events, matcher = sorted((time / 10, spoken, word) for time, spoken, word in given), Matcher(USUAL)
    pairs = [pair for time, spoken, word in events for pair in matcher.add(word, time, spoken)]
    pairs += matcher.settle(float("inf"))
    whole = 0.0
    for name in "ab":
        said, human = (
            [time for time, spoken, word in events if (word, spoken) == (name, side)] for side in (False, True)
        )
        whole += total(match(said, human, USUAL), USUAL)
    assert total(pairs, USUAL) == pytest.approx(whole, abs=1e-4)
    assert matcher.earliest == float("inf")


def test_of_equal_weights_the_nearer_word_is_matched() -> None:
    assert match([10.0], [9.2, 9.8, 10.9], Window()) == [(10.0, 9.8)]


def test_a_word_that_never_pauses_is_cut_and_loses_next_to_nothing() -> None:
    matcher, pairs = Matcher(USUAL), []
    for k in range(3 * MOST):
        pairs += matcher.add("goal", k / 4, bool(k % 2))
        assert k / 4 - matcher.earliest <= MOST / 4, "older words are forgotten"
    pairs += matcher.settle(float("inf"))
    assert len(pairs) >= 3 * MOST // 2 - 3


def test_a_weight_falls_evenly_from_one_to_nothing() -> None:
    assert [Window().weight(lag) for lag in (-5, -3, -1, 0, 1, 3, 4.5, 5, 9)] == [0, 0.5, 1, 1, 1, 0.5, 0.125, 0, 0]
    with pytest.raises(ValueError, match="in_time"):
        Window(1.0, 1.0)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("GOAL!!! What a goal...", ["goal", "what", "a", "goal"]),
        ("Messi\u2019s shot, Messi's", ["messi", "shot", "messi"]),
        ("three\u2013nil / 3-0", ["three", "nil", "3", "0"]),
        ("it's don\u2019t", ["it's", "don't"]),
        ("Stra\u00dfe STRASSE \uff27oal", ["strasse", "strasse", "goal"]),
        ("\u8fdb\u7403\u4e86 gol", ["\u8fdb", "\u7403", "\u4e86", "gol"]),
        ("\u0413\u041e\u041b! ... -- \u266a", ["\u0433\u043e\u043b"]),
        ("", []),
    ],
)
def test_words_are_told_apart_by_their_letters_alone(text: str, found: list[str]) -> None:
    assert list(tokens(text)) == found


def test_function_words_are_no_content_and_numbers_and_places_are() -> None:
    said = "and it's a goal for the number 10 on the right who isn't there dont no"
    assert content_words(tokens(said)) == ["goal", "number", "10", "right", "no"]
