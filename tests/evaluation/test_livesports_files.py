"""The published benchmark's files become rows; malformed ones become errors that name file and record."""

import csv
import json

import pytest

from livecc_assets.core.errors import UserError
from livecc_assets.evaluation.livesports_files import import_events, import_questions
from livecc_assets.evaluation.schemas import SCHEMAS
from livecc_assets.store.rows import Rejected
from tests.rows import kept


def cc(**more):
    return {
        "video_id": "abc",
        "url": "u",
        "event_id": 3,
        "begin": 10.5,
        "end": 31.25,
        "event_type": 0,
        "video": "abc.mp4",
        "class": "Golf",
        "event_title": "A long putt",
        "event_asr": json.dumps([[10.5, 12, "He putts."], [12, 31, "It drops!"]]),
        "event_asr_text": "He putts. It drops!",
        "preasr": json.dumps([[0, 9, "Welcome."]]),
        "preasr_text": "Welcome.",
    } | more


def qa(**more):
    return {
        "video": "abc.mp4",
        "question_id": 7,
        "q_type": "Who",
        "OCR": 1,
        "question": "Who putts?",
        "options": ["A. x", "B. y", "C. z", "D. w"],
        "answer": "C",
    } | more


def save(path, rows):
    if path.suffix == ".json":
        path.write_text(json.dumps(rows))
    elif path.suffix == ".jsonl":
        path.write_text("\n".join(json.dumps(row) for row in rows))
    else:
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    return path


@pytest.mark.parametrize("name", ["a.json", "a.jsonl", "a.csv"])
def test_events_read_the_same_from_every_format(tmp_path, name):
    path = save(tmp_path / name, [cc()])
    (event,) = kept(import_events(path))
    assert list(event) == SCHEMAS["livesports_events"].names
    assert (event["video_id"], event["event_id"], event["batch"], event["path"]) == ("abc", 3, "", "abc.mp4")
    assert (event["begin"], event["end"], event["class"]) == (10.5, 31.25, "Golf")
    assert json.loads(event["event_asr"]) == [[10.5, 12.0, "He putts."], [12.0, 31.0, "It drops!"]]
    assert event["preasr_text"] == "Welcome."
    assert event["truth"] is None


@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
def test_text_that_was_cut_inside_a_character_can_be_kept(tmp_path, name):
    (event,) = kept(import_events(save(tmp_path / name, [cc(event_asr_text="It drops \ud83d")])))
    assert event["event_asr_text"] == "It drops \ufffd"


def test_text_is_rebuilt_from_the_rows_where_the_file_has_none(tmp_path):
    (event,) = kept(import_events(save(tmp_path / "a.json", [cc(event_asr_text="", preasr=None, preasr_text=None)])))
    assert event["event_asr_text"] == "He putts. It drops!"
    assert (event["preasr"], event["preasr_text"]) == ("[]", "")


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        ({"event_asr": "[]", "event_asr_text": ""}, "no transcript"),
        ({"event_asr": "not json"}, "malformed"),
        ({"begin": 40.0}, "do not bound an event"),
        ({"video": ""}, "video is empty"),
        ({"event_id": "x"}, "malformed"),
    ],
)
def test_a_malformed_event_is_an_error_row_and_the_rest_goes_on(tmp_path, broken, says):
    rows = list(import_events(save(tmp_path / "a.jsonl", [cc(**broken), cc(event_id=4)])))
    assert isinstance(rows[0], Rejected)
    assert rows[0].kind == "error"
    assert says in rows[0].detail
    assert kept(rows[1:])[0]["event_id"] == 4


def test_questions_are_read_with_kind_and_ocr_flag(tmp_path):
    (row,) = kept(import_questions(save(tmp_path / "q.jsonl", [qa(video_start=3)])))
    assert list(row) == SCHEMAS["livesports_questions"].names
    assert (row["question_id"], row["video_id"], row["path"], row["q_type"], row["ocr"]) == (
        "7",
        "abc",
        "abc.mp4",
        "who",
        True,
    )
    assert (row["video_start"], row["video_end"], row["answer"]) == (3.0, None, "C")


@pytest.mark.parametrize("broken", [{"options": ["A. x"]}, {"answer": "E"}, {"options": ["x", "y", "z", "w"]}])
def test_a_malformed_question_is_an_error_row(tmp_path, broken):
    (row,) = import_questions(save(tmp_path / "q.jsonl", [qa(**broken)]))
    assert isinstance(row, Rejected)
    assert row.reason == "malformed_question"


def test_a_file_of_another_kind_is_refused_with_its_name(tmp_path):
    with pytest.raises(UserError, match=r"q\.jsonl: 1 of 1 records lack 'video_id'.*LiveSports_3K_CC"):
        list(import_events(save(tmp_path / "q.jsonl", [qa()])))
    with pytest.raises(UserError, match=r"none\.json: no such benchmark file"):
        list(import_events(tmp_path / "none.json"))
    (tmp_path / "bad.jsonl").write_text(json.dumps(cc()) + "\n{oops\n")
    with pytest.raises(UserError, match=r"bad\.jsonl line 2: not valid JSON"):
        list(import_events(tmp_path / "bad.jsonl"))
    (tmp_path / "latin.csv").write_bytes(b"video_id\n\xe9\n")
    with pytest.raises(UserError, match="not a UTF-8 text file"):
        list(import_events(tmp_path / "latin.csv"))
    (tmp_path / "empty.json").write_text("[]")
    with pytest.raises(UserError, match="holds no records"):
        list(import_events(tmp_path / "empty.json"))


@pytest.mark.parametrize(("column", "length"), [("event_title", 501), ("class", 101)])
def test_a_title_or_class_that_is_too_long_makes_its_row_an_error(tmp_path, column: str, length: int):
    path = tmp_path / "cc.jsonl"
    rows = [cc(**{column: "x" * length}), cc(event_id=4, event_title="A\x1b[2J\u202e\nputt")]
    path.write_text("\n".join(map(json.dumps, rows)))
    rejected, row = import_events(path)
    assert isinstance(rejected, Rejected)
    assert rejected.reason == "malformed_event"
    assert f"{column} has {length} characters, more than" in rejected.detail
    assert isinstance(row, dict)
    assert row["event_title"] == "A[2J putt"
