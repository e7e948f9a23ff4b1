"""Win rates: the published numbers to the last digit, ties by rule, order effects, pairing."""

import gzip
import json

import pytest

from livecc_assets.core.errors import UserError
from livecc_assets.evaluation.win_rate import call_sums, compare_runs, count, read_published, win_rate
from tests.evaluation.builders import judgement

MODEL, OTHER = "LiveCC-7B-Base", "GPT-4o"


def unpack(unlicensed, name, folder):
    path = folder / name.removesuffix(".gz")
    path.write_bytes(gzip.decompress((unlicensed / "data" / name).read_bytes()))
    return path


@pytest.fixture
def published(unlicensed, tmp_path):
    return read_published(unpack(unlicensed, f"judge_{OTHER}_{MODEL}.jsonl.gz", tmp_path), MODEL, OTHER)


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
    assert (round(estimate.low, 0), round(estimate.high, 0)) == (45.0, 49.0)
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


def test_events_of_one_video_are_resampled_together_and_names_may_hold_underscores():
    videos, sums = call_sums([judgement("a_b", 0), judgement("a_b", 12, "opponent"), judgement("c", 1)])
    assert videos == ["a_b", "c"]
    assert sums.tolist() == [[300, 4], [200, 2]]


def test_runs_are_compared_on_shared_events_whatever_their_order():
    first = [judgement(f"v{n}", 0) for n in range(30)]
    second = [judgement(f"v{n}", 0, "opponent", "opponent") for n in reversed(range(28))]
    found = compare_runs(first, second)
    assert (found.value, found.low, found.high) == (100, 100, 100)
    assert found.p_value < 0.01
    with pytest.raises(ValueError, match="share no event"):
        compare_runs(first, [judgement("elsewhere", 0)])


def test_a_judgement_file_of_other_runs_is_refused(tmp_path):
    path = tmp_path / "j.jsonl"
    path.write_text(json.dumps({"video_event_id": "a_1", "ab_winner": "Someone", "ba_winner": OTHER}))
    with pytest.raises(UserError, match="winner 'Someone' is not"):
        read_published(path, MODEL, OTHER)
