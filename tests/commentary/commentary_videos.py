"""Small videos for tests."""

from pathlib import Path

import av
import numpy as np


def write_video(path: Path, seconds: float, fps: int = 10, size: tuple[int, int] = (112, 112), seed: int = 0) -> Path:
    """An H.264 video of a coloured square that moves over a slowly changing ground."""
    rng = np.random.default_rng(seed)
    tint = rng.integers(40, 200, 3)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps)
        stream.width, stream.height, stream.pix_fmt = size[1], size[0], "yuv420p"
        for index in range(round(seconds * fps)):
            frame = np.full((*size, 3), (60 + 3 * index) % 256, dtype=np.uint8)
            at = (index * 3) % (size[1] - 30)
            frame[20:50, at : at + 30] = tint
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    return path
