"""Sound on the video's clock."""

from pathlib import Path

import numpy as np
import pytest

from livecc_assets.core.errors import MediaError
from livecc_assets.media.audio import has_audio, read_audio
from tests.recordings import Media


def onsets(samples: np.ndarray, rate: int = 16000) -> np.ndarray:
    """Seconds at which a beep begins after at least 0.3 s of silence."""
    loud = np.flatnonzero(np.abs(samples) > 0.1)
    return loud[np.diff(loud, prepend=-rate) > 0.3 * rate] / rate


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv", "film.ts", "film.mov"])
def test_beeps_are_where_the_film_has_them(name, film, tmp_path: Path):
    samples = read_audio(str(film.make(tmp_path / name, seconds=5)))
    assert samples.dtype == np.float32
    assert len(samples) / 16000 == pytest.approx(5, abs=0.1)
    assert onsets(samples) == pytest.approx([0, 1, 2, 3, 4], abs=0.07)


def test_range_holds_exactly_its_samples_and_equals_the_cut_of_the_whole(film, tmp_path: Path):
    path = str(film.make(tmp_path / "film.mp4", seconds=9))
    whole, part = read_audio(path), read_audio(path, 3.25, 6.5)
    assert len(part) == round(3.25 * 16000)
    assert np.abs(part - whole[52000:104000]).max() < 1e-3


def test_range_past_the_end_is_empty_and_one_across_it_is_short(film, tmp_path: Path):
    path = str(film.make(tmp_path / "film.mp4", seconds=3))
    assert len(read_audio(path, 10.0, 12.0)) == 0
    assert 0.4 < len(read_audio(path, 2.5, 12.0)) / 16000 < 0.7
    assert len(read_audio(path, 2.0, 2.0)) == 0


def test_channels_are_averaged(film, tmp_path: Path):
    mono = read_audio(str(film.make(tmp_path / "mono.mkv", seconds=3, audio_codec="flac")))
    stereo = read_audio(str(film.make(tmp_path / "stereo.mkv", seconds=3, audio_codec="flac", stereo=True)))
    assert np.abs(mono).max() == pytest.approx(0.5, abs=0.01)
    assert np.abs(stereo).max() == pytest.approx(0.25, abs=0.01)


def test_sound_that_starts_late_is_padded_so_that_times_stay_the_videos(film, tmp_path: Path):
    path = film.make(tmp_path / "film.mkv", seconds=6, sound_from=2.0, audio_codec="flac")
    samples = read_audio(str(path))
    assert np.abs(samples[: 2 * 16000 - 400]).max() == 0
    assert onsets(samples) == pytest.approx([2, 3, 4, 5], abs=0.01)


def test_other_rates_keep_the_times(film, tmp_path: Path):
    samples = read_audio(str(film.make(tmp_path / "film.mkv", seconds=4, audio_codec="flac")), rate=22050)
    assert onsets(samples, 22050) == pytest.approx([0, 1, 2, 3], abs=0.01)


def test_plain_sound_files_are_read(media: Media):
    samples = read_audio(str(media / "jfk.flac"))
    assert len(samples) / 16000 == pytest.approx(11.0, abs=0.1)
    assert np.abs(samples).max() > 0.1


def test_film_without_soundtrack_is_refused(film, tmp_path: Path):
    path = str(film.make(tmp_path / "film.mp4", seconds=2, sound=False))
    assert not has_audio(path)
    with pytest.raises(MediaError) as caught:
        read_audio(path)
    assert caught.value.reason == "no_audio"


def test_film_with_soundtrack_is_told(film, tmp_path: Path):
    assert has_audio(str(film.make(tmp_path / "film.mp4", seconds=1)))
