"""A film's sound in stereo, piece by piece: in its place, whole, and as loud as it was."""

from pathlib import Path

import numpy as np
import pytest

from livecc_assets.core.errors import MediaError
from livecc_assets.media.soundtrack import RATE, blocks, silence, stereo
from tests.media.film import make
from tests.media.test_sound_stamps import BEEPS, onsets, write


def heard(path: Path | str, start: float, end: float) -> np.ndarray:
    pieces = list(stereo(str(path), start, end))
    return np.concatenate(pieces) if pieces else np.zeros((0, 2), np.float32)


def test_one_channel_is_heard_on_both_sides_as_loud_as_it_was(tmp_path: Path) -> None:
    sound = heard(make(tmp_path / "film.mp4", 5), 0.0, 5.0)
    assert np.array_equal(sound[:, 0], sound[:, 1])
    assert np.abs(sound).max() == pytest.approx(0.5, abs=0.1)
    assert onsets(sound[:, 0], RATE) == pytest.approx([0, 1, 2, 3, 4], abs=0.02)


def test_two_channels_keep_their_sides(tmp_path: Path) -> None:
    sound = heard(make(tmp_path / "film.mp4", 3, stereo=True), 0.0, 3.0)
    assert np.abs(sound[:, 0]).max() > 0.4 and np.abs(sound[:, 1]).max() < 0.05


@pytest.mark.parametrize("ending", ["mp4", "mkv"])
def test_a_part_begins_where_it_should(ending: str, tmp_path: Path) -> None:
    sound = heard(make(tmp_path / f"film.{ending}", 12), 4.5, 8.2)
    assert len(sound) <= round(3.7 * RATE)
    assert onsets(sound[:, 0], RATE) == pytest.approx([0.5, 1.5, 2.5, 3.5], abs=0.03)


def test_sound_that_starts_late_has_silence_before_it(tmp_path: Path) -> None:
    sound = heard(make(tmp_path / "film.mp4", 6, sound_from=2.0), 0.0, 6.0)
    assert onsets(sound[:, 0], RATE) == pytest.approx([2, 3, 4, 5], abs=0.03)


def test_lost_packets_leave_a_gap_of_their_length(tmp_path: Path) -> None:
    path = write(tmp_path / "film.mkv", lambda number, ticks: [] if 30 <= number < 50 else [ticks])
    sound = heard(path, 0.0, 60.0)
    found = onsets(sound[:, 0], RATE)
    assert found and all(min(abs(at - beep) for beep in BEEPS) < 0.06 for at in found)


def test_a_film_without_sound_gives_none_and_a_bad_file_is_told(tmp_path: Path) -> None:
    assert len(heard(make(tmp_path / "film.mp4", 1, sound=False), 0.0, 1.0)) == 0
    (tmp_path / "bad.mp4").write_bytes(b"no sound " * 99)
    with pytest.raises(MediaError):
        heard(tmp_path / "bad.mp4", 0.0, 1.0)


@pytest.mark.parametrize(("given", "length"), [(0, 25), (7, 25), (25, 25), (99, 25), (3, 0)])
def test_blocks_are_padded_or_cut_to_the_length(given: int, length: int) -> None:
    pieces = [np.full((1, 2), number + 1.0, np.float32) for number in range(given)]
    found = list(blocks(iter(pieces), 10, length))
    assert [len(block) for block in found] == [10] * (length // 10) + ([length % 10] if length % 10 else [])
    flat = [float(one) for block in found for one in block[:, 0]]
    assert flat == [float(number + 1) if number < given else 0.0 for number in range(length)]


def test_silence_comes_a_second_at_a_time() -> None:
    assert [len(piece) for piece in silence(2 * RATE + 5)] == [RATE, RATE, 5]
