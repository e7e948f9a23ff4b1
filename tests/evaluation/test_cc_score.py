"""The commentary track's score page: win rate, order effects or their absence, event F1 beside guessing, text."""

import gzip
import json

import pytest

from livecc_assets.evaluation.cc_score import cc_score_rows, win_rows
from livecc_assets.evaluation.text_statistics import repeated_share, text_rows, words_of
from tests.evaluation.builders import event, happening, judgement, said


def by_name(rows):
    return {(row["metric"], row["subset"]): row for row in rows}


@pytest.fixture
def world():
    truth = [happening(5), happening(10, "blue", "falls")]
    events = [event(f"v{n}", 0, truth, end=20.0 if n < 6 else 50.0) for n in range(10)]
    commentary = [said(f"v{n}", 0, (5, "red jumps"), (10, "blue falls" if n < 5 else "red falls")) for n in range(10)]
    return events, commentary


def test_a_scoring_judge_has_no_position_gap(world):
    events, commentary = world
    judged = [judgement(f"v{n}", 0, "model", "model", "likelihood:small") for n in range(10)]
    rows = by_name(cc_score_rows(judged, commentary, events, {"draws": 200}))
    assert rows[("win_rate", "all")]["value"] == 100
    assert rows[("win_rate", "duration:le30")]["n"] == 6
    assert rows[("win_rate", "duration:30_60")]["n"] == 4
    assert rows[("position_gap", "all")]["value"] is None
    assert rows[("position_gap", "all")]["note"] == "not applicable"
    assert ("flip_rate", "all") not in rows


def test_a_chat_judge_has_one(world):
    events, commentary = world
    judged = [judgement(f"v{n}", 0, "model", "opponent" if n < 4 else "model", "openai:x") for n in range(10)]
    rows = by_name(cc_score_rows(judged, commentary, events, {"draws": 200}))
    assert rows[("win_rate", "all")]["value"] == 80
    assert rows[("position_gap", "all")]["value"] == 40
    assert rows[("flip_rate", "all")]["value"] == 40
    assert rows[("consistent_only_win_rate", "all")]["value"] == 100
    assert rows[("win_rate", "all")]["low"] < 80 < rows[("win_rate", "all")]["high"]


def test_event_f1_stands_beside_the_guess(world):
    events, commentary = world
    rows = by_name(cc_score_rows([], commentary, events, {"draws": 200}))
    assert rows[("event_f1", "all")]["value"] == pytest.approx(75)
    assert rows[("event_precision", "all")]["value"] == pytest.approx(75)
    assert rows[("event_recall", "all")]["value"] == pytest.approx(75)
    assert rows[("event_f1_guess", "all")]["value"] < 51
    assert "blue falls" in rows[("event_f1_guess", "all")]["note"]


def test_nothing_is_said_about_events_where_no_truth_is_known(world):
    _, commentary = world
    rows = by_name(cc_score_rows([], commentary, [event(f"v{n}") for n in range(10)]))
    assert not [key for key in rows if key[0].startswith("event_")]
    assert rows[("words_per_event", "all")]["value"] == 4


def test_text_statistics_of_the_published_predictions(unlicensed):
    lines = gzip.decompress((unlicensed / "data" / "pred_LiveCC-7B-Base.jsonl.gz").read_bytes()).decode().splitlines()
    rows = by_name(text_rows([json.loads(line) for line in lines]))
    assert rows[("empty_share", "all")]["value"] == pytest.approx(100 * 166 / 1702)
    assert rows[("repetitive_share", "all")]["value"] == pytest.approx(100 * 11 / 1702)
    # the published table counts the ellipsis of an empty commentary as a word
    assert rows[("words_per_event", "all")]["value"] == pytest.approx(69.8, abs=0.2)
    assert rows[("words_per_second", "all")]["value"] == pytest.approx(2.15, abs=0.01)


def test_repeats_are_counted_by_four_words():
    assert repeated_share(["go"] * 10) == pytest.approx(6 / 7)
    assert repeated_share(["a", "b", "c", "d", "e", "f"]) == 0
    assert repeated_share(["a"]) == 0
    assert words_of("...") == []
    assert words_of("well done...") == ["well", "done"]


def test_ties_follow_the_rule():
    judged = [judgement("a", 0, "tie", "tie", "likelihood:x"), judgement("b", 0, judge="likelihood:x")]
    events = [event("a"), event("b")]
    assert win_rows(judged, events, "released")[0]["value"] == 50
    assert win_rows(judged, events)[0]["value"] == 75


def test_a_judge_that_gave_no_verdict_gives_no_rate_and_says_so() -> None:
    (row,) = win_rows([], [event("a"), event("b")])
    assert (row["value"], row["low"], row["n"]) == (None, None, 0)
    assert row["note"] == "no rate: the judge gave no verdict on any of 2 events"
    assert win_rows([], []) == []


def test_events_without_a_verdict_enter_no_rate_and_are_counted() -> None:
    judged = [judgement("a", 0, judge="openai:x"), judgement("b", 0, "opponent", "opponent", "openai:x")]
    row = win_rows(judged, [event("a"), event("b"), event("c")])[0]
    assert (row["value"], row["n"]) == (50, 2)
    assert "1 of 3 events have no verdict" in row["note"]
