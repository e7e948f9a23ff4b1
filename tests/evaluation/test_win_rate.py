"""Win rates: the published numbers to the last digit, ties by rule, order effects, pairing."""

import gzip
import json

import pytest

from livecc_assets.evaluation.judgement_files import read_judged
from livecc_assets.evaluation.win_rate import compare_runs, count, order_rows, rates, video_of, win_rate
from tests.evaluation.builders import judgement

MODEL, OTHER = "LiveCC-7B-Base", "GPT-4o"


def unpack(unlicensed, name, folder):
    path = folder / name.removesuffix(".gz")
    path.write_bytes(gzip.decompress((unlicensed / "data" / name).read_bytes()))
    return path


@pytest.fixture
def published(unlicensed, tmp_path):
    return read_judged(unpack(unlicensed, f"judge_{OTHER}_{MODEL}.jsonl.gz", tmp_path)).rows


@pytest.fixture
def expected(golden):
    return json.loads((golden / "scores.json").read_text("utf-8"))["judge"]


def test_the_published_counts_give_the_published_rates(expected):
    """The same arithmetic where the authors' verdicts are absent: only how often each outcome occurred is known."""
    outcomes = {"both": ("model", "model"), "A_only": ("model", "opponent"), "B_only": ("opponent", "model")}
    outcomes["neither"] = ("opponent", "opponent")
    counts = count(
        judgement(number=number, ab=ab, ba=ba)
        for name, (ab, ba) in outcomes.items()
        for number in range(expected[name])
    )
    assert (counts.events, counts.wins, counts.flips) == tuple(expected[k] for k in ("events", "wins", "flips"))
    assert round(counts.win_rate(), 4) == expected["win_rate"]
    assert round(counts.rate_as_a, 4) == expected["rate_as_A"]
    assert round(counts.rate_as_b, 4) == expected["rate_as_B"]
    assert round(counts.flip_rate, 4) == expected["flip_rate"]
    assert round(counts.consistent_only, 4) == expected["consistent_only_win_rate"]


def test_the_published_win_rate_is_recomputed_exactly(published, expected):
    rows = published
    counts = count(rows)
    assert counts.events == expected["events"]
    assert (counts.wins, counts.wins_as_a, counts.wins_as_b) == tuple(
        expected[k] for k in ("wins", "wins_as_A", "wins_as_B")
    )
    assert (counts.both, counts.a_only, counts.b_only, counts.neither) == tuple(
        expected[k] for k in ("both", "A_only", "B_only", "neither")
    )
    assert (counts.ties_ab, counts.ties_ba, counts.flips) == (
        expected["ties_ab"],
        expected["ties_ba"],
        expected["flips"],
    )
    for rule in ("released", "corrected"):
        assert round(counts.win_rate(rule), 4) == expected["win_rate"]
    assert f"{win_rate(rows).value:.2f}" == expected["win_rate_2dp"]
    assert round(counts.rate_as_a, 4) == expected["rate_as_A"]
    assert round(counts.rate_as_b, 4) == expected["rate_as_B"]
    assert round(counts.flip_rate, 4) == expected["flip_rate"]
    assert round(counts.consistent_only, 4) == expected["consistent_only_win_rate"]
    assert counts.both + counts.neither == expected["consistent_events"]


def test_the_published_rates_by_duration_and_of_empty_predictions(published, expected, unlicensed, tmp_path):
    rows = published
    path = unpack(unlicensed, f"pred_{MODEL}.jsonl.gz", tmp_path)
    predictions = {f"{p['video_id']}_{p['event_id']}": p for p in map(json.loads, path.read_text().splitlines())}
    seconds = {key: p["end"] - p["begin"] for key, p in predictions.items()}
    for name, low, high in (("le30", 0, 30), ("30_60", 30, 60), ("gt60", 60, 1e9)):
        chosen = [row for row in rows if low < seconds[row["video_event_id"]] <= high]
        counts = count(chosen)
        assert (counts.events, counts.wins) == (
            expected["by_duration_s"][name]["events"],
            expected["by_duration_s"][name]["wins"],
        )
        assert counts.win_rate() == pytest.approx(expected["by_duration_s"][name]["win_rate"], abs=1e-3)
    empty = count(row for row in rows if predictions[row["video_event_id"]]["pred"].strip() == "...")
    assert (empty.events, empty.wins_as_a, empty.wins_as_b) == tuple(
        expected["empty_predictions"][k] for k in ("events", "wins_as_A", "wins_as_B")
    )


