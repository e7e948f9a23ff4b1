"""LiveSports-QA and MVBench: items, letters, scores."""

import json

import pytest

from livecc_assets.core.errors import UserError
from livecc_assets.evaluation.mcq import Answered
from livecc_assets.evaluation.qa import (
    lettered,
    livesports_items,
    livesports_score,
    mvbench_items,
    mvbench_score,
    read_mvbench,
)
from livecc_assets.store.rows import Rejected
from livecc_assets.store.videos import own_path
from tests.rows import kept


def question(n, kind="who", ocr=False):
    return {
        "question_id": str(n),
        "video_id": "v",
        "batch": "b",
        "path": "v.mp4",
        "sha256": "0",
        "video_start": 1.0,
        "video_end": None,
        "q_type": kind,
        "ocr": ocr,
        "question": "Who?",
        "options": ["A. a", "B. b", "C. c", "D. d"],
        "answer": "A",
    }


def mv(**more):
    return {
        "video": "c/v.mp4",
        "task_type": "Action",
        "question": "What?",
        "options": ["x", "y", "z"],
        "answer": "y",
    } | more


def test_livesports_accuracy_is_told_by_kind_on_the_ocr_subset_and_over_all():
    rows = [question(0), question(1, "what", True), question(2, "what"), question(3, "when")]
    answered = [Answered(item, "A", "", n != 2) for n, item in enumerate(kept(livesports_items(rows, own_path)))]
    values = {row["subset"]: row["value"] for row in livesports_score(answered) if row["metric"] == "accuracy"}
    assert values == {"all": 75, "q_type:who": 100, "q_type:what": 50, "ocr:yes": 100, "q_type:when": 100}


def test_the_range_of_a_livesports_question_is_watched():
    (item,) = kept(livesports_items([question(0)], own_path))
    assert item.video == {"video": "v.mp4", "video_start": 1.0, "video_end": None}
    (bad,) = livesports_items([question(0) | {"options": ["a"]}], own_path)
    assert isinstance(bad, Rejected)


@pytest.mark.parametrize(
    ("options", "answer", "letter"),
    [(["x", "y"], "y", "B"), (["A. x", "B. y"], "B", "B"), (["x", "y", "z"], "(C)", "C"), (["A. x", "B. y"], "x", "A")],
)
def test_mvbench_answers_are_letters_or_option_texts(options, answer, letter):
    texts, found = lettered(options, answer)
    assert found == letter
    assert texts[1] == "B. y"


def test_mvbench_score_is_the_mean_over_task_types():
    rows = [mv(), mv(), mv(), mv(task_type="Count")]
    answered = [Answered(item, "B", "", item.stratum == "Action") for item in kept(mvbench_items(rows))]
    scores = {(row["metric"], row["subset"]): row["value"] for row in mvbench_score(answered)}
    assert scores[("mean_accuracy", "all")] == 50
    assert scores[("accuracy", "all")] == 75
    assert scores[("accuracy", "task:Count")] == 0


def test_mvbench_reads_frame_folders_and_ranges():
    (item,) = kept(mvbench_items([mv(video="tv/clip", frames=["1.jpg"], video_start=2, video_end=4)]))
    assert item.video == {"video": "tv/clip", "video_start": 2, "video_end": 4, "frames": ["1.jpg"]}
    assert item.candidates == ("A", "B", "C")


def test_a_question_without_video_stops_mvbench_and_a_malformed_one_is_a_row(tmp_path):
    path = tmp_path / "mv.jsonl"
    row = mv()
    del row["video"]
    path.write_text(json.dumps(row))
    with pytest.raises(UserError, match="lack 'video'"):
        read_mvbench(path)
    path.write_text(json.dumps(mv()))
    assert read_mvbench(path, "root/")[0]["video"] == "root/c/v.mp4"
    (bad,) = mvbench_items([mv(answer="none of these")])
    assert isinstance(bad, Rejected)
    assert bad.kind == "error"


def test_questions_of_one_video_count_as_few():
    """Ten right answers about one video are no ten videos."""
    rows = [question(n) | {"video_id": f"v{n // 10}"} for n in range(100)]
    items = kept(livesports_items(rows, own_path))
    answered = [Answered(item, "A", "", n // 10 % 2 == 0) for n, item in enumerate(items)]
    alike = next(row for row in livesports_score(answered) if row["metric"] == "accuracy")
    mixed = livesports_score([Answered(item, "A", "", n % 2 == 0) for n, item in enumerate(items)])[0]
    assert (alike["n"], alike["clusters"], alike["value"], mixed["value"]) == (100, 10, 50, 50)
    assert alike["high"] - alike["low"] > 2 * (mixed["high"] - mixed["low"])
