"""Ids of published files: a bad one rejects its row, or stops a file that is used whole, and is never printed as it is."""

import json
from pathlib import Path
from typing import Any

import pytest

from livecc_assets.core.errors import UserError
from livecc_assets.evaluation.judgement_files import read_judged
from livecc_assets.evaluation.livesports_files import import_events, import_questions
from livecc_assets.evaluation.mcq import Answered, Item
from livecc_assets.evaluation.opponent import captions_file
from livecc_assets.evaluation.ovobench import ovobench_items
from livecc_assets.evaluation.qa import mvbench_items
from livecc_assets.evaluation.videomme import results, videomme_items
from livecc_assets.store.rows import Rejected
from tests.evaluation.test_livesports_files import cc, qa, save
from tests.evaluation.test_ovobench import rec
from tests.evaluation.test_qa import mv
from tests.evaluation.test_videomme import question

BAD = ["../../x", "x" * 200_000, "a\x1b[2J\u202e", "", None, ["a"]]


def check(rows: list[Any], told: str) -> None:
    """The first row is rejected for its id, and the second stands."""
    first, second = rows
    assert isinstance(first, Rejected)
    assert (first.kind, first.reason) == ("error", "malformed_id")
    assert told in first.detail
    for text in (first.id, first.detail, first.video_id):
        assert text.isprintable()
        assert len(text) < 300
    assert not isinstance(second, Rejected)


@pytest.mark.parametrize("field", ["video_id", "event_id"])
@pytest.mark.parametrize("bad", BAD)
def test_an_event_with_a_bad_id_is_rejected_and_the_rest_goes_on(tmp_path: Path, field: str, bad: object):
    rows = list(import_events(save(tmp_path / "a.jsonl", [cc(**{field: bad}), cc()])))
    check(rows, f"record 1 of a.jsonl: {field}")


@pytest.mark.parametrize("bad", [2**31, -(2**40), float("inf"), float("nan")])
def test_a_number_of_an_event_that_no_column_holds_is_rejected(tmp_path: Path, bad: float):
    first, _ = import_events(save(tmp_path / "a.jsonl", [cc(event_id=bad), cc()]))
    assert isinstance(first, Rejected)
    assert (first.kind, first.reason) == ("error", "malformed_event")


@pytest.mark.parametrize("bad", BAD)
def test_a_question_with_a_bad_id_is_rejected_and_the_rest_goes_on(tmp_path: Path, bad: object):
    rows = list(import_questions(save(tmp_path / "a.jsonl", [qa(question_id=bad), qa()])))
    check(rows, "record 1 of a.jsonl: question_id")


def test_a_question_whose_videos_name_is_too_long_is_rejected(tmp_path: Path):
    check(list(import_questions(save(tmp_path / "a.jsonl", [qa(video=f"{'x' * 200}.mp4"), qa()]))), "video_id")
    check(list(mvbench_items([mv(video=f"{'x' * 200}.mp4"), mv()])), "question 1: video_id")


@pytest.mark.parametrize("field", ["question_id", "video_id"])
@pytest.mark.parametrize("bad", BAD)
def test_a_videomme_question_with_a_bad_id_is_rejected_and_in_no_result(field: str, bad: object):
    records = [question(**{field: bad}), question()]
    found = list(videomme_items(records))
    check(found, field)
    done = [Answered(item, "A", "A. one", False) for item in found if isinstance(item, Item)]
    assert [len(video["questions"]) for video in results(records, done)] == [1]


@pytest.mark.parametrize("bad", BAD)
def test_an_ovobench_annotation_with_a_bad_id_is_rejected(bad: object):
    check(list(ovobench_items([rec((1,)) | {"id": bad}, rec((1,))])), "id")


@pytest.mark.parametrize("field", ["video_id", "event_id"])
@pytest.mark.parametrize("bad", BAD)
def test_a_captions_file_with_a_bad_id_is_refused_with_its_record(tmp_path: Path, field: str, bad: object):
    good = {"video_id": "a", "event_id": 0, "pred": "one"}
    path = save(tmp_path / "a.jsonl", [good, good | {field: bad}])
    with pytest.raises(UserError, match=rf"a\.jsonl record 2: {field} ") as caught:
        captions_file(path, [])
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 500


def test_an_event_that_has_no_number_in_a_captions_file_is_one_line(tmp_path: Path):
    path = save(tmp_path / "a.jsonl", [{"video_id": "a", "event_id": "x", "pred": "one"}])
    with pytest.raises(UserError, match=r"record 1: event_id 'x' is no whole number"):
        captions_file(path, [])


def test_a_published_judgement_with_a_bad_id_is_a_row_that_does_not_count(tmp_path: Path):
    path = save(tmp_path / "a.jsonl", [{"video_event_id": "../x", "ab_winner": "m", "ba_winner": "m"}])
    judged = read_judged(path, "m", "o")
    (row,) = judged.rejected
    assert judged.rows == []
    assert (row.reason, row.detail[:9]) == ("malformed_id", "record 1:")
    assert "'../x' is a path" in row.detail


@pytest.mark.parametrize("text", ["[" * 100_000, '[{"a": ' + "9" * 5000 + "}]", '{"a": ' + "9" * 5000 + "}"])
def test_a_file_that_cannot_be_parsed_is_one_line(tmp_path: Path, text: str):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(UserError, match="not valid JSON") as caught:
        list(import_events(tmp_path / "a.json"))
    assert json.dumps(str(caught.value)).count("\\n") == 0
