"""Experiments are compared over what both were asked, corrected for their number, and not at all where that is not the same."""

from typing import Any

import numpy as np
import pytest

from livecc_assets.evaluation.compared import compare
from livecc_assets.evaluation.event_f1 import EventF1, event_f1_gain
from livecc_assets.evaluation.pairs import paired
from livecc_assets.evaluation.single_scores import answered, chance, judged, named
from livecc_assets.evaluation.win_rate import compare_runs
from tests.evaluation.builders import event, happening, judgement, said


def singles(experiment: str, rights: int, measure: str = "livesports_qa", basis: str = "b") -> list[dict[str, Any]]:
    """Of 40 questions, one a video, the first `rights` answered right."""
    return [
        {"experiment": experiment, "measure": measure, "basis": basis, "item": f"q{n}", "video": f"v{n}", "stratum": "",
         "value": float(n < rights), "claims": None, "events": None}
        for n in range(40)
    ]  # fmt: skip


def test_a_difference_is_that_of_the_paired_test_and_holm_counts_the_models() -> None:
    rows = singles("base", 10) + singles("near", 13) + singles("far", 30)
    far, near = compare(rows, "base")
    first, second = (np.array([row["value"] for row in singles("", rights)]) for rights in (30, 10))
    wanted = paired(first, second, [f"v{n}" for n in range(40)])
    assert (far["experiment"], near["experiment"]) == ("far", "near")
    assert far["difference"] == pytest.approx(100 * wanted.value) == 50
    assert far["interval"] == pytest.approx([100 * wanted.low, 100 * wanted.high])
    assert far["p"] == wanted.p_value and far["p_holm"] == pytest.approx(2 * far["p"])
    assert near["p_holm"] == near["p"] > 0.05
    assert (far["n"], far["videos"]) == (40, 40)


def test_other_items_judges_or_rules_are_no_comparison() -> None:
    (entry,) = compare(singles("x", 20) + singles("base", 10, basis="another"), "base")
    assert "p" not in entry and "other items" in entry["reason"]
    only = [row for row in singles("x", 20) if row["item"] != "q0"]
    (entry,) = compare(only[:5] + singles("base", 10)[30:], "base")
    assert entry["reason"] == "no item in common with base"
    (entry,) = compare(singles("x", 20), "base")
    assert entry["reason"] == "base was not scored on it"


def test_only_what_both_were_asked_counts() -> None:
    (entry,) = compare(singles("x", 40)[:12] + singles("base", 40), "base")
    assert (entry["n"], entry["difference"]) == (12, 0)


def test_judged_events_are_compared_as_the_judgement_files_are() -> None:
    first = [judgement(f"v{n}", 0, "model", "model" if n < 15 else "opponent") for n in range(20)]
    second = [judgement(f"v{n}", 0, "model" if n < 4 else "tie", "opponent") for n in range(20)]
    rows = [
        {"experiment": name, "basis": "b", **one}
        for name, run in (("a", first), ("b", second))
        for one in judged(run, "corrected")
    ]
    (entry,) = compare(rows, "b")
    wanted = compare_runs(first, second)
    assert (entry["difference"], entry["p"]) == pytest.approx((wanted.value, wanted.p_value))


def test_what_the_first_place_is_worth_is_compared_in_points() -> None:
    first = [judgement(f"v{n}", 0, "model", "opponent") for n in range(20)]  # always who is shown first
    second = [judgement(f"v{n}", 0, "model", "model") for n in range(20)]
    rows = [
        {"experiment": name, "basis": "b", **one}
        for name, run in (("a", first), ("b", second))
        for one in judged(run, "corrected", ordered=True)
    ]
    gap = next(entry for entry in compare(rows, "b") if entry["measure"] == "position_gap")
    assert gap["difference"] == 100 and gap["interval"][0] > 50 and gap["p"] < 0.001
    assert {one["measure"] for one in judged(first, "corrected")} == {"win_rate"}, "a judge without order has no gap"


def test_event_f1_is_compared_by_its_counters() -> None:
    events = [event(f"v{n}", 0, [happening(5), happening(15, "blue", "falls")]) for n in range(12)]
    both = [said(f"v{n}", 0, (5, "red jumps"), (15, "blue falls")) for n in range(12)]
    half = [said(f"v{n}", 0, (5, "red jumps")) for n in range(12)]
    scorer = EventF1(events)
    rows = [
        {"experiment": name, "basis": "b", **one}
        for name, run in (("both", both), ("half", half))
        for one in named(run, scorer)
    ]
    (entry,) = compare(rows, "half")
    wanted = event_f1_gain(scorer, both, half)
    assert (entry["difference"], *entry["interval"], entry["p"]) == pytest.approx(tuple(wanted))


def line(name: str, task: str, correct: bool, options: int = 4) -> dict[str, Any]:
    """A line of answers.jsonl."""
    return {
        "id": name, "video_id": "v", "groups": [f"task:{task}"], "correct": correct,
        "log_probs": dict.fromkeys("ABCDEFG"[:options], 0.0),
    }  # fmt: skip


def test_times_of_one_question_of_ovobench_are_averaged_unless_released() -> None:
    lines = [line("ovo-7-0", "REC", True), line("ovo-7-1", "REC", False), line("ovo-7-0", "SSR", True)]
    found = {row["item"]: row["value"] for row in answered("ovobench", lines, "corrected")}
    assert found == {"REC:ovo-7": 0.5, "SSR:ovo-7": 1}
    assert [row["value"] for row in answered("ovobench", lines, "released")] == [1, 0, 1]


def test_chance_is_averaged_as_the_benchmark_averages() -> None:
    lines = [line("1", "a", True, 4), line("2", "a", True, 4), line("3", "b", True, 2)]
    assert chance(lines, "mvbench") == pytest.approx(37.5), "over tasks"
    assert chance(lines, "videomme") == pytest.approx(100 / 3), "over questions"
    assert chance(lines, "videomme", "task:b") == 50
    assert chance([], "mvbench") is None
    groups = [line("1", "REC", True, 4), line("2", "OCR", True, 2)]
    assert (chance(groups, "ovobench"), chance(groups, "ovobench", "group:FAR")) == (37.5, 25)
