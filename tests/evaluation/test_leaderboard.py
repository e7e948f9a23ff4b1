"""The leaderboard holds every experiment with intervals, the paired gain, the guess, and where the numbers come from."""

import json
import re

import pytest

from livecc_assets.evaluation.cc_score import cc_score_rows
from livecc_assets.evaluation.intervals import rate
from livecc_assets.evaluation.leaderboard import (
    ExperimentScores,
    cell,
    document,
    leaderboard_rows,
    pairs_to_compare,
    render,
    rows_of,
    text,
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


def test_the_text_table_shows_values_intervals_gain_and_guess(rows):
    shown = text(rows)
    for part in (
        "tiny-streaming",
        "n/a",
        "40.0 [20.0, 60.0]",
        "baseline: guess",
        "event_f1_gain",
    ):
        assert part in shown
    assert re.search(r"100\.0 \[9\d\.\d, 100\.0\]", shown)
    assert "livesports_qa" not in shown, "a benchmark that nobody ran takes no column"


def test_a_document_is_shown_like_the_rows_it_came_from(rows, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")
    assert text(rows_of(json.loads(json.dumps(document(rows))))) == text(rows)
    render(document(rows))
    assert "tiny-streaming" in capsys.readouterr().out


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
    assert {row["metric"] for row in made} == {"win_rate", "words_per_second"}, "a win rate without a value says why"
    assert leaderboard_rows({}) == []
    assert document([])["experiments"] == {}


def test_cells_read_well():
    row = {"value": 12.345, "low": None, "high": None}
    assert cell(row) == "12.3"
    assert cell(row | {"low": 1.0, "high": 22.04}) == "12.3 [1.0, 22.0]"
    assert cell(row | {"value": None}) == "n/a"
    assert cell(row | {"clusters": 4}) == "12.3 too few"
    assert cell(row | {"clusters": 5}) == "12.3"
