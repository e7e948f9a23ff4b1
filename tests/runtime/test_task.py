"""What a step is given, and what it says of its progress."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from livecc_assets.runtime import progress
from livecc_assets.runtime.progress import Progress
from livecc_assets.store.manifest import Manifest, StoredFile, Upstream, digest
from livecc_assets.store.store import Store
from tests.artifacts import new_store, task_of

SCHEMA = pa.schema([("n", pa.int64())])


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(progress, "time", found)
    return found


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return new_store(tmp_path)


def test_a_tasks_videos_lie_in_their_batch_or_in_the_folder_that_its_config_names(store: Store, tmp_path: Path) -> None:
    store.register_batch("a", {"uri": "/videos"})

    def address(config: dict[str, Any], batch: str) -> str:
        return task_of(store, tmp_path, "x", "p", SCHEMA, config).videos.address({"batch": batch, "path": "c.mp4"})

    assert address({"videos": "/bench"}, "a") == "/videos/c.mp4"
    assert address({"videos": "/bench"}, "") == "/bench/c.mp4"
    assert address({"videos": ""}, "") == address({}, "") == "c.mp4"


def test_a_step_that_ends_at_once_says_nothing(clock: Clock) -> None:
    said: list[str] = []
    report = Progress("x[a]", said.append)
    for done in range(5):
        clock.now += 0.4
        report(done, 5)
    assert said == []


def test_a_long_step_says_a_line_every_five_seconds_and_one_at_the_end(clock: Clock) -> None:
    said: list[str] = []
    report = Progress("x[a]", said.append)
    for done in range(1, 21):
        clock.now += 1
        report(done, 20, "clips")
    assert said == [
        "x[a]: 5/20 clips (5 s, 15 s left)",
        "x[a]: 10/20 clips (10 s, 10 s left)",
        "x[a]: 15/20 clips (15 s, 5 s left)",
        "x[a]: 20/20 clips (20 s)",
    ]


def test_an_estimate_does_not_count_what_went_before_the_work(clock: Clock) -> None:
    said: list[str] = []
    report = Progress("x[a]", said.append, quiet_for=0)
    clock.now = 30
    report(0, 10)
    clock.now = 36
    report(2, 10)
    assert said[-1] == "x[a]: 2/10 (36 s, 24 s left)"


def test_a_line_tells_numbers_and_does_without_a_total(clock: Clock) -> None:
    said: list[str] = []
    report = Progress("x[a]", said.append, quiet_for=0)
    clock.now = 6
    report(7, None, "", loss=1.23456, rate=2e-05)
    assert said == ["x[a]: 7 loss=1.235 rate=2e-05 (6 s)"]


def test_progress_is_told_under_the_name_of_asset_and_partition(
    store: Store, tmp_path: Path, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    task = task_of(store, tmp_path, "caption_clips", "a", SCHEMA, {})
    clock.now = 8
    task.progress(2, 4, "videos")
    assert capsys.readouterr().err == "caption_clips[a]: 2/4 videos (8 s, 8 s left)\n"


# -- what the manifest tells ---------------------------------------------------------------------------------------------


def _manifest(**changes: Any) -> Manifest:
    about: dict[str, Any] = {
        "asset": "x", "partition": "a", "input_key": "k", "attempt": "1", "code_version": "1", "config": {"b": [1]},
        "files": [StoredFile("rows", "x/1", 3, "s1"), StoredFile("more", "x/2", 4, "s2")],
        "upstream": [Upstream("y", "a", "k", "v")],
    }  # fmt: skip
    return Manifest(**about | changes)


def test_a_manifest_is_read_as_it_was_written() -> None:
    made = _manifest(reasons={"error:x": 1}, checks={"error_share": False}, contents={"list": "c"}, seconds=1.5)
    assert Manifest.from_json(made.to_json()) == made
    assert not made.passed
    assert _manifest().passed


def test_equal_content_has_an_equal_version_whoever_wrote_it_and_in_what_order() -> None:
    files = _manifest().files
    moved = [StoredFile(one.name, f"elsewhere/{one.name}", one.size, one.sha256) for one in reversed(files)]
    assert _manifest(files=moved, attempt="2", config={}).data_version == _manifest().data_version
    renamed = [StoredFile("others", files[0].key, 3, "s1"), files[1]]
    assert _manifest(files=renamed).data_version != _manifest().data_version


@pytest.mark.parametrize(
    ("about", "share"),
    [
        ({"rows": 6, "rejected": 4, "reasons": {"error:a": 1, "error:b": 1, "filtered:c": 2}}, 0.2),
        ({"rows": 0, "rejected": 0}, 0.0),
        ({"rejected": 2, "reasons": {"error:a": 2}}, 1.0),
        ({"rejected": 2, "reasons": {"error:a": 2}, "metadata": {"samples": 40}}, 0.05),
    ],
)
def test_only_errors_count_of_all_that_came_out(about: dict[str, Any], share: float) -> None:
    assert _manifest(**about).error_share == pytest.approx(share)


def test_a_digest_goes_by_values_and_not_by_the_order_of_keys() -> None:
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    assert digest("ab") != digest("a", "b") != digest(["a", "b"])
    assert digest(1) != digest("1")
