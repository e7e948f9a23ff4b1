"""Clips start at sentences; nothing is lost on the way."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livecc_assets.core.rules import Rule
from livecc_assets.core.words import Word
from livecc_assets.live_cc.clips import Limits
from livecc_assets.live_cc.columns import Timed
from livecc_assets.live_whisperx.clips import openings, sentence_clips, sentence_runs
from livecc_assets.live_whisperx.schemas import SCHEMAS
from livecc_assets.store.rows import Rejected

CUT = ("kept", "too_slow", "too_fast")


def _steady(texts, start=0.0) -> list[Word]:
    return [{"start": start + i, "end": start + i + 1.0, "word": text} for i, text in enumerate(texts)]


@pytest.mark.parametrize("rule", ["released", "corrected"])
def test_clips_equal_the_golden_vectors(golden: Path, rule: Rule):
    records = [json.loads(line) for line in (golden / "sft_clips.jsonl").read_text().splitlines()]
    assert len(records) == 167
    for record in records:
        words: list[Word] = [{"start": s, "end": e, "word": w} for s, e, w in record["words"]]
        cut = [run for run in sentence_runs(words, Limits(rule=rule)) if run.fate in CUT]
        if rule == "released":
            found = [[run.first, run.last, run.first] for run in cut]
        else:
            found = [[run.first, run.last, run.first, run.fate == "kept"] for run in cut]
        assert found == record[rule], record["id"]


def test_released_starts_only_at_words_in_capitals():
    words = Timed.of_words(_steady(["end.", "The", "stop?", "I", "go", "NASA"]))
    assert openings(words, "released").tolist() == [True, False, False, True, False, False]


def test_corrected_starts_at_a_capital_after_the_end_of_a_sentence():
    words = Timed.of_words(_steady(["end.", "The", "stop!", '"So', "go.", "it", "No", "on.", "42nd", "x.", "42"]))
    assert openings(words).nonzero()[0].tolist() == [0, 1, 3]


def test_the_worked_example_of_a_silence_and_two_sentence_starts():
    texts = [f"w{i}" for i in range(200)]
    texts[59], texts[60], texts[99], texts[100] = "end.", "The", "stop.", "I"
    words = _steady(texts[:60]) + _steady(texts[60:], start=70.0)
    released = [(r.first, r.last - 1) for r in sentence_runs(words, Limits(rule="released")) if r.fate in CUT]
    corrected = [(r.first, r.last - 1) for r in sentence_runs(words, Limits()) if r.fate in CUT]
    assert released == [(0, 59), (100, 198)]
    assert corrected == [(0, 59), (60, 199)]
    refused = [(r.first, r.last, r.fate) for r in sentence_runs(words, Limits(rule="released")) if r.fate not in CUT]
    assert refused == [(60, 100, "no_sentence_start"), (199, 200, "last_word_lost")]


def test_only_corrected_filters_by_speed():
    texts = ["Hello"] + ["go"] * 299
    words: list[Word] = [{"start": i * 0.2, "end": i * 0.2 + 0.2, "word": text} for i, text in enumerate(texts)]
    assert [run.fate for run in sentence_runs(words, Limits(rule="released"))] == ["kept", "last_word_lost"]
    assert [run.fate for run in sentence_runs(words, Limits())] == ["too_fast"]


def test_every_word_is_in_exactly_one_run():
    @settings(max_examples=60, deadline=None)
    @given(
        st.lists(st.tuples(st.integers(1, 90), st.sampled_from(["go", "Go", "end.", "I"])), max_size=200),
        st.sampled_from(["released", "corrected"]),
    )
    def check(spoken, rule):
        time, words = 0.0, []
        for step, text in spoken:
            words.append({"start": time, "end": time + step / 10, "word": text})
            time += step / 10
        covered = [i for run in sentence_runs(words, Limits(rule=rule)) for i in range(run.first, run.last)]
        assert covered == list(range(len(words)))

    check()


def test_rows_fit_the_schema_and_refused_starts_are_named():
    words = _steady(["Go"] * 39 + ["end"]) + _steady(["no", "start"], start=60.0)
    video = {
        "video_id": "v",
        "batch": "b",
        "path": "u",
        "sha256": "0",
        "title": "t",
        "category": "Sports",
        "language": "en",
        "words": words,
    }
    clip, rest = sentence_clips([video], {})
    assert isinstance(clip, dict)
    assert list(clip) == SCHEMAS["sentence_clips"].names
    assert clip["preasr"] == ""
    assert isinstance(rest, Rejected)
    assert (rest.id, rest.kind, rest.reason) == ("v:40", "filtered", "no_sentence_start")
    assert "'no start'" in rest.detail
