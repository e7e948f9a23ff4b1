"""Qwen's tokenizer and a tiny random Qwen2-VL, as the training tests build them; a small generated video."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.training.conftest import qwen_processor, qwen_tokenizer, tiny_folder

__all__ = ["match_row", "qwen_processor", "qwen_tokenizer", "tiny_folder"]


def write_match(folder: Path, seed: int = 1, seconds: float = 12.0) -> dict:
    """A match of the sample world as a row of `yt_cc_source` with truth (columns that the benchmarks read)."""
    import av

    from livecc_assets.sample.match import plan_match, render

    plan, path = plan_match(seed, seconds), folder / f"match-{seed}.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width = stream.height = 112
        stream.pix_fmt = "yuv420p"
        for pixels in render(plan):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")))
        container.mux(stream.encode())
    events = [vars(event) for event in plan.events]
    truth = json.dumps({"events": events, "words": []})
    return {
        "video_id": path.stem,
        "batch": "",
        "path": str(path),
        "sha256": "0",
        "duration": seconds,
        "subtitles": [],
        "truth": truth,
    }


@pytest.fixture(scope="session")
def match_row(tmp_path_factory):
    """One short match on disk."""
    return write_match(tmp_path_factory.mktemp("matches"))
