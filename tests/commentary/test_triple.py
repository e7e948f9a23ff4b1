"""The benchmark of encoding, decoding and memory counts what the engine does."""

import pytest

from benchmarks.commentary_triple import FPS, make_video, measure
from livecc_assets.media.frames import Video

pytestmark = pytest.mark.live


def test_every_picture_is_counted_once_and_every_rate_is_known() -> None:
    found = measure("embedded:tiny-qwen2-vl", 8.0, "cpu")
    assert found["pictures"] == 16, "two a second"
    assert found["tokens"] > 0 and found["words"] > 0
    assert found["encoding_fps"] > 0 and found["decoding_tokens_per_second"] > 0
    assert found["peak_memory_mib"] > 1 and found["real_time_factor"] > 0


def test_the_video_has_the_length_that_was_asked_for(tmp_path) -> None:
    with Video.open(str(make_video(tmp_path / "v.mp4", 8.0))) as video:
        assert video.duration == pytest.approx(8.0, abs=2 / FPS)
