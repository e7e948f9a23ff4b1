"""Video-MME: the official scorer to the byte, a scorer that reads answers rightly, and no run without videos."""

import gzip
import json

import pytest

from livecc_assets.core.errors import UserError
from livecc_assets.evaluation.mcq import Answered, Item
from livecc_assets.evaluation.videomme import (
    extract_letter,
    join_subtitles,
    read_results,
    read_videomme,
    report,
    results,
    tally,
    videomme_items,
    videomme_score,
)
from livecc_assets.store.rows import Rejected
from tests.rows import kept


def question(**more):
    return {
        "video_id": "001",
        "duration": "short",
        "domain": "Knowledge",
        "sub_category": "Law",
        "question_id": "001-1",
        "task_type": "Action Recognition",
        "question": "What?",
        "options": ["A. one", "B. two", "C. three", "D. four"],
        "answer": "B",
        "video": "001.mp4",
    } | more


@pytest.fixture
def published(unlicensed, tmp_path):
    name = "videomme_LiveCC-7B-Instruct_no_subtitles.json"
    path = tmp_path / name
    path.write_bytes(gzip.decompress((unlicensed / "data" / f"{name}.gz").read_bytes()))
    return read_results(path)


@pytest.fixture
def scores(golden):
    return json.loads((golden / "scores.json").read_text("utf-8"))["videomme"]


@pytest.mark.parametrize("rule", ["released", "corrected"])
def test_published_responses_give_the_published_counts(published, scores, rule):
    videos, expected = published, scores
    for kind in ("duration", "domain", "sub_category"):
        found = tally(videos, lambda video, _, kind=kind: video[kind], rule)
        assert found == {name: (one["correct"], one["answered"]) for name, one in expected[kind].items()}
    tasks = tally(videos, lambda video, question: question["task_type"], rule)
    assert tasks == {name: (one["correct"], one["answered"]) for name, one in expected["task_type"].items()}
    overall = tally(videos, lambda video, question: "all", rule)
    assert overall == {"all": (expected["overall"]["correct"], expected["overall"]["answered"])}


@pytest.mark.parametrize("rule", ["released", "corrected"])
def test_the_official_report_is_reproduced_byte_for_byte(published, unlicensed, rule):
    expected = json.loads((unlicensed / "scores.json").read_text("utf-8"))["videomme"]["report_txt"]
    assert report(published, rule) == expected


def test_the_official_scorer_demands_300_videos_a_duration(published):
    with pytest.raises(ValueError, match="299 videos of duration 'short'"):
        report(published[1:], "released")
    assert report(published[1:], "corrected").startswith("=====")


def test_letters_are_extracted_as_the_authors_do(scores):
    for response, letter in scores["extract_letter_examples"]:
        assert extract_letter(response, rule="released") == letter, response


@pytest.mark.parametrize(
    ("response", "letter"),
    [
        ("The best answer is C", "C"),
        ("The answer is D.", "D"),
        ("(A)", "A"),
        ("Answer: B", "B"),
        ("Best answer:C", "C"),
        ("Because D", "D"),
        ("Choice E", ""),
        ("B. two", "B"),
        ("C", "C"),
        ("D) four", "D"),
        ("", ""),
        ("None", ""),
        ("Apples are best", ""),
        ("A or B", ""),
    ],
)
def test_the_corrected_rule_reads_what_is_meant(response, letter):
    assert extract_letter(response, ["A. one", "B. two", "C. three", "D. four"]) == letter


RIDING = ["A. A red car.", "B. A man rides a bike.", "C. Dancing.", "D. None of the above."]


