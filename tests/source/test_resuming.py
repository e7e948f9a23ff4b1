"""A batch whose reading was killed is read on: no video is opened twice, and ids are told apart as before."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from livecc_assets.runtime.task import Task
from livecc_assets.source import ingest
from livecc_assets.source.assets import yt_cc_source
from livecc_assets.source.ingest import named, scan
from livecc_assets.source.schemas import SCHEMAS
from livecc_assets.store.parts import mark
from livecc_assets.store.store import Store
from tests.artifacts import new_store, task_of
from tests.killing import Work, resumed_alike
from tests.source.conftest import CONFIG


@pytest.fixture
def full(batch):
    for number in range(24):
        about = {"id": f"id{number % 22}", "title": f"Match {number}", "language": "en"}
        about |= {"subtitles": {"en": [], "de": [], "fr": []}, "automatic_captions": {"en-orig": [], "es": []}}
        batch.video(f"m{number:02}.mp4", captions=number % 5 != 4, info=about if number % 3 else {})
    batch.write("notes.txt", "x")
    return batch


@pytest.mark.parametrize("seed", range(3))
def test_a_killed_reading_of_a_batch_goes_on(full, seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work, probe = Work(), ingest.probe

    def noted(uri: str):
        work(uri)
        return probe(uri)

    monkeypatch.setattr(ingest, "probe", noted)

    def tasks(name: str) -> tuple[Store, Task]:
        store = new_store(tmp_path / name)
        if "a" not in store.batches():
            store.register_batch("a", {"uri": str(full.folder)})
        config = CONFIG | {"category": "Sports"}
        return store, task_of(store, tmp_path, "yt_cc_source", "a", SCHEMAS["yt_cc_source"], config)

    whole, _ = resumed_alike(yt_cc_source, work, tasks, seed)
    assert {row["category"] for row in whole.rows()} == {"Sports"}
    assert "filtered:duplicate_id" in whole.manifest.reasons and "filtered:no_captions" in whole.manifest.reasons


def test_what_a_video_is_known_by_is_the_same_in_every_process(full) -> None:
    """Sets, whose order differs from process to process, would make every video look new."""
    code = (
        "import json, sys; from livecc_assets.source.ingest import named, scan; from livecc_assets.store.parts import mark;"
        "print(json.dumps([mark(n, [one]).decode() for n, one in enumerate(named(scan(sys.argv[1])))]))"
    )
    here = [mark(number, [one]).decode() for number, one in enumerate(named(scan(str(full.folder))))]
    for seed in ("1", "2"):
        found = subprocess.run(
            [sys.executable, "-c", code, str(full.folder)],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        )
        assert json.loads(found.stdout) == here
