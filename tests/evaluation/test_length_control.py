"""The rate at equal length: length that pays is taken out, what it does not explain stays, extremes end in numbers."""

import numpy as np
import pytest

from livecc_assets.evaluation.length_control import fit, length_controlled, words
from tests.evaluation.builders import judgement


def controlled(rows, ours, theirs):
    """What is found where there is something to find."""
    found = length_controlled(rows, ours, theirs)
    assert found is not None
    return found


def world(seed, pays, events=300):
    """Judgements of two equals, of whom the longer one wins as often as `pays` says, and their texts."""
    rng = np.random.default_rng(seed)
    rows, ours, theirs = [], {}, {}
    for n in range(events):
        sizes = rng.integers(5, 80, 2) + np.array([30, 0])
        chance = 1 / (1 + np.exp(-pays * np.log(sizes[0] / sizes[1])))
        ab, ba = ("model" if draw < chance else "opponent" for draw in rng.random(2))
        row = judgement(f"v{n // 3}", n, ab, ba)
        rows.append(row)
        ours[row["video_event_id"]], theirs[row["video_event_id"]] = ("w " * int(size) for size in sizes)
    return rows, ours, theirs


def test_a_side_that_wins_by_length_alone_is_an_equal_at_equal_length():
    rows, ours, theirs = world(0, pays=2.0)
    found = controlled(rows, ours, theirs)
    assert np.mean([row["ab_winner"] == "model" for row in rows]) > 0.65
    assert found.rate.low < 50 < found.rate.high
    assert found.rate.high - found.rate.low < 20
    assert found.length > 1 and not found.extrapolated
    assert found.median_ratio > 1.3


def test_length_that_pays_nothing_changes_nothing():
    rows, ours, theirs = world(1, pays=0.0)
    rate = 50 * np.mean([(row["ab_winner"] == "model") + (row["ba_winner"] == "model") for row in rows])
    assert controlled(rows, ours, theirs).rate.value == pytest.approx(rate, abs=4)


def test_a_side_that_always_says_more_is_extrapolated():
    rows = [judgement(f"v{n}", 0, "model", "opponent") for n in range(30)]
    keys = [row["video_event_id"] for row in rows]
    found = controlled(rows, {key: "w " * (40 + n) for n, key in enumerate(keys)}, dict.fromkeys(keys, "w w"))
    assert found.extrapolated and found.longer == 100
    assert found.rate.value == pytest.approx(50, abs=0.5)


def test_all_won_all_tied_and_one_event_end_in_numbers():
    for won, many in (("model", 20), ("opponent", 20), ("tie", 20), ("model", 1)):
        rows = [judgement(f"v{n}", 0, won, won) for n in range(many)]
        texts = {row["video_event_id"]: "w " * (n + 1) for n, row in enumerate(rows)}
        found = controlled(rows, texts, dict.fromkeys(texts, "w w w")).rate
        assert found.value == pytest.approx({"model": 100, "opponent": 0, "tie": 50}[won], abs=0.5)
        assert -1e-6 <= found.low <= found.value <= found.high <= 100 + 1e-6
        assert found.low < found.high


def test_events_without_both_texts_are_left_out():
    rows = [judgement("a", 0), judgement("b", 0)]
    assert length_controlled(rows, {"a_0": "w"}, {"b_0": "w"}) is None
    assert controlled(rows, {"a_0": "w"}, {"a_0": "w"}).rate.n == 1
    assert (words("..."), words(""), words("well done...")) == (1, 1, 2)


def test_the_fit_is_where_the_penalised_gradient_vanishes():
    rng = np.random.default_rng(3)
    design = np.hstack([np.ones((200, 1)), rng.normal(size=(200, 2))])
    won = (rng.random(200) < 0.4).astype(float)
    beta, _ = fit(design, won, ridge=5.0)
    gap = design.T @ (won - 1 / (1 + np.exp(-design @ beta))) - 5.0 * beta * [0, 1, 1]
    assert np.abs(gap).max() < 1e-6
