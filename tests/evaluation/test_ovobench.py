"""OVO-Bench: annotations become the published rows, candidates belong to their task, means follow the benchmark."""

import json

import pytest

from livecc_assets.core.errors import UserError
from livecc_assets.evaluation.mcq import Answered
from livecc_assets.evaluation.ovobench import (
    RELEASED_CANDIDATES,
    TEMPLATES,
    clamp,
    format_annotation,
    is_correct,
    ovobench_items,
    ovobench_score,
    read_ovobench,
    read_templates,
)
from livecc_assets.store.rows import Rejected
from tests.rows import kept, rejected


def learn_templates(records):
    """The benchmark's prompts, recovered from formatted rows by putting the placeholders back."""
    found = {}
    for record in records:
        source, task = record["input"], record["input"]["task"].upper()
        for row, test in zip(record.get("output", []), source.get("test_info", []), strict=False):
            name = {"REC": "activity", "SSR": "step", "CRR": "question"}[task]
            said = test.get("step") or source.get("activity") or source["question"]
            found.setdefault(task, row["question"].replace("{", "{{").replace("}", "}}").replace(said, f"{{{name}}}"))
    return found


def records(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_annotations_are_formatted_as_published(unlicensed):
    published = records(unlicensed / "mcq.jsonl")
    templates = learn_templates(published)
    assert sorted(templates) == ["CRR", "REC", "SSR"]
    for record in published:
        if "error" in record:
            with pytest.raises(ValueError, match="can be answered"):
                format_annotation(record["input"], templates)
        else:
            assert format_annotation(record["input"], templates) == record["output"]


def test_built_in_prompts_change_the_wording_only(golden):
    published = records(golden / "ovobench_rows.jsonl")
    assert len(published) == 19
    for record in published:
        if "error" in record:
            with pytest.raises(ValueError, match="can be answered"):
                format_annotation(record["input"])
        else:
            rows = format_annotation(record["input"])
            assert all(row["question"] for row in rows)
            assert [{k: v for k, v in row.items() if k != "question"} for row in rows] == record["output"]


def rec(counts=(0, 10), task="REC"):
    tests = [{"realtime": 10.0 * (n + 1), "count": count} for n, count in enumerate(counts)]
    return {"id": 1, "task": task, "video": "a.mp4", "activity": "jump", "test_info": tests}


def choice(task="EPM", options=("x", "y", "z"), gt=1, id=2):
    return {
        "id": id,
        "task": task,
        "video": "a.mp4",
        "question": "Which?",
        "options": list(options),
        "gt": gt,
        "realtime": 5.0,
    }


def yes_no(task="SSR", types=(1, 0)):
    tests = [{"realtime": 5.0 + n, "step": "fold", "type": kind} for n, kind in enumerate(types)]
    return {"id": 3, "task": task, "video": "a.mp4", "question": "Why?", "ask_time": 2.0, "test_info": tests}


def test_each_task_has_its_own_candidates_when_corrected():
    candidates = {
        item.stratum: item.candidates for item in kept(ovobench_items([rec(), choice(), yes_no(), yes_no("CRR")]))
    }
    assert candidates["REC"] == tuple(str(n) for n in range(11))
    assert candidates["EPM"] == ("A", "B", "C")
    assert candidates["SSR"] == candidates["CRR"] == ("No", "Yes")


def test_all_seventeen_compete_and_ten_is_out_of_reach_when_released():
    items = kept(ovobench_items([rec(), choice(), yes_no()], rule="released"))
    assert len(RELEASED_CANDIDATES) == 17
    assert all(item.candidates == RELEASED_CANDIDATES for item in items)
    ten = next(item for item in items if item.answer == "10")
    assert not any(is_correct(ten, response, "released") for response in ten.responses)
    corrected = next(item for item in kept(ovobench_items([rec()])) if item.answer == "10")
    assert sum(is_correct(corrected, response) for response in corrected.responses) == 1


def test_a_count_of_one_is_not_right_for_ten_nor_ten_for_one():
    one, ten = kept(ovobench_items([rec((1, 10))]))
    assert not is_correct(ten, "1")
    assert [response for response in one.responses if is_correct(one, response)] == ["1"]


def test_forward_tasks_get_the_bare_question_and_the_others_their_options():
    by_task = {item.stratum: item for item in kept(ovobench_items([rec(), choice()]))}
    assert "Please select" not in by_task["REC"].text
    assert by_task["EPM"].text.endswith("A. x\nB. y\nC. z\nPlease select the correct answer.")
    assert by_task["EPM"].answer_prefix == "The answer is:\n"
    assert by_task["EPM"].lead == "\n"


def test_questions_that_cannot_be_answered_are_error_rows():
    questions = [rec((11,)), choice(options=list("abcdef")), choice(task="XYZ"), {"id": 9, "task": "EPM"}]
    rows = rejected(ovobench_items(questions))
    assert [row.kind for row in rows] == ["error"] * 4
    assert "count of 11" in rows[0].detail
    assert "6 options" in rows[1].detail


@pytest.mark.parametrize(
    ("given", "read"), [((0, 5), (0, 5)), ((4.8, 5.0), (4.0, 5.0)), ((0, 0.3), (0, 1.0)), ((7, 5), (4, 5))]
)
def test_the_range_is_at_least_one_second_and_starts_in_the_video(given, read):
    assert clamp(*given) == pytest.approx(read)


def answered(records, right):
    items = [item for item in ovobench_items(records) if not isinstance(item, Rejected)]
    return [Answered(item, "", "", right(item)) for item in items]


def value(rows, metric, subset="all"):
    return next(row["value"] for row in rows if (row["metric"], row["subset"]) == (metric, subset))


def test_forward_questions_are_averaged_first_when_corrected_and_counted_alike_when_released():
    many = {**rec((1, 1, 1)), "id": 10}
    few = {**rec((2,)), "id": 11}
    done = answered([many, few], lambda item: item.answer == "1")
    assert value(ovobench_score(done, "released"), "mean_accuracy") == pytest.approx(75)
    assert value(ovobench_score(done, "corrected"), "mean_accuracy") == pytest.approx(50)


def test_overall_is_the_mean_of_groups_and_a_group_the_mean_of_its_tasks():
    records = [choice("OCR", id=n) for n in range(4)] + [choice("ACR", id=9), choice("EPM", id=10), yes_no("SSR", (1,))]
    done = answered(records, lambda item: item.stratum in ("ACR", "SSR"))
    rows = ovobench_score(done)
    assert value(rows, "mean_accuracy", "group:RTVP") == pytest.approx(50)
    assert value(rows, "mean_accuracy", "group:BT") == 0
    assert value(rows, "mean_accuracy", "group:FAR") == 100
    assert value(rows, "mean_accuracy") == pytest.approx(50)
    assert value(rows, "accuracy", "task:OCR") == 0
    assert value(rows, "accuracy") == pytest.approx(100 * 2 / 7)


def test_prompts_come_from_a_file_when_named(tmp_path):
    assert read_templates("") is TEMPLATES
    path = tmp_path / "prompts.json"
    path.write_text(json.dumps({"REC": "Count {activity}", "SSR": "Now {step}?", "CRR": "Enough for {question}?"}))
    assert format_annotation(rec(), read_templates(str(path)))[0]["question"] == "Count jump"
    path.write_text(json.dumps({"REC": "only"}))
    with pytest.raises(UserError, match=r"prompts\.json.*SSR"):
        read_templates(str(path))


def test_the_annotation_file_must_name_videos(tmp_path):
    path = tmp_path / "ovo.json"
    path.write_text(json.dumps([rec()]))
    assert read_ovobench(path, "s3://bucket/ovo")[0]["video"] == "s3://bucket/ovo/a.mp4"
    path.write_text(json.dumps([{"id": 1, "task": "REC"}]))
    with pytest.raises(UserError, match="lack 'video'"):
        read_ovobench(path)


def test_the_overall_score_has_an_interval_that_counts_videos():
    records = [{**choice("OCR", id=n), "video": f"{n // 2}.mp4"} for n in range(20)]
    records += [{**choice("EPM", id=n), "video": f"{n // 2}.mp4"} for n in range(20, 30)]
    done = answered(records, lambda item: item.stratum == "OCR" or int(item.cluster) % 2 == 0)
    overall = next(row for row in ovobench_score(done) if (row["metric"], row["subset"]) == ("mean_accuracy", "all"))
    assert overall["value"] == pytest.approx(75)
    assert 45 < overall["low"] < 75 < overall["high"] < 95
    assert (overall["n"], overall["clusters"]) == (30, 15)
