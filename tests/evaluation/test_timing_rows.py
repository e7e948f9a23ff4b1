"""An experiment's rows of timing: exact on the sample's human words, low for another match, silent events counted."""

import json
from typing import Any

import pytest

from livecc_assets.evaluation.cc_score import cc_score_rows
from livecc_assets.evaluation.timing_rows import speech_of, timing_rows
from livecc_assets.sample.match import plan_match
from livecc_assets.sample.videos import GAPS, commentary, match_length
from tests.evaluation.builders import event
from tests.evaluation.test_timing import intervals, shuffled

MATCHES = 12
Rows = list[dict[str, Any]]


def by_name(rows: Rows) -> dict[str, dict[str, Any]]:
    return {row["metric"]: row for row in rows if row["subset"] == "all"}


def spoken(video: str, said: list[Any]) -> dict[str, Any]:
    parts = [{"start": one.start, "end": one.end, "text": one.text} for one in said if one.text]
    return {"video_id": video, "event_id": 0, "begin": 0.0, "end": 1.0, "utterances": parts, "pred": "..."}


@pytest.fixture(scope="module")
def world() -> tuple[Rows, list[list[Any]]]:
    """Events of the sample's matches with sentences as they are spoken, and what says every word in its second."""
    events, said = [], []
    for seed in range(MATCHES):
        plan = plan_match(seed, match_length(seed), *GAPS)
        sound = commentary(plan)
        lines = [[line[0].start, line[-1].end, " ".join(word.word for word in line)] for line in sound.lines]
        events.append(event(f"v{seed}", 0, begin=0.0, end=plan.duration, event_asr=json.dumps(lines)))
        said.append(intervals([word.row() for word in sound.words], plan.duration))  # type: ignore[misc]
    return events, said


def rows_of(world: tuple[Rows, list[list[Any]]], said: list[list[Any]]) -> dict[str, dict[str, Any]]:
    return by_name(timing_rows([spoken(f"v{n}", one) for n, one in enumerate(said)], world[0]))


def test_the_humans_own_words_have_nearly_all_and_another_match_a_third(world: tuple[Rows, list[list[Any]]]) -> None:
    own = rows_of(world, world[1])
    other = rows_of(world, [*world[1][1:], world[1][0]])
    assert own["timely_f1"]["value"] > 99.5 and own["content_f1"]["value"] == 100
    assert own["silence_kappa"]["value"] > 0.8
    assert (own["lag_p50"]["value"], own["timely_f1"]["clusters"]) == (0, MATCHES)
    assert 20 < other["timely_f1"]["value"] < 45 and other["timely_f1"]["high"] < own["timely_f1"]["low"]
    assert own["timely_f1_chance"]["value"] == pytest.approx(other["timely_f1"]["value"], abs=3)


def test_a_delay_lowers_the_rows_and_shuffled_words_lower_them_more(world: tuple[Rows, list[list[Any]]]) -> None:
    from livecc_assets.commentary.utterance import shifted

    own = rows_of(world, world[1])
    late = rows_of(world, [shifted(one, 3) for one in world[1]])
    mixed = rows_of(world, [shuffled(one, seed) for seed, one in enumerate(world[1])])
    for name in ("timely_f1", "timely_precision", "timely_recall"):
        assert own[name]["low"] > late[name]["high"] and late[name]["low"] > mixed[name]["high"], name
    assert late["silence_kappa"]["high"] < own["silence_kappa"]["low"]
    assert late["lag_p50"]["value"] == pytest.approx(3, abs=0.3)


def test_an_event_without_commentary_is_silence(world: tuple[Rows, list[list[Any]]]) -> None:
    half = by_name(timing_rows([spoken(f"v{n}", one) for n, one in enumerate(world[1]) if n % 2], world[0]))
    assert 40 < half["timely_recall"]["value"] < 60 and half["timely_precision"]["value"] > 99
    assert half["timely_f1"]["clusters"] == MATCHES
    none = by_name(timing_rows([], world[0]))
    assert none["timely_f1"]["value"] == 0 and none["timely_f1"]["high"] > 0
    assert (none["timely_precision"]["value"], none["timely_precision"]["note"]) == (None, "no content word was said")
    assert none["lag_p50"]["value"] is None
    assert timing_rows([], []) == []


def test_every_rate_has_an_interval_and_its_videos(world: tuple[Rows, list[list[Any]]]) -> None:
    rows = rows_of(world, world[1])
    for name in (
        "timely_f1",
        "timely_precision",
        "timely_recall",
        "content_f1",
        "silence_kappa",
        "repetition",
        "timely_f1_chance",
    ):
        row = rows[name]
        assert row["low"] <= row["value"] <= row["high"] and row["low"] < row["high"] and row["note"], name
        assert row["n"] > 0 and row["clusters"] == MATCHES, name


def test_synchrony_is_told_where_it_was_measured(world: tuple[Rows, list[list[Any]]]) -> None:
    events, said = world
    commented = [spoken(f"v{n}", one) for n, one in enumerate(said)]
    measured = {"synchrony": 0.75, "intervals": 400, "latency_p95": 1.25}
    row = by_name(cc_score_rows([], commented, events, {"draws": 100}, measured=measured))["synchrony"]
    assert (row["value"], row["n"]) == (75, 400) and "1.25 s" in row["note"]
    assert "synchrony" not in by_name(cc_score_rows([], commented, events, {"draws": 100}))


def test_a_sentences_words_share_its_time_and_rows_of_single_words_keep_theirs() -> None:
    found = speech_of({"event_asr": json.dumps([[2.0, 4.0, "What a goal now."], [1.0, 1.2, "Oh"]])})
    assert [(word["start"], word["end"], word["word"]) for word in found] == [
        (1.0, 1.2, "Oh"),
        (2.0, 2.5, "What"),
        (2.5, 3.0, "a"),
        (3.0, 3.5, "goal"),
        (3.5, 4.0, "now."),
    ]
    assert speech_of({"event_asr": "[]"}) == []
