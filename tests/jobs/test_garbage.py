"""The weekly collection deletes what is old and nameless, and nothing else."""

import os
import time
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pyarrow as pa
import pytest

from jobs.garbage import DAYS, collect_garbage, weekly_garbage
from jobs.history import weekly_purge
from livecc_assets.graph.settings import load_settings
from livecc_assets.store import registry
from livecc_assets.store.retirement import RETIRED_DAYS
from tests.artifacts import write


def test_old_bytes_without_a_manifest_go_and_young_ones_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVECC_HOME", str(tmp_path))
    monkeypatch.delenv("LIVECC_ROOT", raising=False)
    store = load_settings().store()
    store.claim()
    root = Path(store.root)
    for name, days in {"old.parquet": DAYS + 1, "young.parquet": DAYS - 1}.items():
        file = root / "toy" / "p" / "key" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"12345")
        then = time.time() - days * 86400
        os.utime(file, (then, then))
    with dg.DagsterInstance.ephemeral() as instance:
        result = collect_garbage.execute_in_process(instance=instance)
        said = [entry.user_message for entry in instance.all_logs(result.run_id)]
    assert "1 objects, 5 bytes deleted" in said
    assert [file.name for file in (root / "toy").rglob("*.parquet")] == ["young.parquet"]


def test_what_was_made_of_a_batch_that_was_retired_a_month_ago_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIVECC_HOME", str(tmp_path))
    monkeypatch.delenv("LIVECC_ROOT", raising=False)
    store = load_settings().store()
    for name, days in {"old": RETIRED_DAYS + 1, "young": RETIRED_DAYS - 1}.items():
        store.register_batch(name, {"uri": "/videos"})
        for asset in ("yt_cc_source", "live_cc"):
            write(store, asset, name, [{"video_id": "v"}], pa.schema([("video_id", pa.string())]))
        registry.retire(store.blobs, name)
        then = time.time() - days * 86400
        os.utime(Path(store.root, "_retired", name), (then, then))
    with dg.DagsterInstance.ephemeral() as instance:
        assert collect_garbage.execute_in_process(instance=instance).success
    assert store.current("yt_cc_source", "old") is None and store.current("yt_cc_source", "young")
    assert store.current("live_cc", "old"), "a selection that is called like a batch is none"


def test_old_runs_are_purged_by_the_clock_without_anyone_switching_it_on() -> None:
    sunday = datetime(2026, 1, 4, 4, tzinfo=UTC)
    request = weekly_purge(dg.build_schedule_context(scheduled_execution_time=sunday))
    assert isinstance(request, dg.RunRequest) and request.tags["livecc/by_itself"]
    assert weekly_purge.default_status == dg.DefaultScheduleStatus.RUNNING and weekly_purge.job_name == "purge_runs"


def test_it_is_asked_for_once_a_week() -> None:
    sunday = datetime(2026, 1, 4, 5, tzinfo=UTC)
    request = weekly_garbage(dg.build_schedule_context(scheduled_execution_time=sunday))
    assert isinstance(request, dg.RunRequest)
    assert request.run_key == sunday.isoformat()