def test_the_interval_of_the_published_rate_is_the_known_one(published):
    estimate = win_rate(published)
    assert estimate.low == pytest.approx(45.0, abs=0.35)
    assert estimate.high == pytest.approx(49.4, abs=0.35)


def test_a_tie_is_a_loss_when_released_and_half_a_win_when_corrected():
    rows = [judgement("a", 0, "model", "model"), judgement("b", 0, "tie", "tie")]
    assert win_rate(rows, "released").value == 50
    assert win_rate(rows, "corrected").value == 75
    assert count(rows).win_rate("released") == 50
    assert count(rows).win_rate("corrected") == 75


def test_a_judge_that_always_takes_the_first_slot_shows_as_gap_and_flips():
    counts = count([judgement(str(n), 0, "model", "opponent") for n in range(5)])
    assert counts.win_rate() == 50
    assert counts.position_gap == 100
    assert counts.flip_rate == 100
    assert counts.consistent_only == 0


def test_an_event_with_a_tie_is_no_flip_and_not_consistent():
    counts = count([judgement("a", 0, "model", "tie"), judgement("b", 0, "opponent", "opponent")])
    assert (counts.flips, counts.both, counts.neither) == (0, 0, 1)


def test_every_rate_has_an_interval_that_holds_it_and_is_never_a_point():
    rows = [judgement(f"v{n}", 0, "model", "model" if n % 2 else "tie") for n in range(6)]
    found = rates(rows, errors=["v0", "w"])
    assert [round(found[name].value, 1) for name in ("win_rate", "rate_as_A", "rate_as_B", "position_gap")] == [
        75 + 12.5,
        100,
        50,
        50,
    ]
    assert (found["flip_rate"].value, found["tie_rate"].value, found["error_rate"].value) == (0, 25, 25)
    assert (found["consistent_only_win_rate"].n, found["consistent_only_win_rate"].clusters) == (3, 3)
    for name, one in found.items():
        assert one.low <= one.value <= one.high and one.low < one.high, name


def test_score_rows_tell_videos_and_leave_out_what_nothing_stands_behind():
    rows = {row["metric"]: row for row in order_rows([judgement("v", n, "model", "opponent") for n in range(4)])}
    assert "consistent_only_win_rate" not in rows, "every event flips"
    assert (rows["flip_rate"]["value"], rows["flip_rate"]["n"], rows["flip_rate"]["clusters"]) == (100, 4, 1)
    assert rows["position_gap"]["low"] < rows["position_gap"]["value"] == rows["position_gap"]["high"] == 100


def test_names_of_videos_may_hold_underscores():
    rows = [judgement("a_b", 0), judgement("a_b", 12, "opponent"), judgement("c", 1)]
    assert [video_of(row) for row in rows] == ["a_b", "a_b", "c"]
    assert win_rate(rows).clusters == 2


def test_runs_are_compared_on_shared_events_whatever_their_order():
    first = [judgement(f"v{n}", 0) for n in range(30)]
    second = [judgement(f"v{n}", 0, "opponent", "opponent") for n in reversed(range(28))]
    found = compare_runs(first, second)
    assert (found.value, found.high) == (100, 100)
    assert 60 < found.low < 100, "28 videos are not all there are"
    assert found.p_value < 0.01
    with pytest.raises(ValueError, match="share no event"):
        compare_runs(first, [judgement("elsewhere", 0)])
