"""Small videos with and without a face, and a way to run a step on a real store."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from livecc_assets.live_cc.schemas import SCHEMAS as LIVE_CC_SCHEMAS
from livecc_assets.runtime.task import Task
from livecc_assets.source.schemas import SCHEMAS as SOURCE_SCHEMAS
from livecc_assets.store.artifact import Artifact
from livecc_assets.store.store import Store
from livecc_assets.store.writer import Writer

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


@pytest.fixture
def run_task(tmp_path: Path) -> Callable[..., Artifact]:
    """Run a step's main on rows of its upstream assets, with a real store; returns the committed artifact.

    ``inputs``: upstream asset -> rows by partition. Upstream tables get the schemas of this stage or of the source.
    """
    store = Store(str(tmp_path / "artefacts"), tmp_path / "cache")
    schemas = {**SOURCE_SCHEMAS, **LIVE_CC_SCHEMAS}

    def write(asset: str, partition: str, config: dict[str, Any], schema: Any) -> Writer:
        return store.write(asset, partition, "key", schema, code_version="1", config=config, upstream=[])

    def committed(asset: str, partition: str) -> Artifact:
        found = store.at(store.place(asset, partition, "key"))
        assert found is not None
        return found

    def run(main: Callable[[Task], None], asset: str, config: dict[str, Any], inputs: dict[str, dict[str, list]]):
        opened: dict[str, list[Artifact]] = {}
        for upstream, partitions in inputs.items():
            for partition, rows in partitions.items():
                writer = write(upstream, partition, {}, schemas[upstream])
                writer.extend(rows)
                writer.commit()
                opened.setdefault(upstream, []).append(committed(upstream, partition))
        writer = write(asset, "one", config, schemas[asset])
        main(Task(asset, config, tmp_path / "home", opened, writer, "key"))
        writer.commit()
        return committed(asset, "one")

    return run
