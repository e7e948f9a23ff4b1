"""Frame choice against the published reader's own picks and against exact arithmetic."""

import json
from fractions import Fraction
from math import ceil, floor
from pathlib import Path

import numpy as np
import pytest

from livecc_assets.core.errors import MediaError
from livecc_assets.core.rules import Rule
from livecc_assets.media.sampling import evenly_spaced, smart_nframes, strict_fps


@pytest.fixture(scope="module")
def tables(golden: Path) -> dict:
    return json.loads((golden / "frame_pts.json").read_text())


@pytest.fixture(scope="module")
def records(golden: Path) -> list[dict]:
    return [json.loads(line) for line in (golden / "strict_fps.jsonl").read_text().splitlines()]


def _pick(record: dict, tables: dict, rule: Rule) -> list[int]:
    table = tables[record["video"]]
    times = np.array(table["end_pts_float32"], dtype=np.float32)
    start, end, most = record["video_start"], record["video_end"], record.get("fps_max_frames", 480)
    if record["mode"] == "strict":
        return strict_fps(times, start, end, max_frames=most, drop_last=record.get("drop_last", True), rule=rule)
    return smart_nframes(times, start, end, max_frames=most, average_fps=table["avg_fps"], rule=rule)


@pytest.mark.parametrize("mode", ["strict", "smart"])
def test_released_rule_picks_exactly_what_the_published_reader_picks(mode, tables, records):
    picked = [r for r in records if r["mode"] == mode and "error" not in r]
    assert len(picked) > 150
    wrong = [r["id"] for r in picked if _pick(r, tables, "released") != r["frame_idx"]]
    assert wrong == []


@pytest.mark.parametrize("rule", ["released", "corrected"])
def test_every_range_that_the_published_reader_refuses_is_refused(rule, tables, records):
    refused = [r for r in records if "error" in r]
    assert refused
    for record in refused:
        with pytest.raises(MediaError) as caught:
            _pick(record, tables, rule)
        assert caught.value.reason == "empty_range", record["id"]


def test_corrected_rule_picks_the_golden_exact_frames(tables, records):
    given = [r for r in records if "frame_idx_exact" in r]
    assert len(given) == 72
    wrong = [r["id"] for r in given if _pick(r, tables, "corrected") != r["frame_idx_exact"]]
    assert wrong == []


def _exact(record: dict, fps: Fraction, frames: int) -> list[int]:
    """The rule in rational arithmetic, written independently: end of frame i = (i + 1) / fps."""

    def limit(value: float) -> Fraction:
        near = Fraction(round(value * fps), 1) / fps
        return near if abs(near - Fraction(value)) < Fraction(1, 10**6) else Fraction(value)

    low = limit(record["video_start"]) if record["video_start"] else 1 / fps
    high = limit(record["video_end"]) if record["video_end"] else frames / fps
    first, last = max(0, ceil(low * fps) - 1), min(frames, floor(high * fps)) - 1
    count = floor((last - first) / fps * 2) + 1
    picks = [first + ceil(Fraction(k, 2) * fps) for k in range(count)]
    most = record.get("fps_max_frames", 480)
    if count > most:
        keep = range(most) if record.get("drop_last", True) else np.linspace(0, count - 1, most).round().astype(int)
        picks = [picks[k] for k in keep]
    return picks + picks[-1:] * (len(picks) % 2)


def test_corrected_rule_equals_rational_arithmetic_on_every_constant_rate_file(tables, records):
    checked = 0
    for record in records:
        table = tables[record["video"]]
        if record["mode"] != "strict" or "error" in record or table["frames_with_end_equal_start"]:
            continue
        fps = Fraction(table["avg_fps"]).limit_denominator(1001)
        assert _pick(record, tables, "corrected") == _exact(record, fps, table["frames"]), record["id"]
        checked += 1
    assert checked > 140


def test_corrected_rule_gives_the_same_frames_for_float32_and_float64_times(tables):
    for table in tables.values():
        if table["frames_with_end_equal_start"]:
            continue
        fps = Fraction(table["avg_fps"]).limit_denominator(1001)
        exact = np.array([float((i + 1) / fps) for i in range(table["frames"])])
        rounded = np.array(table["end_pts_float32"], dtype=np.float32)
        assert strict_fps(exact, 1.5, None) == strict_fps(rounded, 1.5, None)


def test_released_rule_wraps_to_the_first_frame_and_corrected_never_does(tables, records):
    wraps = [r for r in records if r["kind"] == "wraps_to_first_frame" and r["mode"] == "strict"]
    assert wraps
    for record in wraps:
        released, corrected = _pick(record, tables, "released"), _pick(record, tables, "corrected")
        assert released != sorted(released)
        assert corrected == sorted(corrected)


def test_corrected_picks_never_run_backwards(tables, records):
    for record in records:
        if record["mode"] == "strict" and "error" not in record:
            picks = _pick(record, tables, "corrected")
            assert picks == sorted(picks)
            assert len(picks) % 2 == 0


def test_count_is_made_even_by_repeating_the_last_frame():
    times = np.arange(1, 26) / 10
    assert strict_fps(times) == [0, 5, 10, 15, 20, 20]


def test_tail_is_dropped_beyond_the_cap_or_thinned_on_request():
    times = np.arange(1, 101) / 10
    assert strict_fps(times, max_frames=4) == [0, 5, 10, 15]
    assert strict_fps(times, max_frames=4, drop_last=False) == [0, 30, 65, 95]


def test_end_of_zero_counts_as_absent():
    times = np.arange(1, 31) / 10
    assert strict_fps(times, 0, 0) == strict_fps(times)


def test_video_without_frames_is_refused():
    with pytest.raises(MediaError, match="no frames"):
        strict_fps(np.zeros(0))


def test_smart_range_of_one_frame_is_refused_with_its_count():
    with pytest.raises(MediaError, match=r"holds 1 frame"):
        smart_nframes(np.arange(1, 31) / 10, 1.0, 1.05)


def test_smart_takes_the_rate_from_the_times_when_none_is_given():
    times = np.arange(1, 101) / 10
    assert smart_nframes(times) == smart_nframes(times, average_fps=10.0)


def test_evenly_spaced_includes_both_ends():
    assert evenly_spaced(100, 8) == [0, 14, 28, 42, 57, 71, 85, 99]
    assert evenly_spaced(3, 5) == [0, 0, 1, 2, 2]
