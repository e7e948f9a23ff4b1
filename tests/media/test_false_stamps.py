"""Time stamps that cannot be: recognition and films hear the same sound at the same seconds, and count what they leave out."""

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from livecc_assets.commentary.burn import burn
from livecc_assets.media import stamped_sound
from livecc_assets.media.audio import read_audio
from livecc_assets.media.soundtrack import RATE, stereo
from tests.media.film import make
from tests.media.test_sound_stamps import BEEPS, SECONDS, onsets, write

HOURS = 7200 * RATE
#: Stamps of a test go back by as much at most.
LAG = 5 * RATE
PACKET = 1024 / RATE

Heard = Callable[[str, float, float], tuple[np.ndarray, float]]


def of_a_film(path: str, start: float, end: float) -> tuple[np.ndarray, float]:
    left_out: list[float] = []
    pieces = list(stereo(path, start, end, passed_over=left_out.append))
    return np.concatenate(pieces)[:, 0] if pieces else np.zeros(0, np.float32), sum(left_out)


def of_recognition(path: str, start: float, end: float) -> tuple[np.ndarray, float]:
    return read_audio(path, start, end, rate=RATE), np.nan


@pytest.fixture(params=[of_a_film, of_recognition])
def heard(request: pytest.FixtureRequest) -> Heard:
    return request.param


def moved(source: Path, target: Path, leap: Callable[[int], float]) -> Path:
    """A copy of a film whose packets of sound are stamped so many seconds later."""
    with av.open(str(source)) as old, av.open(str(target), "w") as new:
        tracks = {track.index: new.add_stream_from_template(track) for track in old.streams}
        number = 0
        for packet in old.demux():
            if packet.dts is None or packet.pts is None or packet.time_base is None:
                continue
            if packet.stream.type == "audio":
                packet.pts += round(leap(number) / packet.time_base)
                number += 1
            packet.stream = tracks[packet.stream.index]
            new.mux(packet)
    return target


def beeps(heard: Heard, path: str, start: float = 0.0, end: float = SECONDS) -> list[float]:
    return onsets(heard(path, start, end)[0], RATE)


def test_a_hole_is_silence_of_its_length(heard: Heard, tmp_path: Path) -> None:
    path = write(tmp_path / "film.mkv", lambda n, t: [] if 260 <= n < 900 else [t])
    assert beeps(heard, path) == pytest.approx([5.0, 20.0, 25.0], abs=0.02)
    assert beeps(heard, path, 12.0, 24.0) == pytest.approx([8.0], abs=0.02), "a part may begin in it"


@pytest.mark.parametrize("packets", [1, 47, 210], ids=["21 ms", "1 s", "4.5 s"])
def test_a_jump_of_two_hours_that_comes_back_costs_no_more_than_itself(
    heard: Heard, packets: int, tmp_path: Path
) -> None:
    path = write(tmp_path / "film.mkv", lambda n, t: [t + HOURS] if 500 <= n < 500 + packets else [t])
    sound, left_out = heard(path, 0.0, SECONDS)
    assert onsets(sound, RATE) == pytest.approx(BEEPS, abs=0.02)
    assert np.isnan(left_out) or left_out == pytest.approx(packets * PACKET)


@pytest.mark.parametrize("leap", [0.3, 4.0, 15.0])
def test_a_packet_that_leaps_ahead_within_the_part_is_left_out(heard: Heard, leap: float, tmp_path: Path) -> None:
    path = write(
        tmp_path / "film.mkv", lambda n, t: [t + round(leap * RATE)] if n == 240 else [t]
    )  # in the beep at 5 s
    sound, left_out = heard(path, 0.0, SECONDS)
    assert onsets(sound, RATE) == pytest.approx(BEEPS, abs=0.02)
    assert np.isnan(left_out) or left_out == pytest.approx(PACKET)


def test_a_jump_of_two_hours_that_lasts_is_believed_and_the_rest_is_silence(heard: Heard, tmp_path: Path) -> None:
    path = write(tmp_path / "film.mkv", lambda n, t: [t + HOURS] if n >= 300 else [t])
    assert beeps(heard, path) == pytest.approx([5.0], abs=0.02)
    assert beeps(heard, path, 7200.0, 7226.0) == pytest.approx(BEEPS[1:], abs=0.02), "it is there, where its stamps say"


