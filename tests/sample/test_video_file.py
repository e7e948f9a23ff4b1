"""Written videos: pictures, sound and captions come back as they went in, in step with one another."""

import av
import numpy as np
import pytest

from livecc_assets.sample.match import plan_match, render
from livecc_assets.sample.speech import RATE
from livecc_assets.sample.video_file import FPS, write_video
from livecc_assets.sample.videos import commentary
from livecc_assets.source.embedded import read_embedded

PLAN = plan_match(31, 9.0)
SOUND = commentary(PLAN)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory):
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    write_video(path, render(PLAN, FPS), SOUND.samples, SOUND.lines)
    return path


def pictures(path) -> np.ndarray:
    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])


def sound(path) -> np.ndarray:
    """From presentation time 0 on, so that the encoder's run-in shows as a shift if it is not accounted for."""
    with av.open(str(path)) as container:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
        frames = list(container.decode(audio=0))
        first = float(frames[0].time or 0)
        samples = np.concatenate([piece.to_ndarray()[0] for f in [*frames, None] for piece in resampler.resample(f)])
    return samples[max(0, round(-first * RATE)) :]


def test_all_frames_come_back_at_their_rate_and_look_as_drawn(film) -> None:
    drawn = np.stack(list(render(PLAN, FPS)))
    seen = pictures(film)
    assert seen.shape == drawn.shape == (90, 112, 112, 3)
    assert np.abs(seen.astype(int) - drawn.astype(int)).mean() < 6
    with av.open(str(film)) as container:
        assert float(container.streams.video[0].average_rate or 0) == FPS
        assert container.streams.video[0].codec_context.name == "h264"


def test_the_sound_is_in_step_with_the_track_to_five_milliseconds(film) -> None:
    heard = sound(film)
    count = min(len(heard), len(SOUND.samples))
    heard, said = heard[:count], SOUND.samples[:count]
    both = np.fft.irfft(np.fft.rfft(heard, 2 * count) * np.conj(np.fft.rfft(said, 2 * count)))
    lag = int(np.argmax(both))
    lag = lag - 2 * count if lag > count else lag
    assert abs(lag) <= 0.005 * RATE


def test_the_caption_track_inside_says_what_is_said(film) -> None:
    captions = read_embedded(str(film), "en")
    assert captions is not None
    assert [line["text"] for line in captions.lines] == [" ".join(word.word for word in line) for line in SOUND.lines]
    assert [line["start"] for line in captions.lines] == pytest.approx(
        [line[0].start for line in SOUND.lines], abs=0.002
    )


def test_the_same_input_gives_the_same_bytes(film, tmp_path) -> None:
    write_video(tmp_path / "again.mp4", render(PLAN, FPS), SOUND.samples, SOUND.lines)
    assert (tmp_path / "again.mp4").read_bytes() == film.read_bytes()


def test_without_sound_there_is_no_sound_track(tmp_path) -> None:
    write_video(tmp_path / "mute.mp4", render(plan_match(1, 2.0), FPS), None)
    with av.open(str(tmp_path / "mute.mp4")) as container:
        assert [stream.type for stream in container.streams] == ["video"]


def test_a_failure_while_drawing_leaves_no_video(tmp_path) -> None:
    def broken():
        yield from render(plan_match(1, 1.0), FPS)
        raise RuntimeError("no more paint")

    with pytest.raises(RuntimeError, match="paint"):
        write_video(tmp_path / "film.mp4", broken(), None)
    assert not (tmp_path / "film.mp4").exists()
