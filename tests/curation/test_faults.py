"""Which fault keeps a clip out, and what is said of it: the first that holds, in the words of that one."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livecc_assets.curation.faults import Fault, first_fault, mask, numbers, sentences, unscored
from livecc_assets.curation.filters import admission, loss_faults, loss_scores
from livecc_assets.live_cc.schemas import SCHEMAS

LOSSES = SCHEMAS["caption_clip_losses"]


def _clips(*about: tuple[str, str | None]) -> pa.Table:
    schema = pa.schema([("video_id", pa.string()), ("category", pa.string())])
    return pa.Table.from_pylist([{"video_id": name, "category": category} for name, category in about], schema)


def _told(faults: list[Fault], count: int) -> list[tuple[str, str] | None]:
    """For each row the reason and sentence that it would be rejected with."""
    first = first_fault(faults, count)
    said = iter(sentences(faults, first).to_pylist())
    return [(faults[number - 1].reason, next(said)) if number else None for number in first.tolist()]


@settings(deadline=None)
@given(st.integers(0, 12), st.integers(0, 5), st.data())
def test_a_row_that_is_out_has_the_sentence_of_the_first_fault_that_holds(
    count: int, faults: int, data: st.DataObject
) -> None:
    held = [data.draw(st.lists(st.booleans(), min_size=count, max_size=count)) for _ in range(faults)]

    def made(number: int) -> Fault:
        return Fault(
            "filtered", f"r{number}", np.array(held[number], bool), lambda rows: [f"{number}:{row}" for row in rows]
        )

    found = _told([made(number) for number in range(faults)], count)
    for row in range(count):
        holding = [number for number in range(faults) if held[number][row]]
        assert found[row] == ((f"r{holding[0]}", f"{holding[0]}:{row}") if holding else None)


def test_details_are_asked_only_for_the_rows_that_a_fault_keeps_out() -> None:
    asked: list[list[int]] = []

    def details(rows: np.ndarray) -> list[str]:
        asked.append(rows.tolist())
        return ["said"] * len(rows)

    never = Fault("filtered", "never", np.zeros(3, bool), details)
    second = Fault("filtered", "later", np.array([True, True, False]), details)
    _told([Fault("error", "first", np.array([True, False, False]), lambda rows: ["x"] * len(rows)), never, second], 3)
    assert asked == [[1]], "row 0 is out already, and nothing is asked of a fault without rows"


def test_a_mask_takes_null_for_false_in_arrays_and_in_chunks() -> None:
    for column in (pa.array([True, None, False]), pa.chunked_array([[True, None], [False]])):
        assert mask(column).tolist() == [True, False, False]
    assert mask(pa.chunked_array([], pa.bool_())).tolist() == []


def test_numbers_tell_null_from_nothing() -> None:
    missing, values = numbers(pa.array([0.0, None, -1.5]))
    assert missing.tolist() == [False, True, False]
    assert values[[0, 2]].tolist() == [0.0, -1.5]
    assert np.isnan(values[1])
    missing, values = numbers(pa.nulls(2, pa.float64()))
    assert missing.all()
    assert np.isnan(values).all()


def test_an_unscored_clip_is_an_error_and_no_filter() -> None:
    fault = unscored(np.array([True, False]), "see why")
    assert (fault.kind, fault.reason) == ("error", "no_score")
    assert _told([fault], 2) == [("no_score", "see why"), None]


def test_a_benchmarks_video_is_out_before_its_category_is_looked_at() -> None:
    clips = _clips(("held", "Music"), ("free", "Music"), ("good", "Sports"), ("none", None))
    found = _told(list(admission({"held", "elsewhere"}, ["Sports"])(clips)), 4)
    assert found == [
        ("evaluation_video", "held belongs to a benchmark and must never train"),
        ("excluded_category", "category 'Music' is not in the selection's list"),
        None,
        ("excluded_category", "category None is not in the selection's list"),
    ]


def test_without_a_list_of_categories_the_column_need_not_be_there() -> None:
    (fault,) = admission({"a"}, None)(_clips(("a", None), ("b", None)).select(["video_id"]))
    assert fault.where.tolist() == [True, False]


def test_an_empty_list_of_held_out_videos_keeps_nobody_out() -> None:
    (fault,) = admission((), None)(_clips(("a", None)))
    assert not fault.where.any()


@settings(deadline=None)
@given(
    st.lists(st.none() | st.floats(0, 10), max_size=20),
    st.none() | st.floats(0, 10),
    st.none() | st.floats(0, 10),
)
def test_a_clip_passes_the_band_exactly_when_its_loss_is_in_it(
    losses: list[float | None], low: float | None, high: float | None
) -> None:
    found = _told(loss_faults(pa.array(losses, pa.float64()), (low, high)), len(losses))
    for loss, told in zip(losses, found, strict=True):
        if loss is None:
            assert told is not None
            assert told[0] == "no_score"
        elif low is not None and loss < low:
            assert told == ("loss_low", f"text loss {loss:.2f} is below {low:g}")
        elif high is not None and loss > high:
            assert told == ("loss_high", f"text loss {loss:.2f} is above {high:g}")
        else:
            assert told is None


class _Untouched:
    """A table that nobody may read."""

    def rows(self, columns: Any = None) -> Iterator[dict[str, Any]]:
        raise AssertionError("read")


def test_losses_are_not_read_where_no_limit_asks_for_them() -> None:
    assert loss_scores(_Untouched(), LOSSES, (None, None)) is None
    with pytest.raises(AssertionError, match="read"):
        loss_scores(_Untouched(), LOSSES, (None, 5.0))