@pytest.mark.parametrize("back", [0.5, 4.0])
def test_a_packet_whose_stamp_goes_back_is_left_out(heard: Heard, back: float, tmp_path: Path) -> None:
    path = write(tmp_path / "film.mkv", lambda n, t: [t - round(back * RATE)] if n in (237, 600) else [t], lag=LAG)
    sound, left_out = heard(path, 0.0, SECONDS)
    assert onsets(sound, RATE) == pytest.approx(BEEPS, abs=0.02)
    assert np.isnan(left_out) or left_out == pytest.approx(2 * PACKET)


def test_stamps_that_go_back_for_good_are_heard_again_from_where_they_pass_what_was_heard(
    heard: Heard, tmp_path: Path
) -> None:
    path = write(tmp_path / "film.mkv", lambda n, t: [t - 2 * RATE] if n >= 700 else [t], lag=LAG)  # at 14.9 s
    assert beeps(heard, path) == pytest.approx([5.0, 10.0, 18.0, 23.0], abs=0.02)


@pytest.mark.parametrize("ending", ["mkv", "ts"])
def test_a_part_is_heard_at_its_seconds_among_false_stamps(heard: Heard, ending: str, tmp_path: Path) -> None:
    def change(number: int, ticks: int) -> list[int]:
        false = {190: HOURS, 191: HOURS, 420: -2 * RATE, 500: HOURS}
        return [ticks + false.get(number, 0)]

    path = write(tmp_path / f"film.{ending}", change, lag=LAG)
    within = 0.02 if ending == "mkv" else 0.02 + PACKET  # a transport stream cannot mark the encoder's first packet
    assert beeps(heard, path, 4.0, 12.0) == pytest.approx([1.0, 6.0], abs=within)
    assert beeps(heard, path, 9.0, 26.0) == pytest.approx([1.0, 11.0, 16.0], abs=within)


def test_a_part_begins_in_time_where_the_demuxer_comes_down_too_late(
    heard: Heard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, inner = write(tmp_path / "film.mkv", lambda n, t: [t]), stamped_sound.open_media

    class Late:
        """A container whose search ends 5 s behind the place."""

        def __init__(self, *arguments: object) -> None:
            self._inner = inner(*arguments)  # type: ignore[arg-type]

        def __enter__(self) -> "Late":
            return self

        def __exit__(self, *_: object) -> None:
            self._inner.close()

        def __getattr__(self, name: str) -> object:
            return getattr(self._inner, name)

        def seek(self, offset: int, backward: bool) -> None:
            self._inner.seek(offset + 5_000_000, backward=backward)

    monkeypatch.setattr(stamped_sound, "open_media", Late)
    sound, left_out = heard(path, 4.0, 12.0)
    assert onsets(sound, RATE) == pytest.approx([1.0, 6.0], abs=0.02)
    assert np.isnan(left_out) or left_out == 0


@pytest.mark.parametrize("false", [False, True])
def test_a_film_from_the_middle_has_each_beep_at_its_second_and_tells_what_it_left_out(
    false: bool, tmp_path: Path
) -> None:
    source = make(tmp_path / "film.mkv", 9)
    if false:
        source = moved(source, tmp_path / "false.mkv", lambda number: 7200.0 if 75 <= number < 79 else 0.0)
    told: list[str] = []
    burn(str(source), [], tmp_path / "out.mp4", 3.5, 8.0, notice=told.append)
    heard = read_audio(str(tmp_path / "out.mp4"), rate=RATE)
    assert onsets(heard, RATE) == pytest.approx([0.5, 1.5, 2.5, 3.5], abs=0.02), "second 5 of the source at 1.5 s"
    assert told == ["0.3 s of the video's sound have impossible time stamps and are left out"] * false


def test_a_whole_soundtrack_is_no_longer_for_a_false_stamp(tmp_path: Path) -> None:
    path = write(tmp_path / "film.mkv", lambda n, t: [t + HOURS] if 300 <= n < 310 else [t])
    assert len(read_audio(path)) / 16000 == pytest.approx(SECONDS, abs=0.05)
