"""What is computed on columns equals plain loops over rows, value for value."""

import json
import math
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from benchmarks import columns_loop
from livecc_assets.core.rules import Rule
from livecc_assets.core.words import Word
from livecc_assets.graph.settings.video import ClipLimits
from livecc_assets.live_cc import clips, columns, words
from livecc_assets.live_cc.columns import Said, Timed, bounded, tenths
from livecc_assets.live_cc.schemas import SCHEMAS
from livecc_assets.live_whisperx import clips as sentences
from livecc_assets.live_whisperx.schemas import SCHEMAS as SFT_SCHEMAS
from livecc_assets.source.schemas import LINE
from livecc_assets.source.schemas import SCHEMAS as SOURCE_SCHEMAS
from livecc_assets.store.rows import WORD, Piece, Rejected
from tests.live_cc.random_videos import Videos
from tests.rows import kept

SOURCE = pa.schema([SOURCE_SCHEMAS["yt_cc_source"].field(name) for name in words.READ])
RULES: list[Rule] = ["released", "corrected"]


def _batches(rows: list[dict[str, Any]], schema: pa.Schema, cut: int) -> list[pa.RecordBatch]:
    """The rows as two slices of one batch: the second one's columns do not start at their buffers' start."""
    named = [{name: row[name] for name in schema.names} for row in rows]
    batch = pa.RecordBatch.from_pylist(named, schema)
    return [batch.slice(0, cut), batch.slice(cut)]


def _told(pieces: Iterable[Piece], schema: pa.Schema) -> tuple[str, str]:
    """(Rows, rejected rows) to the last digit, with NaN equal to NaN."""
    rows, rejected = [], []
    for piece in pieces:
        assert piece.rows.schema == schema
        rows += piece.rows.to_pylist()
        rejected += piece.rejected.to_pylist()
    return repr(rows), repr(rejected)


def _looped(found: Iterable[dict[str, Any] | Rejected], schema: pa.Schema) -> tuple[str, str]:
    made = list(found)
    rows = [{name: row[name] for name in schema.names} for row in made if isinstance(row, dict)]
    return repr(rows), repr([row.as_row() for row in made if isinstance(row, Rejected)])


