"""Interleaving against the published function's output, and the rules that differ from it."""

import json

import numpy as np
import pytest

from livecc_assets.core.errors import MediaError
from livecc_assets.media.sampling import strict_fps
from livecc_assets.training.interleave import UnusableClipError, block_bounds, interleave

FPS = 30


def words_at(*ends, text=None):
    return [{"start": e - 0.3, "end": e, "word": text or f"w{i}"} for i, e in enumerate(ends)]


def clip(seconds, start=0.0):
    """End times of a 30 fps file and the frames that two a second pick from ``start``."""
    times = (np.arange(round((start + seconds) * FPS)) + 1) / FPS
    return times, strict_fps(times, start, start + seconds)


def golden_cases(golden):
    tables = {
        name: np.array(v["end_pts_float32"]) for name, v in json.loads((golden / "frame_pts.json").read_text()).items()
    }
    for line in (golden / "interleave.jsonl").read_text("utf-8").splitlines():
        case = json.loads(line)
        case["words"] = [{"start": s, "end": e, "word": w} for s, e, w in case["words"]]
        yield case, tables[case["video"]]


def test_the_released_rule_gives_the_published_turns_or_fails_where_the_published_code_raises(golden):
    compared = failed = 0
    for case, times in golden_cases(golden):
        frames = strict_fps(times, case["video_start"], case["video_end"], rule="released")
        assert len(frames) == case.get("sampled_frames", len(frames)), case["id"]
        if "error" in case:
            with pytest.raises(UnusableClipError):
                interleave(times, frames, case["words"], case["video_start"], rule="released")
            failed += 1
            continue
        turns = interleave(times, frames, case["words"], case["video_start"], rule="released")
        assert [{"user": t.text, "frames": t.frames, "assistant": t.speech} for t in turns] == case["turns"], case["id"]
        assert sum(len(t.words.split()) for t in turns) == case["words_out"], case["id"]
        compared += 1
    assert (compared, failed) == (36, 4)


def test_the_corrected_rule_speaks_every_word_of_the_clip_once_and_in_order(golden):
    checked = 0
    for case, times in golden_cases(golden):
        start, end = case["video_start"] or 0.0, case["video_end"] or float(times[-1])
        frames = strict_fps(times, case["video_start"], case["video_end"])
        try:
            turns = interleave(times, frames, case["words"], case["video_start"])
        except UnusableClipError:
            continue
        spoken = [word for turn in turns for word in turn.words.split()]
        last = float(times[frames[-1]])
        in_order = sorted(case["words"], key=lambda w: w["start"])
        given = [w for w in in_order if start <= w["end"] <= last + 1.0 + 1e-6]
        assert spoken == [word for w in given for word in w["word"].split()], case["id"]
        if not any(w["end"] > min(end, last + 1.0) for w in case["words"]) and "unsorted" not in case["kind"]:
            inside = [word for w in case["words"] if start <= w["end"] for word in w["word"].split()]
            assert len(spoken) == len(inside), case["id"]
        checked += 1
    assert checked >= 34


def test_corrected_turns_equal_the_published_ones_until_the_published_defects_bite(golden):
    """Turn by turn the words differ only where float32 decided, in the last turn, in repeated last words, or where one word
    that is listed too early or ends too late held the others back.
    """
    bitten = {"wraps_to_first_frame", "unsorted", "late_ending_word_blocks"}
    same = total = 0
    for case, times in golden_cases(golden):
        if "error" in case or case["kind"] in bitten:
            continue
        frames = strict_fps(times, case["video_start"], case["video_end"])
        try:
            turns = interleave(times, frames, case["words"], case["video_start"])
        except UnusableClipError:
            continue
        pairs = list(zip(turns, case["turns"], strict=False))[:-1]
        total += len(pairs)
        same += sum(ours.speech == theirs["assistant"] for ours, theirs in pairs)
    assert total > 250
    assert same / total > 0.95


def test_the_methods_example_comes_out_word_for_word():
    ends = [20.4, 20.9, 21.1, 21.6, 22.6, 22.9, 23.5, 23.9, 26.4, 26.9, 27.6, 28.0]
    texts = ["oh", "what", "a", "nice", "pass", "and", "a", "flip", "by", "willie", "cauley", "stein"]
    words = [{"start": e - 0.2, "end": e, "word": w} for e, w in zip(ends, texts, strict=True)]
    for fps in (25, 30):
        times = (np.arange(40 * fps) + 1) / fps
        for rule in ("released", "corrected"):
            turns = interleave(times, strict_fps(times, 20.0, 28.0, rule=rule), words, 20.0, rule=rule)
            assert [t.speech for t in turns] == [
                "oh what a nice ...", "pass and a ...", "flip ...", " ...", "by ...", "willie ...", "cauley stein ..."
            ]  # fmt: skip
            assert turns[0].text == "Time=0.0-3.0s"
            assert turns[-1].text == "Time=8.0-9.0s"
            assert turns[-1].frames[0] == turns[-1].frames[1]


def test_the_released_pointer_repeats_the_last_word_and_the_corrected_one_does_not():
    times, frames = clip(10)
    words = words_at(1.0, 2.0, 4.2)
    released = interleave(times, frames, words, 0.0, rule="released")
    corrected = interleave(times, frames, words, 0.0)
    assert [t.words for t in released][-3:] == ["w2", "w2", "w2"]
    assert [t.words for t in corrected] == ["w0 w1", "", "w2"]


def test_words_after_the_last_sampled_frame_join_the_last_turn_unless_they_lie_far_beyond_it():
    times, frames = clip(8.0)
    words = words_at(1.0, 7.4, 7.9, 30.0)
    turns = interleave(times, frames, words, 0.0)
    assert turns[-1].words.split()[-1] == "w2"
    assert not any("w3" in turn.words for turn in turns)
    assert "w2" not in " ".join(t.words for t in interleave(times, frames[:14], words_at(1.0, 5.0, 9.0), 0.0))


