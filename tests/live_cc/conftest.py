"""Small videos with and without a face."""

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

FACE = Path(__file__).parents[2] / "livecc_assets" / "sample" / "assets" / "face.png"


@pytest.fixture
def make_video(tmp_path: Path) -> Callable[..., Path]:
    """Write a 112x112 video; its second n shows a face where ``faces[n]``, else a plain field."""
    face = np.asarray(Image.open(FACE).convert("RGB").resize((112, 112)))
    field = np.full((112, 112, 3), (40, 140, 60), np.uint8)

    def make(name: str, faces: list[bool], fps: int = 10) -> Path:
        path = tmp_path / name
        with av.open(str(path), "w") as container:
            stream = container.add_stream("libx264", rate=fps)
            stream.width, stream.height, stream.pix_fmt = 112, 112, "yuv420p"
            for shown in faces:
                for _ in range(fps):
                    frame = av.VideoFrame.from_ndarray(face if shown else field, format="rgb24")
                    container.mux(stream.encode(frame))
            container.mux(stream.encode())
        return path

    return make
