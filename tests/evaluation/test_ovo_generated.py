"""OVO-Bench by its own protocol: replies as models write them, and files as the benchmark's scripts write them."""

import json
from pathlib import Path
from typing import Any

import pytest

from livecc_assets.core.errors import UserError
from livecc_assets.evaluation.answer_files import read_answers
from livecc_assets.evaluation.answer_score import document
from livecc_assets.evaluation.mcq import Item
from livecc_assets.evaluation.ovo_generated import is_right, read_reply
from livecc_assets.evaluation.ovobench import ovobench_items, read_templates

OPTIONS = ("A. a red ball", "B. a blue ball", "C. nothing")


@pytest.mark.parametrize(
    ("reply", "letter"),
    [
        ("B", "B"), ("b.", "B"), ("(B)", "B"), ("The answer is B.", "B"), ("**B**", "B"), ("B. a blue ball", "B"),
        ("a blue ball", "B"), ("<think>A or B?</think>B", "B"), ("", ""), ("A or B", ""), 
        ("A cat is seen.", ""), ("A is right", "A"), ("I cannot see it.", ""),
        ("E", ""),
    ],
)  # fmt: skip
def test_a_letter_is_read_as_it_is_meant(reply: str, letter: str) -> None:
    assert read_reply("OCR", reply, OPTIONS) == letter


@pytest.mark.parametrize(
    ("reply", "count"),
    [
        ("3", "3"), ("3 times", "3"), ("They did this three times.", "3"), ("Three (3)", "3"), ("10", "10"), ("3 or 4", ""),
        ("They jump twice.", "2"), ("3x", "3"), ("The 2 men jump 3 times", "3"), ("No one did it.", ""),
        ("one", "1"), ("1" * 5000, "1" * 5000),
        ("many", ""), ("", ""),
    ],
)  # fmt: skip
def test_a_count_is_the_only_number(reply: str, count: str) -> None:
    assert read_reply("REC", reply) == count


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        ("Yes", "Yes"),
        ("yes.", "Yes"),
        ("No, not yet.", "No"),
        ("N", "No"),
        ("y", "Yes"),
        ("Yes and no", ""),
        ("Nobody", ""),
        ("", ""),
    ],
)
def test_yes_and_no_are_words(reply: str, said: str) -> None:
    assert read_reply("SSR", reply) == read_reply("CRR", reply) == said


@pytest.mark.parametrize(
    ("task", "reply", "answer", "released", "corrected"),
    [
        ("OCR", "An answer: B", "A", True, False),  # the script looks for the letter anywhere
        ("OCR", "b", "B", False, True),
        ("REC", "1 of 2", "12", True, False),  # and joins all digits
        ("REC", "three", "3", False, True),
        ("SSR", "N", "No", True, True),
        ("CRR", "Yes. No.", "No", True, False),
    ],
)
def test_the_published_script_reads_otherwise(
    task: str, reply: str, answer: str, released: bool, corrected: bool
) -> None:
    assert is_right(task, reply, answer, OPTIONS, "released") is released
    assert is_right(task, reply, answer, OPTIONS, "corrected") is corrected


def annotations() -> list[dict[str, Any]]:
    return [
        {"id": 1, "task": "OCR", "video": "a.mp4", "question": "What?", "options": ["red", "blue"], "gt": 1, "realtime": 9},
        {
            "id": 2, "task": "CRR", "video": "b.mp4", "question": "Who won?", "answer": "red", "ask_time": 5,
            "test_info": [{"realtime": 7, "type": 0}, {"realtime": 12, "type": 1}],
        },
    ]  # fmt: skip


def test_questions_are_put_as_the_benchmark_puts_them_without_a_beginning_of_the_reply() -> None:
    found = [one for one in ovobench_items(annotations(), written=True) if isinstance(one, Item)]
    choice, *forward = found
    assert choice.text.startswith("Question: What?") and "A. red; B. blue;" in choice.text
    assert {one.answer_prefix for one in found} == {""}
    assert [one.video["video_start"] for one in forward] == [0.0, 0.0], (
        "the benchmark shows the video from its beginning"
    )
    by_logits = [one for one in ovobench_items(annotations()) if isinstance(one, Item)]
    assert by_logits[1].video["video_start"] == 5.0 and by_logits[0].answer_prefix


def test_a_prompt_of_choice_may_stand_beside_the_other_templates(tmp_path: Path) -> None:
    path = tmp_path / "prompts.json"
    path.write_text(
        json.dumps({"REC": "{activity}", "SSR": "{step}", "CRR": "{question}", "CHOICE": "Q {question} {options}"})
    )
    (first, *_) = ovobench_items(annotations(), read_templates(str(path)), written=True)
    assert isinstance(first, Item) and first.text == "Q What? A. red; B. blue;"


def results() -> dict[str, Any]:
    def choice(number: int, task: str, response: str | None, truth: str) -> dict[str, Any]:
        return {
            "id": number,
            "video": f"{number}.mp4",
            "task": task,
            "question": "?",
            "response": response,
            "ground_truth": truth,
        }

    tests = [{"realtime": 1, "count": 0, "response": "0"}, {"realtime": 2, "count": 2, "response": "two"}]
    steps = [{"realtime": 1, "type": 1, "response": "Yes"}, {"realtime": 2, "type": 0, "response": None}]
    return {
        "backward": [choice(1, "EPM", "A", "A"), choice(2, "EPM", "B, not A", "A")],
        "realtime": [choice(3, "OCR", "C.", "C")],
        "forward": [
            {"id": 4, "video": "4.mp4", "task": "REC", "activity": "jump", "test_info": tests},
            {"id": 5, "video": "5.mp4", "task": "SSR", "test_info": steps},
        ],
    }


@pytest.mark.parametrize(("rule", "rec", "epm"), [("released", 50.0, 100.0), ("corrected", 100.0, 50.0)])
def test_the_benchmarks_own_result_files_are_scored(rule: Any, rec: float, epm: float, tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    path.write_text(json.dumps(results(), indent=4))
    answers, rejected = read_answers(path, "ovobench", rule)
    assert len(answers) == 7 and not rejected
    found = document("ovobench", answers, rejected, rule)
    assert found["task"]["REC"]["accuracy"] == rec and found["task"]["EPM"]["accuracy"] == epm
    assert found["task"]["SSR"]["accuracy"] == 50.0 and found["task"]["OCR"]["accuracy"] == 100.0
    # By hand: the mean over the groups of the mean over their tasks.
    assert found["mean_accuracy"] == pytest.approx((100.0 + epm + (rec + 50.0) / 2) / 3, abs=1e-3)


def test_a_file_of_other_things_is_told(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    path.write_text(json.dumps({"backward": "none"}))
    with pytest.raises(UserError, match=r"r\.json: backward is no list of questions"):
        read_answers(path, "ovobench")