@pytest.mark.parametrize(
    ("response", "letter"),
    [
        ("b", "B"),
        ("(b)", "B"),
        ("b. A man rides a bike.", "B"),
        ("**B.** A man rides a bike.", "B"),
        ("$\\boxed{C}$", "C"),
        ("<answer>C</answer>", "C"),
        ("<think>It may be A. The answer is A?</think>C", "C"),
        ("The answer is b.", "B"),
        ("A man rides a bike.", "B"),
        ("Answer: A man rides a bike.", "B"),
        ("The answer is a man rides a bike", "B"),
        ("A person is riding in the video, so the answer is C.", "C"),
        ("Option A is wrong. The answer is C.", "C"),
        ("I considered (A), but it is incorrect. Final answer: D", "D"),
        ("The answer is not A. It is C.", "C"),
        ("A, B and C cannot be seen; the answer is D.", "D"),
        ("The correct answer is (B). Note that A is a common distractor.", "B"),
        ("(B) A man rides a bike.", "B"),
        ("选B", "B"),
        ("答案：C", "C"),
        ("Ｂ", "B"),
        ("Option\nB", "B"),
        ("(A) or (B)", ""),
        ("Both A and C.", ""),
        ("The answer is A or B", ""),
        ("I do not know.", ""),
        ("E", ""),
        ("a bike", ""),
    ],
)
def test_answers_are_read_as_models_write_them(response, letter):
    assert extract_letter(response, RIDING) == letter


def test_an_unreadable_response_leaves_the_count_when_released_and_is_wrong_when_corrected():
    videos = [{"duration": "short", "questions": [{"response": "?", "options": [], "answer": "A"}]}]
    assert tally(videos, lambda *_: "all", "released") == {}
    assert tally(videos, lambda *_: "all", "corrected") == {"all": (0, 1)}


def test_a_question_without_its_video_stops_the_run(tmp_path):
    path = tmp_path / "q.jsonl"
    without = question()
    del without["video"]
    path.write_text("\n".join(json.dumps(row) for row in (question(), without)))
    with pytest.raises(UserError, match=r"1 of 2 questions lack 'video'.*text alone"):
        read_videomme(path)
    path.write_text(json.dumps(question()))
    assert read_videomme(path, "videos")[0]["video"] == "videos/001.mp4"
    with pytest.raises(UserError, match="lack 'subtitles'"):
        read_videomme(path, subtitles=True)


def test_subtitles_are_put_before_the_question_only_when_asked():
    row = question(subtitles="hello there")
    (plain,), (with_them,) = kept(videomme_items([row])), kept(videomme_items([row], subtitles=True))
    assert "hello" not in plain.text
    assert with_them.text.startswith("This video's subtitles are listed below:\nhello there\nAccording to")
    assert with_them.text.endswith("D. four\nPlease select the correct answer.")
    assert join_subtitles(["a\\Nb", "c"]) == "a b c"


def score_line(text):
    return next(line for line in reversed(text.splitlines()) if line.startswith("Overall:"))


def test_results_and_scores_have_the_official_shape():
    rows = [
        question(),
        question(question_id="001-2", answer="C"),
        question(video_id="002", question_id="002-1", duration="long"),
    ]
    items = kept(videomme_items(rows))
    answered = [Answered(item, "B", item.responses[1], item.answer == "B") for item in items[:2]]
    done = results(rows, answered)
    assert [video["video_id"] for video in done] == ["001"]
    assert [one["response"] for one in done[0]["questions"]] == ["B. two", "B. two"]
    assert score_line(report(done)) == "Overall:  50.0%"
    scores = {(row["metric"], row["subset"]): row for row in videomme_score(answered)}
    assert scores[("accuracy", "all")]["value"] == 50
    assert scores[("accuracy", "duration:short")]["n"] == 2
    assert scores[("chance", "all")]["value"] == 25


def test_every_report_of_a_run_says_one_number():
    """A question in error and one that stands twice are in none of them."""
    rows = [
        question(),
        question(),
        question(question_id="001-2", answer="Z"),
        question(question_id="001-3", answer="C"),
    ]
    items = [item for item in videomme_items(rows) if isinstance(item, Item)]
    answered = [Answered(item, "B", "B. two", item.answer == "B") for item in items]
    done = results(rows, answered)
    (said,) = [
        row["value"] for row in videomme_score(answered) if (row["metric"], row["subset"]) == ("accuracy", "all")
    ]
    right, total = tally(done, lambda *_: "all")["all"]
    assert said == 100 * right / total == 50
    assert score_line(report(done)) == "Overall:  50.0%"


def test_a_malformed_question_is_an_error_row():
    (row,) = videomme_items([question(answer="E")])
    assert isinstance(row, Rejected)
    assert row.kind == "error"
