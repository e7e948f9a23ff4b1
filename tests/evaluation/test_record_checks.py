"""Records that others published are looked at one by one: what is wrong with one is its reason, and the others count."""

import json
from typing import Any

import pytest

from livecc_assets.evaluation import record_checks as checks
from livecc_assets.evaluation.livesports_files import import_events, import_questions
from livecc_assets.evaluation.mcq import Item
from livecc_assets.evaluation.ovobench import ovobench_items, read_ovobench
from livecc_assets.evaluation.qa import mvbench_items, read_mvbench
from livecc_assets.evaluation.videomme import read_videomme, videomme_items
from livecc_assets.store.rows import Rejected
from tests.evaluation.test_livesports_files import cc, qa, save
from tests.rows import kept

MME: dict[str, Any] = {
    "video_id": "001", "duration": "short", "domain": "Sport", "sub_category": "Golf", "question_id": "001-1",
    "task_type": "Counting Problem", "question": "How many?", "options": ["A. 1", "B. 2", "C. 3", "D. 4"], "answer": "B",
    "video": "a.mp4",
}  # fmt: skip
MV: dict[str, Any] = {
    "video": "a.mp4", "task_type": "Action", "question": "Which?", "options": ["(A) x", "(B) y"], "answer": "B"
}  # fmt: skip
OVO: dict[str, Any] = {
    "id": 2, "task": "EPM", "video": "a.mp4", "question": "Which?", "options": ["x", "y"], "gt": 1, "realtime": 9.5
}  # fmt: skip


def read(kind: str, tmp_path: Any, records: list[dict[str, Any]], folder: str = "") -> list[Any]:
    """What becomes of the records of a benchmark's file whose videos lie in a folder."""
    path = save(tmp_path / "a.json", records)
    if kind == "events":
        return list(import_events(path))
    if kind == "questions":
        return list(import_questions(path))
    if kind == "videomme":
        return list(videomme_items(read_videomme(path, folder)))
    if kind == "mvbench":
        return list(mvbench_items(read_mvbench(path, folder)))
    return list(ovobench_items(read_ovobench(path, folder)))


GOOD = {"events": cc(), "questions": qa(), "videomme": MME, "mvbench": MV, "ovobench": OVO}
OTHER = {
    "events": {"event_id": 99}, "questions": {"question_id": "99"}, "videomme": {"question_id": "99"}, "mvbench": {},
    "ovobench": {"id": 99},
}  # fmt: skip
BAD = [
    ("events", {"begin": "nan"}, "begin 'nan' is no time"),
    ("events", {"begin": -1}, "no time of a video"),
    ("events", {"end": None}, "do not bound"),
    ("events", {"end": True}, "no time of a video"),
    ("events", {"event_title": None}, "event_title is empty"),
    ("events", {"class": 7}, "class is no text"),
    ("events", {"video": "../../x.mp4"}, "leaves the folder"),
    ("events", {"video": None}, "video is empty"),
    ("events", {"event_asr": json.dumps([["nan", 2, "x"]])}, "no number"),
    ("questions", {"question": None}, "question is empty"),
    ("questions", {"options": ["A. x", "B. y", "C. z", None]}, "holds an empty one"),
    ("questions", {"options": "A. x"}, "options is no list"),
    ("questions", {"video_start": 5, "video_end": 5}, "nothing between"),
    ("questions", {"video_end": "inf"}, "no time of a video"),
    ("questions", {"video": "a/../../x.mp4"}, "leaves the folder"),
    ("questions", {"q_type": ""}, "q_type is empty"),
    ("videomme", {"answer": "E"}, "not one of the options' letters"),
    ("videomme", {"answer": None}, "not one of the options' letters"),
    ("videomme", {"question": ""}, "question is empty"),
    ("videomme", {"task_type": None}, "task_type is empty"),
    ("videomme", {"options": None}, "options is no list"),
    ("videomme", {"video": "../a.mp4"}, "leaves the folder"),
    ("videomme", {"video_start": -2}, "no time of a video"),
    ("mvbench", {"video": "../a.mp4"}, "leaves the folder"),
    ("mvbench", {"question": None}, "question is empty"),
    ("mvbench", {"options": []}, "neither a letter nor one of the options"),
    ("mvbench", {"task_type": None}, "task_type is empty"),
    ("mvbench", {"video_start": 9, "video_end": 2}, "nothing between"),
    ("ovobench", {"gt": -1}, "gt -1 is none of 2"),
    ("ovobench", {"gt": 2}, "gt 2 is none of 2"),
    ("ovobench", {"gt": None}, "annotation 2"),
    ("ovobench", {"realtime": None}, "realtime is empty"),
    ("ovobench", {"realtime": "soon"}, "annotation 2"),
    ("ovobench", {"question": " "}, "question is no text"),
    ("ovobench", {"task": None}, "task is empty"),
    ("ovobench", {"video": "../a.mp4"}, "leaves the folder"),
]


