"""Questions about the sample world are right by its truth, few, deterministic, and in each benchmark's own format."""

import json

import pytest

from livecc_assets.evaluation.mcq import Item
from livecc_assets.evaluation.ovobench import ovobench_items
from livecc_assets.evaluation.qa import mvbench_items
from livecc_assets.evaluation.sample_questions import LIMITS, sample_questions
from livecc_assets.evaluation.videomme import COLUMNS, videomme_items
from livecc_assets.sample.match import plan_match
from livecc_assets.store.videos import own_path


def source(seed):
    plan = plan_match(seed, 28.0)
    truth = json.dumps({"events": [vars(event) for event in plan.events], "words": []})
    return {
        "video_id": f"m{seed}",
        "batch": "b",
        "path": f"m{seed}.mp4",
        "duration": 28.0,
        "subtitles": [],
        "truth": truth,
    }


ROWS = [source(seed) for seed in range(30)]
EVENTS = [{"video_id": f"m{seed}"} for seed in range(2, 12)]


def plan_of(video):
    return plan_match(int(video[1:].split(".")[0]), 28.0).events


@pytest.mark.parametrize("benchmark", ["videomme", "mvbench", "ovobench"])
def test_questions_are_few_about_benchmark_videos_only_and_the_same_every_time(benchmark):
    made = sample_questions(benchmark, ROWS, EVENTS, own_path)
    assert len(made) == LIMITS[benchmark]
    assert made == sample_questions(benchmark, list(reversed(ROWS)), EVENTS, own_path)
    assert {row["video"] for row in made} == {f"m{seed}.mp4" for seed in range(2, 12)}
    assert len(sample_questions(benchmark, ROWS, EVENTS, own_path, limit=5)) == 5


def test_videos_without_truth_and_unknown_benchmarks():
    assert sample_questions("videomme", [{"video_id": "m2", "truth": None}], EVENTS, own_path) == []
    with pytest.raises(ValueError, match="no sample questions"):
        sample_questions("mmlu", ROWS, EVENTS, own_path)


def test_videomme_answers_follow_the_truth():
    made = sample_questions("videomme", ROWS, EVENTS, own_path, 99)
    assert len({row["question_id"] for row in made}) == len(made) == 40
    for row in made:
        assert set(COLUMNS) <= set(row)
        events, right = plan_of(row["video"]), row["options"]["ABCD".index(row["answer"])][3:]
        expected = {
            "Temporal Perception": events[0].actor,
            "Action Recognition": events[-1].verb,
            "Object Recognition": events[-1].actor,
            "Counting Problem": str(sum(e.verb == row["question"].split()[-1].rstrip("?") for e in events)),
        }
        assert right == expected[row["task_type"]]
        assert len(set(row["options"])) == 4
    assert all(isinstance(item, Item) for item in videomme_items(made))


def test_mvbench_answers_follow_the_event_in_the_shown_seconds():
    made = sample_questions("mvbench", ROWS, EVENTS, own_path, 60)
    assert len({row["task_type"] for row in made}) == 3
    for row in made:
        (event,) = (e for e in plan_of(row["video"]) if row["video_start"] <= e.time <= row["video_end"])
        right = row["options"]["ABCD".index(row["answer"])][3:]
        assert right in (event.actor, event.verb) or right.endswith(f" {event.place}")
        assert row["video_end"] - row["video_start"] < 4
    assert all(isinstance(item, Item) for item in mvbench_items(made))


def test_ovobench_answers_follow_what_was_visible_by_then():
    made = sample_questions("ovobench", ROWS, EVENTS, own_path, 99)
    assert {"REC", "SSR", "CRR"} < {row["task"] for row in made}
    for row in made:
        events = plan_of(row["video"])
        for test in row.get("test_info", []):
            now = [e for e in events if e.time <= test["realtime"] < e.end]
            if row["task"] == "REC":
                verb = row["activity"].split()[-1]
                assert test["count"] == sum(e.verb == verb and e.time + 1 <= test["realtime"] for e in events)
            elif row["task"] == "SSR":
                assert test["type"] == any(f"{e.actor} {e.verb}" == test["step"] for e in now)
            else:
                assert test["type"] == (test["realtime"] > events[-1].time)
        if row["task"] in ("ACR", "OJR"):
            (event,) = (e for e in events if e.time <= row["realtime"] < e.end)
            assert row["options"][row["gt"]] == (event.verb if row["task"] == "ACR" else event.actor)
    assert all(isinstance(item, Item) for item in ovobench_items(made))