@pytest.fixture(params=[600, 2**23])
def bytes_at_a_time(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Videos one by one, and all together."""
    monkeypatch.setattr(columns, "BYTES", request.param)
    monkeypatch.setattr(clips, "_CONTEXT", request.param)
    monkeypatch.setattr(clips, "_SEEN", request.param)


@pytest.mark.usefixtures("bytes_at_a_time")
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("seed", range(8))
def test_words_of_captions_equal_the_plain_loops(rule: Rule, seed: int) -> None:
    rows = Videos(seed, odd=seed % 2 == 1).captioned(30)
    found = words.word_tables(_batches(rows, SOURCE, 11), rule)
    looped = columns_loop.caption_words(rows, rule)
    assert _told(found, SCHEMAS["caption_words"]) == _looped(looped, SCHEMAS["caption_words"])


@pytest.mark.usefixtures("bytes_at_a_time")
@pytest.mark.parametrize("seed", range(10))
def test_clips_equal_the_plain_loops(seed: int) -> None:
    videos = Videos(seed, odd=seed % 2 == 1)
    rows, limits = videos.spoken(20), videos.limits()
    for asset, schema, given_schema, tables, context in (
        ("caption_clips", SCHEMAS["caption_clips"], SCHEMAS["caption_words"], clips.clip_tables, "previous"),
        ("sentence_clips", SFT_SCHEMAS["sentence_clips"], SFT_SCHEMAS["spoken_words"], sentences.clip_tables, "preasr"),
    ):
        found = tables(_batches(rows, given_schema, 3), limits)
        looped = columns_loop.clips(rows, ClipLimits(**limits), context)
        assert _told(found, schema) == _looped(looped, schema), asset


def test_a_time_that_is_no_number_hides_no_cut() -> None:
    said: list[Word] = [{"start": i, "end": i + 1.0, "word": "go"} for i in range(600)]
    said[100]["end"] = math.nan
    limits = ClipLimits()
    assert [(run.first, run.last) for run in clips.runs(said, limits)] == [(0, 241), (241, 482), (482, 600)]
    assert [run[:2] for run in columns_loop.caption_runs(said, limits)] == [(0, 241), (241, 482), (482, 600)]


def test_the_golden_captions_of_one_batch_become_their_words(golden: Path) -> None:
    records = [json.loads(line) for line in (golden / "split_words.jsonl").read_text().splitlines()]
    good = [record for record in records if "error" not in record]
    about = dict.fromkeys(SOURCE.names, "x") | {"caption_words": None}
    rows = [
        about
        | {
            "video_id": record["id"],
            "subtitles": [dict(zip(LINE.names, line, strict=True)) for line in record["lines"]],
        }
        for record in good
    ]
    (piece,) = words.word_tables([pa.RecordBatch.from_pylist(rows, SOURCE)], "released")
    found = {row["video_id"]: [list(word.values()) for word in row["words"]] for row in piece.rows.to_pylist()}
    assert found == {record["id"]: record["words"] for record in good if record["words"]}
    assert piece.rejected["id"].to_pylist() == [record["id"] for record in good if not record["words"]]


@pytest.mark.parametrize("rule", RULES)
def test_the_golden_videos_of_one_batch_become_their_clips(golden: Path, rule: Rule) -> None:
    records = [json.loads(line) for line in (golden / "pretrain_clips.jsonl").read_text().splitlines()]
    rows = [
        {"video_id": record["id"], "words": [dict(zip(WORD.names, word, strict=True)) for word in record["words"]]}
        for record in records
    ]
    batch = pa.RecordBatch.from_pylist(rows, SCHEMAS["caption_words"])
    found = {
        row["clip_id"]: (len(row["words"]), len(row["previous"].split(" ")) if row["previous"] else 0)
        for piece in clips.clip_tables([batch], {"rule": rule})
        for row in piece.rows.to_pylist()
    }
    assert found == {
        f"{record['id']}:{first}": (last - first, before)
        for record in records
        for first, last, before, fast in record[rule]
        if fast
    }


@settings(max_examples=300, deadline=None)
@given(st.lists(st.floats() | st.integers(-12000, 12000).map(lambda number: number / 20), max_size=30))
@example([0.15, 0.25, 0.35, -0.05, -0.04, 2.675, 1e22, 2.0**52 + 1, math.nextafter(0.05, 1), math.nextafter(0.25, 0)])
def test_tenths_are_rounded_as_python_rounds(numbers: list[float]) -> None:
    assert repr(tenths(np.array(numbers)).tolist()) == repr([round(number, 1) for number in numbers])


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ({"start": 0.0, "end": 1.0, "text": None}, "a line has no text"),
        ({"start": None, "end": 1.0, "text": "go"}, "a line has no start or no end"),
        (None, "a line has no text"),
    ],
)
@pytest.mark.parametrize("rule", RULES)
def test_a_line_that_lacks_something_is_an_error_of_its_video_alone(rule: Rule, line: Any, said: str) -> None:
    good = {"start": 0.0, "end": 1.0, "text": "go on"}
    rows = [{"video_id": "bad", "subtitles": [good, line, good]}, {"video_id": "good", "subtitles": [good]}]
    bad, other = words.caption_words(rows, rule)
    assert isinstance(bad, Rejected)
    assert (bad.id, bad.kind, bad.reason) == ("bad", "error", "malformed_captions")
    assert said in bad.detail
    assert isinstance(other, dict)
    assert [word["word"] for word in other["words"]] == ["go", "on"]


def test_a_captions_word_needs_a_time() -> None:
    good, timeless = {"start": 0.0, "end": 1.0, "word": "go"}, {"start": None, "end": 1.0, "word": "go"}
    first, second = words.caption_words(
        [{"video_id": "a", "caption_words": [good]}, {"video_id": "b", "caption_words": [timeless, good]}]
    )
    assert isinstance(first, dict)
    assert first["words"] == [good]
    assert isinstance(second, Rejected)
    assert second.reason == "malformed_captions"


def test_what_is_not_spoken_is_counted_once_and_other_videos_are_left_as_they_are() -> None:
    def line(text: str) -> dict[str, Any]:
        return {"start": 0.0, "end": 1.0, "text": text}

    music = [{"start": 0.0, "end": 1.0, "word": "[Music]"}]
    rows = [
        {"video_id": "a", "subtitles": [line("well-known 12:30"), line("it's x-y")]},
        {"video_id": "b", "subtitles": [line("(applause) >> yes")]},
        {"video_id": "c", "subtitles": [line("[Music] on")], "caption_words": music},
    ]
    dropped: Counter[str] = Counter()
    found = {row["video_id"]: row["words"] for row in kept(words.caption_words(rows, "corrected", dropped))}
    assert {video: [word["word"] for word in said] for video, said in found.items()} == {
        "a": ["well-known", "12:30", "it's", "x-y"],
        "b": ["yes"],
        "c": ["on"],
    }
    assert dropped == {"parenthesis": 1, "turn": 1, "bracket": 1}


@pytest.mark.parametrize("of", [clips.caption_clips, sentences.sentence_clips])
def test_words_without_a_time_are_an_error_of_their_video_alone(of: Any) -> None:
    good = [{"start": i / 2, "end": i / 2 + 0.5, "word": "go"} for i in range(80)]
    broken = [*good[:3], {"start": None, "end": 2.0, "word": "go"}, *good[4:]]
    rows = list(of([{"video_id": "bad", "words": broken}, {"video_id": "good", "words": good}], {}))
    (bad,) = (row for row in rows if isinstance(row, Rejected))
    assert (bad.id, bad.kind, bad.reason) == ("bad", "error", "malformed_words")
    assert bad.detail == "its word 3 has no start, no end or no text"
    assert [row["clip_id"] for row in rows if isinstance(row, dict)] == ["good:0"]


def test_some_videos_get_other_words_and_the_rest_keep_theirs() -> None:
    def said(*texts: str) -> list[Said]:
        return [(float(i), i + 1.0, text) for i, text in enumerate(texts)]

    videos = [said("a", "b"), said(), said("c"), said("d", "e")]
    whole, _ = Timed.of_rows(videos)
    found = whole.replaced({0: said("x"), 1: said("new", "y"), 2: []})
    assert [found.of_video(v) for v in range(4)] == [said("x"), said("new", "y"), [], said("d", "e")]
    assert [whole.replaced({}).of_video(v) for v in range(4)] == videos


def test_a_large_batch_is_halved_and_no_row_is_lost() -> None:
    batch = pa.RecordBatch.from_pylist([{"text": "x" * size} for size in (10, 0, 2**22, 2**22, 2**23, 5)])
    parts = list(bounded([batch, batch.slice(0, 0)]))
    assert [row for part in parts for row in part.to_pylist()] == batch.to_pylist()
    assert all(part.nbytes <= columns.BYTES or part.num_rows == 1 for part in parts)
