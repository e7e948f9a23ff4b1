"""Prompts, candidates and shares of multiple-choice benchmarks."""

import json
from dataclasses import replace

import pytest

from livecc_assets.core.errors import UserError
from livecc_assets.evaluation.mcq import (
    ANSWER_PREFIX,
    Answered,
    accuracy_rows,
    by_words,
    candidate_ids,
    lettered_item,
    question_text,
    strata_mean,
)
from livecc_assets.evaluation.ovobench import ANSWER_PREFIX as OVO_PREFIX
from livecc_assets.evaluation.ovobench import RELEASED_CANDIDATES

OPTIONS = ("A. x", "B. y", "C. z", "D. w")


def item(n=0, groups=(), stratum="", answer="A"):
    return lettered_item(str(n), f"v{n}", {"video": "v.mp4"}, "Q?", OPTIONS, answer, groups=groups, stratum=stratum)


def test_letters_have_the_published_ids(golden, qwen_processor):
    expected = json.loads((golden / "letter_token_ids.json").read_text())
    found = candidate_ids(qwen_processor.encode, "ABCDE", ": ")
    assert found == {letter: (token,) for letter, token in expected["mcq_after_colon_space"].items()}
    found = candidate_ids(qwen_processor.encode, RELEASED_CANDIDATES, "\n")
    assert found == {name: (token,) for name, token in expected["ovo_after_newline"].items()}
    (ten,) = candidate_ids(qwen_processor.encode, ["10"], "\n").values()
    assert list(ten) == expected["ovo_10_full"][1:]
    assert qwen_processor.encode(ANSWER_PREFIX) == expected["mcq_answer_prefix_ids"]
    assert qwen_processor.encode(OVO_PREFIX) == expected["ovo_answer_prefix_ids"]
    assert qwen_processor.encode("<|im_start|>assistant\n<|im_end|>") == expected["assistant_header"]


def test_a_tokenizer_that_joins_lead_and_letter_is_refused():
    ids = {":": [1], ": A": [2]}
    with pytest.raises(UserError, match="joins ': ' and 'A'"):
        candidate_ids(lambda text: ids[text], ["A"], ": ")


def test_the_question_is_written_as_published():
    assert question_text("Who?", OPTIONS) == "Who?\nA. x\nB. y\nC. z\nD. w\nPlease select the correct answer."
    with_subtitles = question_text("Who?", OPTIONS, "la la")
    assert with_subtitles.startswith("This video's subtitles are listed below:\nla la\n")
    assert "\nAccording to the video and subtitles, Who?\nA. x" in with_subtitles


def test_the_stored_response_is_the_whole_option():
    assert item().responses == OPTIONS
    assert item().candidates == ("A", "B", "C", "D")
    assert item().chance == 0.25


@pytest.mark.parametrize("options", [("A. x", "C. y"), ("x", "y"), ("A. x",), ()])
def test_options_must_be_lettered_in_order(options):
    with pytest.raises(ValueError, match="lettered"):
        lettered_item("1", "v", {}, "Q?", options, "A")


def test_an_answer_outside_the_options_is_refused():
    with pytest.raises(ValueError, match="not one of the options"):
        item(answer="E")


def test_accuracy_is_reported_for_all_and_for_each_group_with_interval_and_chance():
    answered = [Answered(item(n, ("kind:a",) if n < 6 else ("kind:b",)), "A", "", n < 3) for n in range(10)]
    rows = {(row["metric"], row["subset"]): row for row in accuracy_rows(answered)}
    overall = rows[("accuracy", "all")]
    assert (overall["value"], overall["n"]) == (30, 10)
    assert (overall["low"], overall["high"]) == pytest.approx((10.8, 60.3), abs=5)  # Wilson's, of 3 in 10
    assert overall["clusters"] == 10
    assert "guessing 25.0 %" in overall["note"]
    assert rows[("accuracy", "kind:a")]["value"] == 50
    assert rows[("accuracy", "kind:b")]["value"] == 0
    assert rows[("chance", "all")]["value"] == 25


def test_a_mean_over_tasks_weighs_tasks_not_questions():
    answered = [Answered(item(n, stratum="big"), "A", "", True) for n in range(90)]
    answered += [Answered(item(n, stratum="small"), "A", "", n % 2 == 0) for n in range(10)]
    mean = strata_mean(answered)
    assert mean.value == 75
    assert 55 < mean.low < 75 < mean.high < 95
    assert (mean.n, mean.clusters) == (100, 90)
    assert strata_mean(answered) == mean


def test_a_question_is_answered_by_its_options_words_and_stored_as_before():
    asked = by_words(lettered_item("1", "v", {}, "Who?", ["A. red", "B. dark blue"], "B"))
    assert (asked.candidates, asked.answer) == (("red", "dark blue"), "dark blue")
    assert asked.responses == ("A. red", "B. dark blue"), "result files keep the whole option"
    assert (asked.answer_prefix, asked.lead) == ("", "\n"), "nothing is put into the model's mouth"
    assert "A. red" in asked.text, "the options are listed as ever"
    assert asked.chance == 0.5
    plain = replace(asked, options=())
    assert by_words(plain) is plain, "Yes, No and counts are words already"