@pytest.mark.parametrize(("kind", "broken", "says"), BAD)
def test_a_bad_record_says_why_and_the_next_one_counts(
    kind: str, broken: dict[str, Any], says: str, tmp_path: Any
) -> None:
    good = GOOD[kind] | OTHER[kind]
    bad, *rest = read(kind, tmp_path, [GOOD[kind] | broken, good], folder="/videos/..")
    assert isinstance(bad, Rejected) and bad.kind == "error"
    assert says in bad.detail
    assert len(kept(rest)) == 1


@pytest.mark.parametrize("kind", ["events", "questions", "videomme", "ovobench"])
def test_of_records_that_stand_twice_the_first_counts(kind: str, tmp_path: Any) -> None:
    first, second, third = read(kind, tmp_path, [GOOD[kind], GOOD[kind], GOOD[kind] | OTHER[kind]])
    assert isinstance(second, Rejected) and second.reason == "duplicate" and "twice" in second.detail
    assert len(kept([first, third])) == 2


def test_a_bad_record_does_not_take_its_name_from_a_good_one(tmp_path: Any) -> None:
    bad, good = read("events", tmp_path, [cc(end=1.0), cc()])
    assert isinstance(bad, Rejected) and isinstance(good, dict)


def test_a_folder_may_have_any_path_and_an_address_of_ones_own_too(tmp_path: Any) -> None:
    (placed,) = read("mvbench", tmp_path, [MV], folder="../videos")
    (own,) = read("mvbench", tmp_path, [MV | {"video": "../videos/a.mp4"}])
    assert placed.video["video"] == own.video["video"] == "../videos/a.mp4"


def test_mvbenchs_own_files_are_read_as_they_are(tmp_path: Any) -> None:
    original = {"video": "a.mp4", "question": "Which?", "candidates": ["x", "y"], "answer": "y", "start": 2, "end": 7.5}
    path = tmp_path / "action_sequence.json"
    path.write_text(json.dumps([original, original | {"accurate_start": 1.0}]))
    items = [item for item in mvbench_items(read_mvbench(path)) if isinstance(item, Item)]
    assert [item.answer for item in items] == ["B", "B"]
    assert items[0].responses == ("A. x", "B. y")
    assert items[0].stratum == "Action Sequence"
    assert items[0].video == {"video": "a.mp4", "video_start": 2.0, "video_end": 7.5}


@pytest.mark.parametrize("written", ['["A. x", "B. y"]', "['A. x', 'B. y']", ["A. x", "B. y"]])
def test_lists_are_read_as_files_write_them(written: Any) -> None:
    assert checks.texts(written, "options") == ["A. x", "B. y"]


@pytest.mark.parametrize("written", ["__import__('os')", "[" * 5000, "{'a': 1}", "7", None, 7])
def test_what_is_no_list_is_refused(written: Any) -> None:
    with pytest.raises(ValueError, match="is no list"):
        checks.texts(written, "options")