def test_words_from_before_the_clip_are_left_out_by_the_corrected_rule_only():
    times, frames = clip(6, start=10.0)
    words = words_at(4.0, 11.0)
    assert interleave(times, frames, words, 10.0)[0].words == "w1"
    assert interleave(times, frames, words, 10.0, rule="released")[0].words == "w0 w1"


def test_block_end_assignment_removes_the_half_second_lag():
    times, frames = clip(8)
    words = words_at(2.8, 3.8, 6.0)
    by_frame = [t.words for t in interleave(times, frames, words, 0.0)]
    by_block = [t.words for t in interleave(times, frames, words, 0.0, word_assignment="block_end")]
    assert by_frame[:2] == ["", "w0"]
    assert by_block[:2] == ["w0", "w1"]


@pytest.mark.parametrize(
    ("words", "seconds", "reason"),
    [([], 8, "no_words"), (words_at(0.5), 1.0, "too_short"), (words_at(50.0), 8, "no_word_in_clip"),
     (words_at(2.0, text="  "), 8, "no_word_in_clip")],
)  # fmt: skip
@pytest.mark.parametrize("rule", ["released", "corrected"])
def test_an_unusable_clip_says_why_instead_of_becoming_another(words, seconds, reason, rule):
    times, frames = clip(seconds)
    with pytest.raises(UnusableClipError) as caught:
        interleave(times, frames, words, 0.0, rule=rule)
    assert caught.value.reason == reason
    assert caught.value.detail


def test_blocks_are_six_frames_then_pairs():
    assert block_bounds(10) == [(0, 6), (6, 8), (8, 10)]
    assert block_bounds(6) == [(0, 6)]


def test_a_range_outside_the_video_is_a_media_error_not_a_clip():
    times, _ = clip(8)
    with pytest.raises(MediaError):
        strict_fps(times, 100.0, 120.0)


# -- words as recognisers give them ----------------------------------------------------------------------------------------

SPOKEN = [
    (0.1, 0.5, "one"),
    (3.1, 3.4, "two"),
    (4.0, 4.3, "three"),
    (5.0, 5.2, "four"),
    (6.0, 6.3, "five"),
    (8.0, 8.2, "six"),
]


def seconds_of(rows, **options) -> dict[str, float]:
    """The block's start by word."""
    times, frames = clip(10)
    words = [{"start": start, "end": end, "word": word} for start, end, word in rows]
    turns = interleave(times, frames, words, 0.0, **options)
    return {word: turn.start_s for turn in turns for word in turn.words.split()}


def test_a_late_word_that_is_listed_early_does_not_hold_back_the_others():
    swapped = [SPOKEN[0], SPOKEN[4], *SPOKEN[1:4], SPOKEN[5]]
    assert seconds_of(swapped) == seconds_of(SPOKEN) == {
        "one": 0.0, "two": 3.0, "three": 4.0, "four": 5.0, "five": 6.0, "six": 8.0,
    }  # fmt: skip


def test_a_word_that_ends_too_late_does_not_hold_back_the_others():
    stretched = [SPOKEN[0], (3.1, 9.0, "two"), *SPOKEN[2:]]
    assert seconds_of(stretched) == seconds_of(SPOKEN) | {"two": 4.0}


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([(1.0, 1.0, "a"), (3.2, 3.2, "b"), (3.2, 3.2, "c")], {"a": 0.0, "b": 3.0, "c": 3.0}),
        ([(1.0, 1.2, "a"), (3.2, 3.4, "b"), (7.5, 4.2, "bad"), (8.0, 8.2, "c")], {"a": 0.0, "b": 3.0, "bad": 7.0, "c": 8.0}),
        ([(1.0, 1.2, "a"), (None, None, "2016"), (3.0, 3.2, "b")], {"a": 0.0, "2016": 0.0, "b": 3.0}),
        ([(1.0, 1.2, "a"), (3.0, float("nan"), "b"), (8.0, 8.2, "c")], {"a": 0.0, "b": 3.0, "c": 8.0}),
        ([("1.0", "1.2", "a"), (True, False, "b"), (8.0, 8.2, "c")], {"a": 0.0, "b": 0.0, "c": 8.0}),
    ],
)  # fmt: skip
def test_unsound_words_are_spoken_in_their_second(rows, expected):
    assert seconds_of(rows) == expected


@pytest.mark.parametrize(
    ("words", "rule", "reason"),
    [
        ([{"start": None, "end": None, "word": "2016"}], "corrected", "no_word_times"),
        ([{"word": "a"}, {"start": float("inf"), "word": "b"}], "corrected", "no_word_times"),
        ("words", "corrected", "malformed_words"),
        (None, "corrected", "malformed_words"),
        ([{"start": 1.0, "end": None, "word": "2016"}], "released", "malformed_words"),
        ([{"start": 1.0, "end": 2.0}], "released", "malformed_words"),
        ([[1.0, 2.0, "a"]], "released", "malformed_words"),
    ],
)
def test_words_that_cannot_be_used_say_why_and_raise_no_type_error(words, rule, reason):
    times, frames = clip(10)
    with pytest.raises(UnusableClipError) as caught:
        interleave(times, frames, words, 0.0, rule=rule)
    assert caught.value.reason == reason


def test_the_released_rule_takes_unsorted_words_as_they_stand():
    swapped = [SPOKEN[0], SPOKEN[4], *SPOKEN[1:4], SPOKEN[5]]
    assert seconds_of(swapped, rule="released")["two"] == 6.0
