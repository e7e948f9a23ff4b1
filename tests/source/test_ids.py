"""Ids and titles of videos and of lists: a bad one is a row with a reason, and the other videos go on."""

import json
from pathlib import Path

import pytest

from livecc_assets.source.evaluation_lists import evaluation_ids
from livecc_assets.store.rows import Rejected

BAD = [
    "../../x",
    "..",
    "a/b",
    "/etc/passwd",
    "a\\b",
    "a\x00b",
    "x" * 129,
    "x" * 200_000,
    "a\x1b[2Jb",
    "a\u202eb",
]


def check(rejected: Rejected, *told: str) -> None:
    assert (rejected.kind, rejected.reason) == ("error", "malformed_id")
    assert all(word in rejected.detail for word in told)
    for text in (rejected.id, rejected.video_id):
        assert text.isprintable()
        assert len(text) < 100


@pytest.mark.parametrize("bad", BAD)
def test_a_video_with_a_bad_id_in_its_metadata_is_rejected_and_the_others_go_on(batch, bad: str):
    batch.video("bad.mp4", info={"id": bad, "title": "t"})
    batch.video("good.mp4", info={"id": "-good_1", "title": "t"})
    rows, (rejected,) = batch.read()
    assert [row["video_id"] for row in rows] == ["-good_1"]
    check(rejected, "bad.mp4: its id", "mend the id in its .info.json")


@pytest.mark.parametrize("stem", ["x" * 129, "a\x1b[2Jb", "a\u202eb", "a\\b"])
def test_a_file_whose_name_makes_no_id_is_rejected_unless_its_metadata_has_one(batch, stem: str):
    batch.video(f"{stem}.mp4")
    check(batch.only_rejected(), "its id", "rename the file")
    batch.write(f"{stem}.info.json", json.dumps({"id": "good", "title": "t"}))
    rows, _ = batch.read()
    assert [row["video_id"] for row in rows] == ["good"]


def test_a_broken_video_with_a_bad_name_is_shown_by_a_short_one(batch):
    batch.write(f"{'x' * 200}.mp4", b"")
    batch.write(f"{'y' * 200}.txt", b"stray")
    _, rejected = batch.read()
    assert len(rejected) == 2
    assert all(len(one.video_id) < 100 for one in rejected)


@pytest.mark.parametrize("bad", BAD)
def test_a_line_of_a_list_with_a_bad_id_is_an_error_that_names_file_and_line(tmp_path: Path, bad: str):
    path = tmp_path / "held.txt"
    path.write_text(f"-good\n{bad}\n_other\n", "utf-8")
    found = list(evaluation_ids({"files": {"held": str(path)}}, None))
    assert [one["video_id"] for one in found if isinstance(one, dict)] == ["-good", "_other"]
    (rejected,) = (one for one in found if isinstance(one, Rejected))
    check(rejected, "held.txt line 2: id")


def test_metadata_that_are_too_long_are_noted_and_the_video_is_kept(batch):
    info = {"id": "a", "title": "x " * 10**6, "categories": ["y" * 101], "language": "z" * 10**6}
    batch.video("a.mp4", info=info)
    *notes, row = batch.all()
    assert len(row["title"]) == 499
    assert (row["category"], row["language"]) == (None, None)
    assert [(one.id, one.kind, one.reason) for one in notes] == [
        (f"a#{field}", None, "long_metadata") for field in ("title", "category", "language")
    ]
    assert "its start of 500 characters is kept" in notes[0].detail


def test_a_title_is_one_line_without_what_a_terminal_acts_on(batch):
    batch.video("a.mp4", info={"id": "a", "title": "A\x1b[2J\u202e\u2028goal\n\x00!", "category": "Sp\x07orts"})
    batch.video("b\x1b[2Jb.mp4", info={"id": "b"})
    rows, _ = batch.read()
    assert [(row["title"], row["category"]) for row in rows] == [("A[2J goal !", "Sports"), ("b[2Jb", None)]
