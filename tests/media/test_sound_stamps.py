"""Sound is heard where its stamps say, whatever was lost, doubled or drifted before it; and many channels become one."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from livecc_assets.media.audio import read_audio
from livecc_assets.media.downmix import weights

RATE = 48000
BEEPS = (5.0, 10.0, 20.0, 25.0)
SECONDS = 26


def sound() -> np.ndarray:
    """Mono silence with beeps of 0.1 s."""
    time = np.arange(SECONDS * RATE) / RATE
    tone = 0.5 * np.sin(2 * np.pi * 440 * time)
    return (tone * sum((time >= at) & (time < at + 0.1) for at in BEEPS)).astype(np.float32)


def onsets(samples: np.ndarray, rate: int = 16000) -> list[float]:
    """Where beeps start, in seconds."""
    loud = np.flatnonzero(np.abs(samples) > 0.1)
    return [float(at) / rate for at in loud[np.diff(loud, prepend=-rate) > 0.3 * rate]]


def write(path: Path, change, codec: str = "aac", size: int = 1024, lag: int = 0) -> str:
    """A soundtrack whose packets are changed as they are muxed: ``change(number, packet)`` gives their stamps in samples.

    Decoding times, which must not run backwards, come ``lag`` samples before: stamps may go back by as much.
    """
    samples = sound()
    with av.open(str(path), "w") as out:
        track = out.add_stream(codec, rate=RATE, layout="mono")
        assert isinstance(track, av.AudioStream)
        packets = []
        for start in range(0, len(samples) - size + 1, size):
            pcm = codec == "pcm_s16le"
            data = (
                (samples[None, start : start + size] * 32767).astype(np.int16)
                if pcm
                else samples[None, start : start + size]
            )
            frame = av.AudioFrame.from_ndarray(data, format="s16" if pcm else "fltp", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = RATE, start, Fraction(1, RATE)
            packets += track.encode(frame)
        packets += track.encode(None)
        for number, (data, ticks) in enumerate([(bytes(packet), packet.pts) for packet in packets]):
            for moved in change(number, ticks):
                packet = av.Packet(data)
                packet.pts, packet.dts = moved, min(moved, ticks - lag)
                packet.duration, packet.time_base, packet.stream, packet.is_keyframe = (
                    size,
                    Fraction(1, RATE),
                    track,
                    True,
                )
                out.mux(packet)
    return str(path)


def lost(*numbers: int):
    return lambda number, ticks: [] if number in numbers else [ticks]


@pytest.mark.parametrize("ending", ["mkv", "mp4", "ts", "flv"])
def test_a_beep_is_heard_at_its_stamp_however_many_packets_before_it_were_lost(ending: str, tmp_path: Path):
    # Forty single packets of 21 ms, each too short to be noticed alone.
    path = write(tmp_path / f"film.{ending}", lost(*range(20, 180, 4), *range(260, 400, 3)))
    assert onsets(read_audio(path)) == pytest.approx(BEEPS, abs=0.03)
    assert onsets(read_audio(path, 19.5, 22.0)) == pytest.approx([0.5], abs=0.03)


def test_a_long_stretch_that_was_lost_is_silence(tmp_path: Path):
    path = write(tmp_path / "film.mkv", lost(*range(260, 900)))
    assert onsets(read_audio(path)) == pytest.approx([5.0, 20.0, 25.0], abs=0.03)


def test_lost_packets_of_two_and_a_half_milliseconds_add_up(tmp_path: Path):
    path = write(
        tmp_path / "film.mkv", lambda n, t: [] if 100 < n < 3000 and n % 5 == 0 else [t], "pcm_s16le", size=120
    )
    assert onsets(read_audio(path)) == pytest.approx(BEEPS, abs=0.012)


@pytest.mark.parametrize("drift", [0.995, 1.004])
def test_a_drifting_clock_moves_nothing(drift: float, tmp_path: Path):
    path = write(tmp_path / "film.mkv", lambda n, t: [round(t * drift)])
    assert onsets(read_audio(path)) == pytest.approx([at * drift for at in BEEPS], abs=0.03)


def test_a_packet_that_comes_twice_is_heard_once(tmp_path: Path):
    path = write(tmp_path / "film.mkv", lambda n, t: [t, t] if n % 10 == 5 else [t])
    samples = read_audio(path)
    assert onsets(samples) == pytest.approx(BEEPS, abs=0.03)
    assert len(samples) / 16000 == pytest.approx(SECONDS, abs=0.1)


def test_one_packet_stamped_far_away_does_not_move_the_others(tmp_path: Path):
    path = write(tmp_path / "film.mkv", lambda n, t: [t + 500 * RATE] if n == 300 else [t])
    assert onsets(read_audio(path, 0, SECONDS)) == pytest.approx(BEEPS, abs=0.03)


def test_stamps_that_tremble_do_not_chop_the_sound(tmp_path: Path):
    plain = read_audio(write(tmp_path / "plain.mkv", lambda n, t: [t], "pcm_s16le"))
    tremble = np.random.default_rng(3).integers(-140, 141, 2000)
    shaken = read_audio(write(tmp_path / "shaken.mkv", lambda n, t: [max(0, t + int(tremble[n]))], "pcm_s16le"))
    assert np.abs(shaken[:400_000] - plain[:400_000]).max() < 0.2
    assert onsets(shaken) == pytest.approx(BEEPS, abs=0.01)


def test_whole_sound_is_read_as_one_piece(tmp_path: Path):
    path = write(tmp_path / "film.mkv", lambda n, t: [t], "pcm_s16le")
    with av.open(path) as container:
        resampler = av.AudioResampler(format="fltp", layout="mono", rate=16000)
        parts = [part.to_ndarray()[0] for frame in container.decode(audio=0) for part in resampler.resample(frame)]
        parts += [part.to_ndarray()[0] for part in resampler.resample(None)]
    assert np.array_equal(read_audio(path), np.concatenate(parts))


def voice_in(layout: str, channel: str, path: Path) -> str:
    """A tone of 0.6 in one channel of a layout."""
    channels = [c.name for c in av.AudioLayout(layout).channels]
    tone = 0.6 * np.sin(2 * np.pi * 300 * np.arange(RATE) / RATE)
    samples = np.zeros((len(channels), RATE), np.float32)
    samples[channels.index(channel)] = tone
    with av.open(str(path), "w") as out:
        track = out.add_stream("flac", rate=RATE, layout=layout)
        assert isinstance(track, av.AudioStream)
        data = (samples.T.reshape(1, -1) * 32767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(data, format="s16", layout=layout)
        frame.sample_rate, frame.pts, frame.time_base = RATE, 0, Fraction(1, RATE)
        out.mux(track.encode(frame))
        out.mux(track.encode(None))
    return str(path)


@pytest.mark.parametrize(
    ("layout", "channel", "share"),
    [
        ("5.1", "FC", 1.4142 / 4.8284),
        ("5.1", "FL", 1 / 4.8284),
        ("5.1", "SL", 0.7071 / 4.8284),
        ("5.1", "LFE", 0.0),
        ("5.1(side)", "SR", 0.7071 / 4.8284),
        ("7.1", "FC", 1.4142 / 6.2426),
        ("quad", "BL", 0.7071 / 3.4142),
        ("3.0", "FC", 1.4142 / 3.4142),
        ("stereo", "FR", 0.5),
        ("mono", "FC", 1.0),
    ],
)
def test_channels_are_mixed_by_bs_775_and_as_published_on_average(layout, channel, share, tmp_path: Path):
    path = voice_in(layout, channel.replace("SL", "BL") if layout == "5.1" else channel, tmp_path / "film.mka")
    loudest = np.abs(read_audio(path)[2000:14000]).max()
    assert loudest == pytest.approx(0.6 * share, abs=0.004)
    count = len(av.AudioLayout(layout).channels)
    published = np.abs(read_audio(path, rule="released")[2000:14000]).max()
    assert published == pytest.approx(0.6 / count, abs=0.004)


@pytest.mark.parametrize(
    "layout", ["mono", "stereo", "2.1", "quad", "5.0", "5.1", "6.1", "7.1", "7.1.4", "hexadecagonal"]
)
def test_the_shares_of_every_layout_add_up_to_one(layout: str):
    channels = [channel.name for channel in av.AudioLayout(layout).channels]
    assert weights(channels).sum() == pytest.approx(1.0)
    assert weights(channels).min() >= 0


def test_a_layout_of_low_frequencies_or_unknown_channels_is_averaged():
    assert weights(["LFE"]).tolist() == [1.0]
    assert weights(["NONE", "FL"]).tolist() == [0.5, 0.5]
