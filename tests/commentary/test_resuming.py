"""A commentary whose worker was killed goes on with the next group of events, and says the same in the same order."""

from pathlib import Path
from typing import Any

import pytest

from livecc_assets.commentary import assets, benchmark
from livecc_assets.commentary.engine import Clip, Utterance
from livecc_assets.commentary.schemas import SCHEMAS
from livecc_assets.core.errors import MediaError
from livecc_assets.evaluation.schemas import SCHEMAS as EVALUATION
from livecc_assets.runtime.task import Task
from livecc_assets.store.store import Store
from tests.artifacts import new_store, task_of, write
from tests.commentary.test_worker import CONFIG, _checkpoint
from tests.killing import Work, resumed_alike


def events(count: int, path: str) -> list[dict[str, Any]]:
    blank = {field.name: None for field in EVALUATION["livesports_events"]}
    row = blank | {"video_id": "v", "batch": "", "path": path, "event_title": "Red shoots", "preasr_text": ""}
    row |= {"event_asr": "[]", "event_asr_text": "", "preasr": "[]"}
    return [row | {"event_id": n, "begin": 0.0, "end": 3.0 + n * 7 % 5} for n in range(count)]


def tasks_of(folder: Path, rows: list[dict[str, Any]], files: dict[str, Path], **config: Any):
    def tasks(name: str) -> tuple[Store, Task]:
        store = new_store(folder / name)
        inputs = [
            _checkpoint(store, files),
            write(store, "livesports_events", "all", rows, EVALUATION["livesports_events"]),
        ]
        asset = "livesports_commentary"
        return store, task_of(store, folder, asset, "x", SCHEMAS[asset], CONFIG | config, inputs)

    return tasks


@pytest.mark.parametrize("seed", range(4))
def test_a_killed_commentary_goes_on_with_the_same_groups_and_seeds(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of many events: what is said depends on the seed and on the company, as a sampled or a batched answer does."""
    work = Work()

    def comment(engine: object, clips: list[Clip], config: object, size: int, seeds: list[int]):
        for number in sorted(range(len(clips)), key=lambda n: -seeds[n]):  # they end in an order of their own
            work(seeds[number])
            if seeds[number] % 11 == 4:
                yield number, MediaError("undecodable", "broken")
            else:
                yield number, [Utterance(0.0, 1 / 3, f"{seeds[number]} among {sorted(seeds)}")]

    monkeypatch.setattr(benchmark, "load_engine", lambda *_: None)
    monkeypatch.setattr(benchmark, "checkpoint_folder", lambda *_: None)
    monkeypatch.setattr(benchmark, "comment_clips", comment)
    (tmp_path / "reference.json").write_text("{}")
    rows = events(100, "v.mp4")
    tasks = tasks_of(tmp_path, rows, {"reference.json": tmp_path / "reference.json"}, batch_size=3)
    # a group with a broken video is made again as a whole: it is not known to be broken for ever
    whole, made = resumed_alike(assets.livesports_commentary, work, tasks, seed, loss=3 * 9)
    assert list(made.rows()) == list(whole.rows())
    assert whole.count == 91 and made.manifest.metadata["seconds_of_video"] == sum(r["end"] for r in rows)


def test_a_real_model_says_the_same_after_a_kill(
    video: Path, model_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work, comment = Work(), benchmark.comment_events

    def noted(engine: Any, some: Any, *about: Any):
        for row in comment(engine, some, *about):
            if isinstance(row, dict):
                work(row["event_id"])
            yield row

    monkeypatch.setattr(benchmark, "comment_events", noted)
    files = {path.name: path for path in model_folder.iterdir()}
    config = {"sample": True, "temperature": 1.0, "seed": 7}
    whole, _ = resumed_alike(
        assets.livesports_commentary, work, tasks_of(tmp_path, events(12, str(video)), files, **config), 3
    )
    assert whole.count == 12 and len({row["pred"] for row in whole.rows()}) > 6


def test_the_speed_that_is_told_is_that_of_the_events_that_were_commented(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def comment(engine: object, clips: list[Clip], *_: object):
        yield from ((number, []) for number in range(len(clips)))

    monkeypatch.setattr(benchmark, "load_engine", lambda *_: None)
    monkeypatch.setattr(benchmark, "checkpoint_folder", lambda *_: None)
    monkeypatch.setattr(benchmark, "comment_clips", comment)
    (tmp_path / "reference.json").write_text("{}")
    tasks = tasks_of(tmp_path, events(5, "v.mp4"), {"reference.json": tmp_path / "reference.json"})
    assets.livesports_commentary(tasks("x")[1])
    _, again = tasks("x")
    assets.livesports_commentary(again)
    assert again.writer.metadata["times_real_time"] is None, "all was served"
    assert again.writer.commit().rows == 5
