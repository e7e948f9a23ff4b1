"""A video written again: its pictures, sound and words lie where they should."""

from pathlib import Path

import av
import numpy as np
import pytest

from livecc_assets.commentary.bubble import Captioner
from livecc_assets.commentary.burn import burn
from livecc_assets.commentary.utterance import Utterance
from livecc_assets.core.errors import MediaError
from livecc_assets.media.audio import read_audio
from livecc_assets.media.frames import Video
from livecc_assets.source.embedded import read_embedded
from tests.media.film import make, number_of

SAID = [
    Utterance(2.0, 3.0, "Red <b>wins</b> it"),
    Utterance(3.0, 4.0, ""),
    Utterance(4.0, 5.0, "goal {now}"),
    Utterance(7.9, 9.0, "too late"),
]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(make(tmp_path_factory.mktemp("film") / "film.mp4", 10, size=(320, 240)))


@pytest.fixture(scope="module")
def burnt(source: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("burnt") / "out.mp4"
    assert burn(source, SAID, path, 1.0, 8.0) == pytest.approx(7.0)
    return path


def frames(path: Path | str) -> np.ndarray:
    with Video.open(str(path)) as video:
        return video.frames(range(len(video)))


def onsets(samples: np.ndarray, rate: int = 16000) -> list[float]:
    loud = np.flatnonzero(np.abs(samples) > 0.1)
    return [float(at) / rate for at in loud[np.diff(loud, prepend=-rate) > 0.3 * rate]]


def test_the_part_has_its_own_frames_at_their_times(burnt: Path) -> None:
    with Video.open(str(burnt)) as video:
        assert video.duration == pytest.approx(7.0, abs=0.02)
        assert list(np.diff(video.start_pts)) == pytest.approx([0.1] * 69, abs=0.001)
    assert [number_of(frame) for frame in frames(burnt)] == list(range(10, 80))


def test_the_sound_goes_with_it(burnt: Path) -> None:
    assert onsets(read_audio(str(burnt))) == pytest.approx([0, 1, 2, 3, 4, 5, 6], abs=0.03)


def test_words_are_in_the_picture_while_they_are_said_and_nowhere_else(burnt: Path, source: str) -> None:
    apart = np.abs(frames(burnt).astype(int) - frames(source)[10:80].astype(int))
    lower = apart[:, 160:].mean(axis=(1, 2, 3))
    assert lower[:10].max() < 4 and lower[60:69].max() < 4, "before the first word, and when the last one has gone"
    assert lower[11:40].min() > 2 * lower[:10].max() and lower[33:40].min() > 6, "a bubble and its words"
    assert apart[:, :120].mean() < 4, "the rest of the picture stays, colours included"


def test_words_are_a_subtitle_track_too(burnt: Path) -> None:
    track = read_embedded(str(burnt), "en")
    assert track is not None
    text = repr(track)
    assert "goal" in text and "wins" in text
    with av.open(str(burnt)) as container:
        assert [stream.codec_context.name for stream in container.streams] == ["h264", "aac", "mov_text"]
        samples = [
            (float((p.pts or 0) * (p.time_base or 0)), bytes(p)[2:]) for p in container.demux(subtitles=0) if p.size > 2
        ]
    assert samples == [(1.0, b"Red <b>wins</b> it"), (3.0, b"goal {now}"), (pytest.approx(6.9), b"too late")]


def test_without_words_it_is_a_plain_copy_of_that_part(source: str, tmp_path: Path) -> None:
    burn(source, [], tmp_path / "out.mp4", 3.0)
    assert [number_of(frame) for frame in frames(tmp_path / "out.mp4")] == list(range(30, 100))
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert not container.streams.subtitles
        context = container.streams.video[0].codec_context
        assert (context.colorspace, context.color_range) == (1, 1), "a player need not guess the colours"


def test_frames_of_unequal_length_keep_their_times_and_odd_sides_grow_by_one(tmp_path: Path) -> None:
    stamps = [0, 100, 200, 700, 720, 1500, 2000]
    source = make(tmp_path / "film.mkv", stamps=stamps, sound=False, size=(129, 97), coding={"crf": "1"}, codec="mpeg4")
    burn(str(source), [], tmp_path / "out.mp4")
    with Video.open(str(tmp_path / "out.mp4")) as video:
        assert [round(1000 * at) for at in video.start_pts] == stamps
        assert (video.width, video.height) == (130, 98)


def test_a_large_picture_is_made_smaller_in_its_shape(source: str, tmp_path: Path) -> None:
    burn(source, [], tmp_path / "out.mp4", 2.0, 4.0, most_pixels=20_000)
    with Video.open(str(tmp_path / "out.mp4")) as video:
        assert (video.width, video.height) == (162, 122) and len(video) == 20
        small = video.frames([0])[0].astype(int)
    whole = frames(source)[20].astype(int)
    assert np.abs(small.mean(axis=(0, 1)) - whole.mean(axis=(0, 1))).max() < 4, "the same picture"
    burn(source, [], tmp_path / "same.mp4", 2.0, 4.0, most_pixels=320 * 240)
    assert frames(tmp_path / "same.mp4").shape[1:3] == (240, 320)


def test_progress_counts_seconds_and_an_unreadable_video_is_told(source: str, tmp_path: Path) -> None:
    seen: list[tuple[float, float]] = []
    burn(source, [], tmp_path / "out.mp4", 8.0, 9.0, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (pytest.approx(1.0), pytest.approx(1.0)) and len(seen) == 10
    (tmp_path / "bad.mp4").write_bytes(b"no video " * 99)
    with pytest.raises(MediaError):
        burn(str(tmp_path / "bad.mp4"), [], tmp_path / "out.mp4")


def test_a_bubble_grows_to_the_right_and_words_stay_in_their_place() -> None:
    grey = np.full((360, 640, 3), 128, dtype=np.uint8)
    captioner = Captioner(640, 360)
    whole = ["Red takes the ball from Blue"]
    some, all_ = (captioner.draw(grey, [text], whole) for text in ("Red takes", whole[0]))
    changed = [np.flatnonzero((picture != 128).any(axis=(0, 2))) for picture in (some, all_)]
    assert changed[0][0] == changed[1][0] and changed[0][-1] < changed[1][-1]
    row = slice(changed[0][0] + 12, changed[0][-1] - 20)
    assert np.array_equal(some[:, row], all_[:, row])
    assert (grey == 128).all(), "the given picture is left as it was"


@pytest.mark.parametrize("size", [(64, 48), (48, 640), (1920, 80)])
def test_captions_fit_into_any_picture(size: tuple[int, int]) -> None:
    width, height = size
    line = "a line of words that is as long as lines can be, y"
    drawn = Captioner(width, height).draw(np.zeros((height, width, 3), np.uint8), [line, line], [line, line])
    assert drawn.shape == (height, width, 3) and drawn.max() > 100
