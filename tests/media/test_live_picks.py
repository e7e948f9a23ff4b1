"""Pictures sampled as they come against the table of the whole file."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livecc_assets.core.errors import MediaError
from livecc_assets.media.live_picks import Picks
from livecc_assets.media.sampling import strict_samples


def _as_they_come(ends: list[float], begin: float, end: float | None) -> list[tuple[int, int]]:
    """(Number, index) of each pick of a stream whose picture i is shown until ends[i]."""
    picks: Picks[int] = Picks(2.0, begin, end, 6, 2)
    found = []
    for index, start in enumerate([begin, *ends[:-1]]):
        found += picks.see(start, index, False, start)
    found += picks.see(ends[-1], None, False, ends[-1])
    picks.check()
    return [(pick.number, pick.picture) for pick in found]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from([0.001, 0.02, 1 / 30, 0.04, 0.1, 0.4, 0.5, 0.7, 3.0, 20.0]), min_size=1, max_size=60),
    st.sampled_from([0.0, 0.3, 1.7]),
    st.sampled_from([None, 0.2, 1.0, 2.5, 7.0]),
)
def test_picks_are_those_of_the_table_for_any_lengths_of_pictures(lengths, begin, end):
    ends = [float(begin + total) for total in np.cumsum(lengths)]
    try:
        samples = strict_samples(np.array(ends), None, end, 2.0, 10**9, begin=begin)
    except MediaError:
        with pytest.raises(MediaError):
            _as_they_come(ends, begin, end)
        return
    wanted = samples.indices[:-1] if samples.padded else samples.indices
    found = _as_they_come(ends, begin, end)
    assert [index for _, index in found] == wanted
    assert [number for number, _ in found] == list(range(len(wanted)))


def _with_a_hole(starts: list[float], after: int) -> list[tuple[int, int]]:
    """The same of pictures that start then; nothing is known behind picture ``after`` but its first tenth of a second."""
    picks: Picks[int] = Picks(2.0, 0.0, None, 6, 2)
    found = []
    for index, start in enumerate(starts):
        found += picks.see(start, index, index == after + 1, starts[index - 1] + 0.1)
    found += picks.see(starts[-1] + 0.1, None, False, 0.0)
    return [(pick.number, pick.picture) for pick in found]


def test_a_hole_of_two_hours_costs_no_steps_and_the_picture_before_fills_its_block():
    found = _with_a_hole([0.1 * k for k in range(37)] + [7200 + 0.1 * k for k in range(40)], 36)
    numbers = [number for number, _ in found]
    assert numbers[:8] == list(range(8))
    assert (6, 30) in found and (7, 35) in found
    assert numbers[8] % 2 == 0 and 14396 <= numbers[8] <= 14400
    assert numbers[8:] == list(range(numbers[8], numbers[8] + len(numbers) - 8))
    assert len(found) < 20
    assert all(index > 36 for number, index in found if number >= numbers[8])


def test_a_hole_in_the_first_block_is_bridged_by_the_picture_before():
    found = _with_a_hole([0.0, 0.1, *(500 + 0.1 * k for k in range(20))], 1)
    assert [number for number, _ in found][:6] == [0, 1, 2, 3, 4, 5]
    assert {index for number, index in found if number < 6} == {0, 1}
    assert found[6][0] % 2 == 0 and 990 < found[6][0] <= 1000


def test_a_hole_of_less_than_a_block_is_a_still_picture():
    numbers = [number for number, _ in _with_a_hole([0.1 * k for k in range(40)] + [4.9, 5.0], 39)]
    assert numbers == list(range(11))
