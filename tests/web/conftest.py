"""A small video, and a site of one fake model."""

from pathlib import Path

import av
import numpy as np
import pytest

from livecc_assets.web.site import Site
from tests.web.fakes import FakeStreams, site


@pytest.fixture(scope="session")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """6 seconds at 10 frames a second, 112 x 112, each second of another grey."""
    path = tmp_path_factory.mktemp("video") / "six.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 112, 112, "yuv420p"
        for index in range(60):
            frame = np.full((112, 112, 3), 40 * (index // 10) + 10, dtype=np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    return path


@pytest.fixture
def streams() -> FakeStreams:
    return FakeStreams()


@pytest.fixture
def served(tmp_path: Path, streams: FakeStreams) -> Site:
    return site(tmp_path, streams)
