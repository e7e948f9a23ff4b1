"""Records are written with a seek index and read back, also from old and published files."""

import json
from pathlib import Path

import pytest

from livecc_assets.core.errors import UserError
from livecc_assets.core.rules import Rule
from livecc_assets.live_cc.records import RecordFile, from_preview, from_record, to_record, write_records


def _row(video_id, title="A title", word="go", **columns):
    words = [{"start": 20.1, "end": 20.4, "word": word}, {"start": 20.5, "end": 21.0, "word": "on"}]
    return {
        "video_id": video_id, "batch": "", "path": f"video/youtube/{video_id}.mp4", "start": 20.1, "end": 21.0, "title": title,
        "category": "Sports", "previous": "before", "words": words, **columns,
    }  # fmt: skip


@pytest.mark.parametrize("rule", ["corrected", "released"])
def test_every_record_is_found_by_its_offset(tmp_path: Path, rule: Rule):
    rows = [_row("a"), _row("b", title="Füße – 足球", word="año"), _row("c", title="naïve")]
    path = tmp_path / "set.jsonl"
    assert write_records(rows, path, rule) == 3
    raw = path.read_bytes()
    assert not raw.endswith(b"\n")
    index = json.loads(raw.splitlines()[-1])
    assert [json.loads(raw[offset:].split(b"\n")[0])[0]["content"][0]["video"] for offset in index] == [
        row["path"] for row in rows
    ]
    assert raw.isascii() == (rule == "released")
    with RecordFile(path) as records:
        assert len(records) == 3
        assert [from_record(record)["title"] for record in records] == ["A title", "Füße – 足球", "naïve"]
        assert records[1][1]["content"][0]["text_stream"][0] == [20.1, 20.4, "año"]


def test_an_old_index_that_counts_characters_is_read_right(tmp_path: Path):
    records = [to_record(_row(name, title="Füße")) for name in "abcd"]
    text, offsets = "", []
    for record in records:
        offsets.append(len(text))
        text += json.dumps(record, ensure_ascii=False) + "\n"
    path = tmp_path / "old.jsonl"
    path.write_text(text + json.dumps(offsets), encoding="utf-8")
    with RecordFile(path) as found:
        assert list(found) == records
        assert found.offsets != offsets


def test_an_index_longer_than_a_read_block_and_a_newline_at_the_end_are_no_trouble(tmp_path: Path):
    path = tmp_path / "big.jsonl"
    write_records((_row(f"v{i:05}") for i in range(12_000)), path)
    assert len(path.read_bytes().splitlines()[-1]) > 1 << 16
    path.write_bytes(path.read_bytes() + b"\n")
    with RecordFile(path) as records:
        assert len(records) == 12_000
        assert from_record(records[11_999])["video_id"] == "v11999"


def test_a_file_without_an_index_is_refused_with_its_name(tmp_path: Path):
    path = tmp_path / "plain.jsonl"
    path.write_text(json.dumps(to_record(_row("a"))) + "\n")
    with pytest.raises(UserError, match=r"plain\.jsonl.*seek index"):
        RecordFile(path)


def test_an_index_of_another_file_is_refused(tmp_path: Path):
    path = tmp_path / "mixed.jsonl"
    path.write_text(json.dumps(to_record(_row("a"))) + "\n[0, 3]")
    with pytest.raises(UserError, match="lists 2 records, the file holds 1"):
        RecordFile(path)


def test_an_empty_set_is_a_file_with_an_empty_index(tmp_path: Path):
    assert write_records([], tmp_path / "none.jsonl") == 0
    with RecordFile(tmp_path / "none.jsonl") as records:
        assert len(records) == 0


def test_a_record_becomes_the_row_that_it_was_made_from():
    row = _row("abc", query="Comment on it")
    assert from_record(to_record(row)) == {**row, "words": row["words"]}
    sft = _row("abc", query="Comment on it", preasr="said before")
    del sft["previous"]
    assert to_record(sft)[0]["content"][1]["previous"] == "said before"


def test_a_preview_row_is_read():
    preview = {
        "video": "video/youtube/x-_1.mp4", "video_start": 1.0, "video_end": 2.0, "query": "",
        "text_stream": '[[1.0, 2.0, "hi"]]',
    }  # fmt: skip
    row = from_preview(preview)
    assert (row["video_id"], row["words"]) == ("x-_1", [{"start": 1.0, "end": 2.0, "word": "hi"}])


@pytest.mark.parametrize("record", [[], [{"role": "user"}], [{"content": []}, {"content": []}], [1, 2]])
def test_a_line_that_is_no_record_is_a_value_error(record):
    with pytest.raises(ValueError, match="not a record"):
        from_record(record)


@pytest.mark.parametrize("name", ["x" * 129 + ".mp4", "a/..", "video/a\x1b[2Jb.mp4", "a\u202eb.mp4", ""])
def test_a_published_record_whose_video_makes_no_id_is_refused(name: str):
    record = to_record(_row("a"))
    record[0]["content"][0]["video"] = name
    with pytest.raises(ValueError, match="not a record of video, text and text_stream: ValueError: video_id"):
        from_record(record)


def test_a_published_title_is_one_line_of_bounded_length():
    record = to_record(_row("a", title="A\x1b[2J\ngoal " + "x" * 10**6))
    title = from_record(record)["title"]
    assert title.startswith("A[2J goal xxx")
    assert len(title) == 500
