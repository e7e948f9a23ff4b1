"""Lines of a log that is read in several streams."""

import pytest

from resources.launchers.stamps import Resumed, nanoseconds


def test_stamps_compare_as_times_whatever_their_decimals_and_offset() -> None:
    texts = [
        "2026-01-01T00:00:00Z",
        "2026-01-01T00:00:00.1Z",
        "2026-01-01T01:00:00.12+01:00",
        "2026-01-01T00:00:00.120000001Z",
    ]
    found = [nanoseconds(text) for text in texts]
    assert found == sorted(set(found))
    assert found[3] - found[2] == 1


@pytest.mark.parametrize("text", ["", "unable", "2026-01-01T00:00:00"])
def test_what_is_no_stamp_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        nanoseconds(text)


def test_a_stream_that_was_cut_goes_on_without_a_hole_or_a_repeat() -> None:
    lines = Resumed()
    first = [f"2026-01-01T00:00:0{n}.5Z line {n}".encode() for n in range(3)]
    assert [lines.new(raw) for raw in first] == ["line 0", "line 1", "line 2"]
    lines.reopened()
    again = [lines.new(raw) for raw in (*first[1:], b"2026-01-01T00:00:03Z line 3\n")]
    assert again == [None, None, "line 3"]


def test_two_outputs_that_are_read_side_by_side_lose_nothing() -> None:
    lines = Resumed()
    assert lines.new(b"2026-01-01T00:00:01.2Z out") == "out"
    assert lines.new(b"2026-01-01T00:00:01.1Z err") == "err"


def test_a_line_of_the_engine_itself_is_shown_as_it_is() -> None:
    assert Resumed().new(b"unable to retrieve container logs") == "unable to retrieve container logs"
