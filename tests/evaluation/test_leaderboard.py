"""The leaderboard holds every experiment with intervals, the paired gain, the guess, and where the numbers come from."""

import json

import pytest

from livecc_assets.evaluation.cc_score import cc_score_rows
from livecc_assets.evaluation.conditions import Conditions
from livecc_assets.evaluation.intervals import rate
from livecc_assets.evaluation.leaderboard import (
    ExperimentScores,
    document,
    leaderboard_rows,
    pairs_to_compare,
    rows_of,
    sight,
)
from livecc_assets.evaluation.schemas import SCHEMAS, rate_row, score_row
from tests.evaluation.builders import event, happening, judgement, said


@pytest.fixture(scope="module")
def rows():
    events = [event(f"v{n}", 0, [happening(5), happening(15, "blue", "falls")]) for n in range(40)]
    judged = [judgement(f"v{n}", 0, "model", "model", "likelihood:small") for n in range(40)]
    experiments = {}
    for name, second in (("tiny-streaming", "blue falls"), ("tiny-blind", "red jumps"), ("other", "blue")):
        commentary = [said(f"v{n}", 0, (5, "red jumps"), (15, second)) for n in range(40)]
        scores = {
            "livesports_cc_score": cc_score_rows(judged, commentary, events, {"draws": 200}),
            "mvbench_score": [score_row("mean_accuracy", "all", 40.0, 10, (20.0, 60.0), "few")],
        }
        versions = {f"livesports_commentary[{name}]": f"sha-{name}", "livesports_events[all]": "sha-events"}
        experiments[name] = ExperimentScores(scores, commentary, versions)
    return leaderboard_rows(experiments, events, draws=200)


def test_rows_fit_the_schema_and_convert_to_arrow(rows):
    import pyarrow as pa

    assert all(list(row) == SCHEMAS["leaderboard"].names for row in rows)
    assert pa.Table.from_pylist(rows, SCHEMAS["leaderboard"]).num_rows == len(rows)


def test_the_document_has_what_the_command_promises(rows):
    made = json.loads(json.dumps(document(rows)))
    assert list(made["experiments"]) == ["tiny-streaming", "tiny-blind", "other"]
    streaming = made["experiments"]["tiny-streaming"]
    assert streaming["event_f1"] == 100
    assert 90 < streaming["event_f1_interval"][0] < streaming["event_f1_interval"][1] == 100
    assert (streaming["win_rate"], streaming["position_gap"]) == (100, "not applicable")
    low, high = streaming["win_rate_interval"]
    assert 85 < low < 95 and high == 100, "won all of 40 is not surely won"
    assert streaming["mvbench_interval"] == [20, 60]
    assert streaming["data_versions"] == {
        "livesports_commentary[tiny-streaming]": "sha-tiny-streaming",
        "livesports_events[all]": "sha-events",
    }
    (gain,) = made["event_f1_gain"]
    assert (gain["first"], gain["second"], gain["videos"]) == ("tiny-streaming", "tiny-blind", 40)
    assert gain["value"] == pytest.approx(50)
    assert gain["interval"][0] < 50 < gain["interval"][1]
    assert 0 < made["baselines"]["guess"]["event_f1"] <= 50
    assert "event_f1_interval" in made["baselines"]["guess"]


def test_a_document_holds_the_rows_that_it_was_made_of(rows):
    made = json.loads(json.dumps(document(rows)))
    kept = [{key: value for key, value in row.items() if key != "data_versions"} for row in rows_of(made)]
    wanted = [{key: value for key, value in row.items() if key != "data_versions"} for row in rows]
    by_name = lambda row: (row["experiment"], row["metric"])  # noqa: E731
    for one in wanted:
        one["note"] = one["note"] or None
    assert sorted(kept, key=by_name) == sorted(wanted, key=by_name)


def test_a_document_of_an_earlier_version_is_read_without_conditions(rows):
    made = json.loads(json.dumps(document(rows)))
    del made["sight"]
    for entry in made["experiments"].values():
        for name in ("chance", "judge", "opponent", "protocol", "rules", "data"):
            entry.pop(name, None)
    assert {row["protocol"] for row in rows_of(made)} == {None}


