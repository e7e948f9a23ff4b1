"""Caption lines become timed words."""

import json
from pathlib import Path

import pytest

from livecc_assets.live_cc.words import caption_words, split_words
from livecc_assets.store.rows import Rejected


def _video(**columns):
    return {
        "video_id": "v",
        "batch": "b",
        "path": "v.mp4",
        "sha256": "0",
        "title": "T",
        "category": "Sports",
        "subtitles": [],
        **columns,
    }


def _lines(*lines):
    return [dict(zip(("start", "end", "text"), line, strict=True)) for line in lines]


def test_released_splitting_equals_the_published_code(golden: Path):
    records = [json.loads(line) for line in (golden / "split_words.jsonl").read_text().splitlines()]
    assert len(records) == 74
    for record in records:
        if "error" in record:
            with pytest.raises((TypeError, ValueError)):
                split_words(record["lines"], "released")
            continue
        words = [[w["start"], w["end"], w["word"]] for w in split_words(record["lines"], "released")]
        assert words == record["words"], record["id"]


def test_music_marks_repeats_and_times_of_the_worked_example():
    lines = [
        (0.0, 2.5, "all right right you guys"),
        (2.5, 3.0, "[Music]"),
        (3.0, 4.0, "so  this"),
        (4.0, 4.1, "go go go"),
    ]
    released = [(w["word"], w["start"], w["end"]) for w in split_words(lines, "released")]
    assert released == [
        ("all", 0.0, 0.6), ("right", 0.6, 1.2), ("you", 1.2, 1.9), ("guys", 1.9, 2.5),
        ("so", 3.0, 3.3), ("", 3.3, 3.7), ("this", 3.7, 4.0), ("go", 4.0, 4.1),
    ]  # fmt: skip


def test_corrected_splitting_leaves_no_empty_words_and_reads_any_white_space():
    assert [w["word"] for w in split_words([(0, 2, " so  this\tis\nit ")])] == ["so", "this", "is", "it"]
    assert split_words([(0, 2, "   ")]) == []


def test_captions_with_word_times_are_used_as_they_are():
    given = [{"start": 0.123, "end": 0.456, "word": "what"}, {"start": 0.5, "end": 0.9, "word": "what"}]
    marks = [{"start": 1.0, "end": 2.0, "word": "[Music]"}, {"start": 2.0, "end": 2.0, "word": " "}]
    (row,) = caption_words([_video(caption_words=given + marks, subtitles=_lines((0, 5, "other words")))])
    assert isinstance(row, dict)
    assert row["words"] == given


def test_a_video_with_only_music_marks_is_filtered_and_named():
    (row,) = caption_words([_video(subtitles=_lines((0, 1, "[Music]"), (1, 2, "[Applause]")))])
    assert isinstance(row, Rejected)
    assert (row.id, row.kind, row.reason) == ("v", "filtered", "no_words")
    assert "2 caption lines" in row.detail


def test_a_malformed_line_is_an_error_and_the_next_video_goes_on():
    broken = _video(video_id="bad", subtitles=_lines((None, 1, "hello")))
    endless = _video(video_id="inf", subtitles=_lines((0, float("inf"), "hello you")))
    good = _video(subtitles=_lines((0, 1, "hello")))
    first, second, third = caption_words([broken, endless, good])
    assert isinstance(first, Rejected)
    assert isinstance(second, Rejected)
    assert {first.kind, second.kind} == {"error"}
    assert isinstance(third, dict)
    assert [w["word"] for w in third["words"]] == ["hello"]
