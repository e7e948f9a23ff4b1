"""Whatever a recogniser or a published file gives as words, the stage goes on and counts what it mended."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from livecc_assets.core.word_times import LONGEST, WordListError, sound_words
from livecc_assets.graph.settings.video import ClipLimits
from livecc_assets.live_cc.clips import runs
from livecc_assets.live_cc.records import from_preview, from_record, to_record
from livecc_assets.live_whisperx.asr import FasterWhisper, spoken_words
from livecc_assets.live_whisperx.clips import sentence_runs
from livecc_assets.live_whisperx.published_clips import CutClips
from livecc_assets.live_whisperx.schemas import SCHEMAS
from livecc_assets.store.rows import Note, Rejected
from livecc_assets.store.videos import own_path
from tests.artifacts import new_store, write


@pytest.fixture
def video(make_talk) -> dict:
    """A video of four seconds with sound."""
    path = make_talk("talk.mp4", [False] * 4, np.zeros(4 * 16000, np.float32))
    return {"video_id": "v", "batch": "", "path": str(path), "sha256": "0", "title": "t", "category": "Sports"}


def heard(video: dict, *rows) -> list:
    words = [{"start": start, "end": end, "word": word} for start, end, word in rows]
    return list(spoken_words([video], own_path, lambda audio: (words, "en"), None))


def test_what_was_mended_is_counted_in_notes_that_stand_in_the_metadata(video, tmp_path: Path) -> None:
    rows = heard(
        video,
        (2.0, 2.4, "we"),
        (None, None, "2016"),
        (1.0, 0.9, "in"),
        (3.8, 4.6, "won"),
        (9.0, 9.5, "?"),
        (3.0, 3.1, ""),
    )
    made = write(new_store(tmp_path), "spoken_words", "b", rows, SCHEMAS["spoken_words"])
    (row,) = made.rows()
    assert [word["word"] for word in row["words"]] == ["in", "we", "2016", "won"]
    assert max(word["end"] for word in row["words"]) <= 4.1
    assert made.manifest.rejected == 0 and list(made.rejected()) == []
    counts = {reason: one["count"] for reason, one in made.manifest.metadata["notes"].items()}
    assert counts == {
        "words_cut": 1, "words_empty": 1, "words_inverted": 1, "words_no_times": 1, "words_outside": 1, "words_overlong": 1,
        "words_unsorted": 1,
        "words_zero_length": 1,
    }  # fmt: skip
    told = made.manifest.metadata["notes"]["words_outside"]["examples"]
    assert told == ["1 of the words heard in v lie outside the video and are left out"]


def test_words_end_with_the_picture_where_the_sound_goes_on(video) -> None:
    *_, row = heard(video | {"duration": 2.5}, (1.0, 1.4, "in"), (2.0, 3.4, "time"))
    assert isinstance(row, dict)
    assert [word["end"] for word in row["words"]] == [1.4, 2.5]


def test_words_without_any_time_are_an_error_row_and_the_next_video_is_heard(video) -> None:
    lists = iter([[{"start": None, "end": None, "word": "a"}], [{"start": 1.0, "end": 1.2, "word": "b"}]])
    first, second = spoken_words([video, video | {"video_id": "w"}], own_path, lambda audio: (next(lists), "en"), None)
    assert isinstance(first, Rejected)
    assert (first.kind, first.reason) == ("error", "no_word_times")
    assert isinstance(second, dict) and second["video_id"] == "w"


def test_a_list_of_blanks_is_no_speech_and_is_counted(video) -> None:
    note, row = heard(video, (1.0, 1.2, " "), (2.0, 2.2, ""))
    assert isinstance(note, Note) and (note.reason, note.count) == ("words_empty", 2)
    assert isinstance(row, Rejected) and row.reason == "no_speech"


def test_a_model_that_gives_no_times_does_not_end_the_worker() -> None:
    words = [
        SimpleNamespace(start=None, end=np.float32(0.456), word=" a"),
        SimpleNamespace(start=1.0, end=float("nan"), word="b "),
    ]
    model = SimpleNamespace(
        model=SimpleNamespace(is_multilingual=False),
        transcribe=lambda audio, **options: ([SimpleNamespace(words=words)], SimpleNamespace(language="en")),
    )
    found, _ = FasterWhisper(model, "en")(np.zeros(16000, np.float32))
    assert [(word["start"], word["word"]) for word in found] == [(None, "a"), (1.0, "b")]
    assert found[0]["end"] == 0.46


def test_music_hidden_in_a_long_word_cuts_a_clip_as_silence_does() -> None:
    """A recogniser put the start of "Now" before the music."""
    said = ["Hi." if k % 5 == 4 else "Hey" for k in range(80)]
    before = [(k * 0.5, k * 0.5 + 0.4, word) for k, word in enumerate(said)]
    after = [(60.2 + start, 60.2 + end, word) for start, end, word in before]
    words = [{"start": s, "end": e, "word": w} for s, e, w in [*before, (40.0, 60.0, "Now"), *after]]
    spoken, limits = sound_words(words, None, LONGEST).words, ClipLimits()
    for cut in (list(sentence_runs(spoken, limits)), list(runs(spoken, limits))):
        kept = [run for run in cut if run.fate == "kept"]
        assert len(kept) == 2
        assert spoken[kept[0].last - 1]["end"] <= 40.0, "the music is in neither clip"
        assert spoken[kept[1].first]["start"] >= 57.0


# -- published files -------------------------------------------------------------------------------------------------------

UNSOUND = [[21.0, 21.4, "on"], [20.5, 20.9, "go"], [None, None, "2016"], [22.0, 21.0, "end"]]


def record(stream: list) -> list:
    row = {
        "video_id": "abc", "batch": "", "path": "video/youtube/abc.mp4", "start": 20.1, "end": 23.0, "title": "t",
        "category": "Sports", "words": [],
    }  # fmt: skip
    made = to_record(row)
    made[1]["content"][0]["text_stream"] = stream
    return made


def test_a_published_record_is_sound_under_the_corrected_rule_and_says_what_was_mended() -> None:
    row = from_record(record(UNSOUND))
    assert [word["word"] for word in row["words"]] == ["go", "2016", "on", "end"]
    assert row["words_mended"] == {"no_times": 1, "inverted": 1, "unsorted": 1, "overlong": 1, "zero_length": 1}
    assert "words_mended" not in from_record(record([[20.5, 20.9, "go"]]))


def test_a_published_record_stays_as_it_is_under_the_released_rule() -> None:
    row = from_record(record(UNSOUND), rule="released")
    assert [[word["start"], word["end"], word["word"]] for word in row["words"]] == UNSOUND


@pytest.mark.parametrize("stream", [[[None, None, "a"]], "abc", 7, [[1.0, 2.0]]])
def test_a_record_whose_words_cannot_be_used_is_a_value_error(stream) -> None:
    with pytest.raises(ValueError, match="not a record of video, text and text_stream"):
        from_record(record(stream))


def test_a_preview_row_is_mended_alike() -> None:
    preview = {
        "video": "a.mp4", "video_start": 1.0, "video_end": 3.0, "query": "",
        "text_stream": json.dumps([[2.0, 2.2, "b"], ["1.0", None, "a"]]),
    }  # fmt: skip
    assert [word["word"] for word in from_preview(preview)["words"]] == ["a", "b"]


def test_words_of_a_cut_clip_end_with_the_clip() -> None:
    row = {"video_id": "abc", "start": 100.2, "end": 140.0, "path": "abc.mp4"}
    words = [{"start": 139.0, "end": 150.0, "word": "b"}, {"start": 100.0, "end": None, "word": "a"}]
    found = CutClips(["abc_100.2-140.0_2.0fps.mp4"]).bridge(row | {"words": words})
    assert found is not None
    assert [word["word"] for word in found["words"]] == ["a", "b"]
    assert found["words"][-1]["end"] == pytest.approx(40.3), "39.8 s, and what the name may be rounded by"
    with pytest.raises(WordListError):
        CutClips(["abc_100.2-140.0_2.0fps.mp4"]).bridge(row | {"words": [{"start": None, "end": None, "word": "a"}]})