def test_a_row_tells_how_it_was_got():
    conditions = {
        "livesports_cc_score": Conditions(
            "sample", "b", "event-f1", "title-caption", "streaming commentary", "released"
        ),
        "mvbench_score": Conditions("published", "b", protocol="by logits"),
    }
    scores = {
        "livesports_cc_score": [
            score_row("win_rate", "all", 50.0, 4), score_row("words_per_second", "all", 2.5, 4),
        ],
        "mvbench_score": [score_row("mean_accuracy", "all", 40.0, 10)],
    }  # fmt: skip
    one = ExperimentScores(scores, conditions=conditions, chances={"mvbench": 27.5})
    entry = document(leaderboard_rows({"x": one}))["experiments"]["x"]
    assert entry["judge"] == {"win_rate": "event-f1"} and entry["opponent"] == {"win_rate": "title-caption"}
    assert entry["rules"] == {"win_rate": "released", "mvbench": "corrected"}, "a pace is counted by no rules"
    assert entry["protocol"]["words_per_second"] == "streaming commentary"
    assert entry["chance"] == {"mvbench": 27.5}
    assert entry["data"] == {"win_rate": "sample", "words_per_second": "sample", "mvbench": "published"}


def _answering(rights):
    """An experiment that answered 40 questions, one a video, of which the first `rights` right."""
    values = [float(number < rights) for number in range(40)]
    singles = [
        {"measure": "livesports_qa", "basis": "b", "item": f"q{n}", "video": f"v{n}", "stratum": "", "value": value,
         "claims": None, "events": None}
        for n, value in enumerate(values)
    ]  # fmt: skip
    rows = [rate_row("accuracy", "all", rate(values, range(40)).scaled(100))]
    return ExperimentScores({"livesports_qa_score": rows}, singles=singles)


@pytest.mark.parametrize(("seeing", "above", "told"), [(32, True, True), (21, False, True), (11, False, False)])
def test_models_that_see_are_told_from_blind_ones_or_not(seeing, above, told):
    experiments = {"x-streaming": _answering(seeing), "x-blind": _answering(10)}
    (entry,) = sight(experiments, leaderboard_rows(experiments))
    assert (entry["first"], entry["second"], entry["measure"]) == ("x-streaming", "x-blind", "livesports_qa")
    assert entry["difference"] == pytest.approx(100 * (seeing - 10) / 40)
    assert (entry["above"], entry["told_apart"]) == (above, told)


def test_the_gain_names_both_experiments_versions(rows):
    gain = next(row for row in rows if row["metric"] == "event_f1_gain")
    assert gain["experiment"] == "tiny-streaming - tiny-blind"
    assert set(json.loads(gain["data_versions"])) == {
        "livesports_commentary[tiny-streaming]",
        "livesports_commentary[tiny-blind]",
        "livesports_events[all]",
    }


def test_three_wins_are_few_and_no_certainty():
    judged = [judgement(f"v{n}", 0, judge="likelihood:x") for n in range(3)]
    scores = {"livesports_cc_score": cc_score_rows(judged, [], [event(f"v{n}") for n in range(3)])}
    answers = {"livesports_qa_score": [rate_row("accuracy", "all", rate([1.0, 0.0, 0.0], range(3)).scaled(100))]}
    made = document(leaderboard_rows({"x": ExperimentScores(scores | answers)}))["experiments"]["x"]
    assert made["win_rate_interval"][0] < 60 and made["win_rate_interval"][1] == 100
    assert made["videos"]["livesports_qa"] == 3 and "livesports_qa" in made["too_few"]


def test_only_experiments_that_differ_in_sight_are_paired():
    assert pairs_to_compare(["a-streaming", "a-blind", "b-streaming", "c"]) == [("a-streaming", "a-blind")]


def test_without_truth_or_partner_there_is_no_gain_and_no_guess():
    commentary = [said("v0", 0, (5, "red jumps"))]
    one = ExperimentScores({"livesports_cc_score": cc_score_rows([], commentary, [event("v0")])}, commentary)
    made = leaderboard_rows({"x-streaming": one, "x-blind": one}, [event("v0")])
    assert {row["metric"] for row in made} == {"win_rate", "timely_f1", "words_per_second"}, (
        "a win rate without a value says why"
    )
    assert leaderboard_rows({}) == []
    assert document([])["experiments"] == {}
