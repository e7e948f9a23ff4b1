"""Damaged files of every container: read or refused with a reason, never slowly, never at the cost of much memory."""

import resource
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from livecc_assets.core.errors import MediaError
from livecc_assets.media.audio import read_audio
from livecc_assets.media.frames import Video
from livecc_assets.media.opening import MediaLimits
from livecc_assets.source.probe import probe

#: Damaged numbers may ask for any length; these limits keep what a reader may take for true small.
LIMITS = MediaLimits(duration_sec=600, frame_pixels=1 << 20, frames=10_000)
CONTAINERS = ["mp4", "mkv", "ts", "flv", "avi", "webm"]
MOST_SECONDS, MOST_KB = 10.0, 600_000

_damage = st.lists(
    st.one_of(
        st.tuples(st.just("set"), st.floats(0, 1), st.binary(min_size=1, max_size=8)),
        st.tuples(st.just("cut"), st.floats(0, 1), st.floats(0, 0.2)),
        st.tuples(st.just("twice"), st.floats(0, 1), st.floats(0, 0.2)),
        st.tuples(st.just("end"), st.floats(0.05, 1), st.just(0.0)),
    ),
    min_size=1,
    max_size=5,
)


def damaged(content: bytes, damage) -> bytes:
    """The file with bytes overwritten, stretches taken out or doubled, or its end cut off. Its first 16 bytes stay."""
    for how, where, what in damage:
        at = 16 + int(where * max(0, len(content) - 16))
        if how == "set":
            content = content[:at] + what + content[at + len(what) :]
            continue
        until = len(content) if how == "end" else at + int(what * len(content))
        kept = content[at:until] * 2 if how == "twice" else b""
        content = content[:at] + kept + content[until:]
    return content


@pytest.fixture(scope="module")
def samples(film, tmp_path_factory) -> dict[str, bytes]:
    """A small whole file of each container."""
    folder, found = tmp_path_factory.mktemp("fuzz"), {}
    codecs = {"avi": {"codec": "mpeg4", "audio_codec": "mp3"}, "webm": {"codec": "libvpx", "audio_codec": "libopus"}}
    for ending in CONTAINERS:
        path = film.make(folder / f"film.{ending}", seconds=2, size=(128, 32), **codecs.get(ending, {}))
        found[ending] = path.read_bytes()
    return found


def _read_all(path: str) -> None:
    for read in (
        lambda: _frames(path),
        lambda: read_audio(path, limits=LIMITS),
        lambda: read_audio(path, 1.2, 1.9, limits=LIMITS),
        lambda: probe(path),
    ):
        told = ""
        try:
            read()
        except MediaError as error:
            told = f"{error.reason}: {error.detail}"
        assert "\n" not in told


def _frames(path: str) -> None:
    with Video.open(path, LIMITS) as video:
        assert len(video.start_pts) == len(video.end_pts) == len(video)
        assert (video.end_pts > video.start_pts).all()
        assert video.start_pts[0] >= 0
        video.frames([0, len(video) // 2, len(video) - 1] if len(video) > 2 else [0])


@pytest.mark.parametrize("ending", CONTAINERS)
def test_a_damaged_file_is_read_or_refused_with_a_reason(ending: str, samples, tmp_path: Path):
    path = tmp_path / f"film.{ending}"

    @settings(
        max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow], database=None
    )
    @given(_damage)
    def check(damage) -> None:
        path.write_bytes(damaged(samples[ending], damage))
        before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
        _read_all(str(path))
        assert time.monotonic() - began < MOST_SECONDS
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MOST_KB

    check()
