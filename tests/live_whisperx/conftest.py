"""A short video in which somebody is seen in one part and heard in another."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

FACE = Path(__file__).parents[2] / "livecc_assets" / "sample" / "assets" / "face.png"
RATE = 16000


@pytest.fixture(scope="session")
def make_talk(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Write a 112x112 video whose second n shows a face where ``faces[n]``, with ``sound`` at 16 kHz under it."""
    face = np.asarray(Image.open(FACE).convert("RGB").resize((112, 112)))
    field = np.full((112, 112, 3), (40, 140, 60), np.uint8)
    folder = tmp_path_factory.mktemp("talks")

    def make(name: str, faces: list[bool], sound: np.ndarray | None) -> Path:
        path = folder / name
        with av.open(str(path), "w") as container:
            picture = container.add_stream("libx264", rate=5)
            picture.width, picture.height, picture.pix_fmt = 112, 112, "yuv420p"
            audio = container.add_stream("aac", rate=RATE, layout="mono") if sound is not None else None
            for shown in faces:
                for _ in range(5):
                    frame = av.VideoFrame.from_ndarray(face if shown else field, format="rgb24")
                    container.mux(picture.encode(frame))
            container.mux(picture.encode())
            if audio is not None and sound is not None:
                for start in range(0, len(sound), 1024):
                    block = np.ascontiguousarray(sound[None, start : start + 1024], dtype=np.float32)
                    part = av.AudioFrame.from_ndarray(block, format="fltp", layout="mono")
                    part.sample_rate, part.pts, part.time_base = RATE, start, Fraction(1, RATE)
                    container.mux(audio.encode(part))
                container.mux(audio.encode())
        return path

    return make
