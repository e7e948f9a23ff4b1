"""The weekly collection deletes what is old and nameless, and nothing else."""

import os
import time
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from jobs.garbage import DAYS, collect_garbage, weekly_garbage
from livecc_assets.graph.settings import load_settings


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


def test_it_is_asked_for_once_a_week() -> None:
    sunday = datetime(2026, 1, 4, 5, tzinfo=UTC)
    request = weekly_garbage(dg.build_schedule_context(scheduled_execution_time=sunday))
    assert isinstance(request, dg.RunRequest)
    assert request.run_key == sunday.isoformat()
