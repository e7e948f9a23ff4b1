"""Text losses and talking heads are scored once, whatever kills the worker."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from livecc_assets.live_cc import assets, talking_head
from livecc_assets.live_cc.schemas import SCHEMAS
from livecc_assets.media.frames import Video
from livecc_assets.models.text_lm import TextLM
from livecc_assets.runtime.task import Task
from livecc_assets.source.schemas import SCHEMAS as SOURCE
from livecc_assets.store.store import Store
from tests.artifacts import new_store, task_of, write
from tests.killing import Work, resumed_alike


def _clip(number: int) -> dict[str, Any]:
    said = [f"w{number}" for _ in range(1 + number * 7 % 23)]
    words = [{"start": float(n), "end": n + 1.0, "word": word} for n, word in enumerate(said)]
    return {
        "clip_id": f"v{number}:0", "video_id": f"v{number}", "batch": "", "path": "u", "sha256": "0", "title": "A day",
        "category": None, "start": 0.0, "end": 9.0, "words": words, "previous": "", "words_per_second": 2.0,
        "distinct_words": 3,
    }  # fmt: skip


class Padded:
    """A model whose loss depends on the company, as a padded batch's last digits do."""

    def __init__(self, work: Work) -> None:
        self.work = work

    def losses(self, pairs: list[tuple[Any, str]], rule: str) -> list[tuple[float, int]]:
        for _, answer in pairs:
            self.work(answer)
        width = max(len(answer) for _, answer in pairs)
        return [(float(torch.tensor(len(answer) / (3 * width))), len(answer.split())) for _, answer in pairs]


@pytest.mark.parametrize("seed", range(4))
def test_a_killed_scoring_of_clips_goes_on_with_the_same_batches(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = Work()
    monkeypatch.setattr(TextLM, "load", lambda *_: Padded(work))

    def tasks(name: str) -> tuple[Store, Task]:
        store = new_store(tmp_path / name)
        rows = [_clip(number) for number in range(83)]
        clips = write(store, "caption_clips", "a", rows, SCHEMAS["caption_clips"])
        asset = "caption_clip_losses"
        return store, task_of(store, tmp_path, asset, "a", SCHEMAS[asset], {"model": "m"}, [clips])

    whole, _ = resumed_alike(assets.caption_clip_losses, work, tasks, seed)
    assert whole.count == 83


class Opened:
    """A video without a file: three pictures as bright as its name says."""

    def __init__(self, name: str) -> None:
        self.start_pts, self.end_pts, self.light = np.arange(3.0), np.arange(1.0, 4.0), int(Path(name).stem[1:])

    def __enter__(self) -> "Opened":
        return self

    def __exit__(self, *_: object) -> None: ...

    def frames(self, indices: list[int]) -> np.ndarray:
        return np.full((len(indices), 2, 2, 3), self.light, np.uint8)


@pytest.mark.parametrize("seed", range(3))
def test_a_killed_scoring_of_videos_goes_on(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work = Work()

    def scorer(frames: np.ndarray) -> float:
        work(int(frames.mean()))
        return frames.mean() / 300

    monkeypatch.setattr(talking_head, "load_scorer", lambda *_: scorer)
    monkeypatch.setattr(Video, "open", Opened)
    blank = {field.name: None for field in SOURCE["yt_cc_source"]}
    schema = SOURCE["yt_cc_source"]
    for number, field in enumerate(schema):
        schema = schema.set(number, field.with_nullable(True))

    def tasks(name: str) -> tuple[Store, Task]:
        store = new_store(tmp_path / name)
        rows = [blank | {"video_id": f"v{n}", "batch": "", "path": f"v{n}.mp4"} for n in range(45)]
        videos = write(store, "yt_cc_source", "a", rows, schema)
        asset = "talking_head_scores"
        config = {"model": "m", "scorer": "face-share"}
        return store, task_of(store, tmp_path, asset, "a", SCHEMAS[asset], config, [videos])

    resumed_alike(assets.talking_head_scores, work, tasks, seed)
