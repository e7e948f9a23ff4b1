"""Words are cut into clips; nothing is lost on the way."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livecc_assets.core.rules import Rule
from livecc_assets.core.words import Word
from livecc_assets.live_cc.clips import Limits, caption_clips, runs
from livecc_assets.live_cc.schemas import SCHEMAS
from livecc_assets.store.rows import Rejected


def _words(triples) -> list[Word]:
    return [{"start": s, "end": e, "word": w} for s, e, w in triples]


def _steady(count, start=0.0, seconds=1.0, prefix="w") -> list[Word]:
    return _words((start + i * seconds, start + (i + 1) * seconds, f"{prefix}{i}") for i in range(count))


def _ranges(words, rule: Rule):
    return [[r.first, r.last - 1] for r in runs(words, Limits(rule=rule)) if r.fate in ("kept", "too_slow", "too_fast")]


@pytest.mark.parametrize("rule", ["released", "corrected"])
def test_clips_equal_the_golden_vectors(golden: Path, rule: Rule):
    records = [json.loads(line) for line in (golden / "pretrain_clips.jsonl").read_text().splitlines()]
    assert len(records) == 150
    for record in records:
        found = [
            [run.first, run.last, run.first, run.fate == "kept"]
            for run in runs(_words(record["words"]), Limits(rule=rule))
            if run.fate in ("kept", "too_slow", "too_fast")
        ]
        assert found == record[rule], record["id"]


def test_released_loses_the_last_word_and_says_so():
    assert _ranges(_steady(300), "released") == [[0, 240], [241, 298]]
    assert _ranges(_steady(31), "released") == []
    assert _ranges(_steady(32), "released") == [[0, 30]]
    lost = list(runs(_steady(32), Limits(rule="released")))[-1]
    assert (lost.first, lost.last, lost.fate) == (31, 32, "last_word_lost")


def test_corrected_keeps_the_last_word():
    assert _ranges(_steady(300), "corrected") == [[0, 240], [241, 299]]
    assert _ranges(_steady(31), "corrected") == [[0, 30]]


def test_silence_cuts_and_a_gap_of_exactly_three_seconds_does_not():
    later = _steady(50, start=55.0)
    assert _ranges(_steady(50) + later, "released") == [[0, 49], [50, 98]]
    # end to end: the second half's first word ends 3 s after the first half's last
    near = _steady(50) + _steady(50, start=52.0)
    (run, _) = runs(near, Limits(rule="released"))
    assert (run.first, run.last, run.fate) == (0, 99, "too_slow")


def test_every_word_is_in_exactly_one_run():
    @settings(max_examples=60, deadline=None)
    @given(
        st.lists(st.integers(1, 90), max_size=200),
        st.sampled_from(["released", "corrected"]),
    )
    def check(tenths, rule):
        time, words = 0.0, []
        for step in tenths:
            words.append({"start": time, "end": time + step / 10, "word": "x"})
            time += step / 10
        covered = [i for run in runs(words, Limits(rule=rule)) for i in range(run.first, run.last)]
        assert covered == list(range(len(words)))

    check()


def test_rows_fit_the_schema_and_carry_the_words_before():
    words = _steady(40) + _steady(5, start=60.0, prefix="late")
    video = {
        "video_id": "vid",
        "batch": "b",
        "path": "u",
        "sha256": "0",
        "title": "t",
        "category": None,
        "words": words,
    }
    clip, short = caption_clips([video, {**video, "words": []}], {"min_clip_sec": 30})
    assert isinstance(clip, dict)
    assert list(clip) == SCHEMAS["caption_clips"].names
    assert (clip["clip_id"], clip["start"], clip["end"], clip["distinct_words"]) == ("vid:0", 0.0, 40.0, 40)
    assert clip["words_per_second"] == pytest.approx(40 / 39)
    assert isinstance(short, Rejected)
    assert (short.id, short.kind, short.reason, short.video_id) == ("vid:40", "filtered", "too_short", "vid")
    assert "4.0 s, less than 30 s" in short.detail


def test_previous_holds_all_words_before_the_clip():
    video = {
        "video_id": "v",
        "batch": "b",
        "path": "u",
        "sha256": "0",
        "title": "t",
        "category": None,
        "words": _steady(300),
    }
    _, second = caption_clips([video], {})
    assert isinstance(second, dict)
    assert second["previous"].split() == [f"w{i}" for i in range(241)]


def test_too_fast_and_too_slow_speech_is_named_with_its_speed():
    fast = {
        "video_id": "f",
        "batch": "b",
        "path": "u",
        "sha256": "0",
        "title": "t",
        "category": None,
        "words": _steady(200, seconds=0.2),
    }
    slow = {
        "video_id": "s",
        "batch": "b",
        "path": "u",
        "sha256": "0",
        "title": "t",
        "category": None,
        "words": _steady(20, seconds=2.5),
    }
    first, second = caption_clips([fast, slow], {})
    assert isinstance(first, Rejected)
    assert isinstance(second, Rejected)
    assert (first.reason, second.reason) == ("too_fast", "too_slow")
    assert "5.03 words/s is above 4" in first.detail
    assert "0.42 words/s is below 1" in second.detail
