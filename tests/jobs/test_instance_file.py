"""The documented dagster.yaml is one that Dagster takes, and it says what its comments promise."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
import yaml

FILE = Path(__file__).parents[2] / "docs" / "dagster.yaml"


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    (tmp_path / "dagster.yaml").write_text(FILE.read_text("utf-8"))
    with dg.DagsterInstance.from_config(str(tmp_path)) as made:
        yield made


def test_dead_runs_are_noticed_and_started_again_once(instance: dg.DagsterInstance) -> None:
    assert instance.run_monitoring_enabled
    assert instance.run_monitoring_max_resume_run_attempts == 0
    assert instance.run_retries_enabled
    assert instance.run_retries_max_retries == 1
    assert instance.run_retries_retry_on_asset_or_op_failure is False


def test_runs_queue_and_pools_are_limited_step_by_step(instance: dg.DagsterInstance) -> None:
    found = instance.get_concurrency_config()
    assert found.run_queue_config is not None
    assert found.run_queue_config.max_concurrent_runs == 2
    assert found.pool_config.default_pool_limit == 1
    assert str(found.pool_config.pool_granularity) == "PoolGranularity.OP"
    assert instance.event_log_storage.supports_global_concurrency_limits


def test_nothing_is_told_to_anyone(instance: dg.DagsterInstance) -> None:
    assert instance.telemetry_enabled is False


def test_a_misspelt_setting_would_be_refused(tmp_path: Path) -> None:
    settings = yaml.safe_load(FILE.read_text("utf-8"))
    settings["run_monitoring"]["start_timeout"] = 1
    (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(settings))
    with pytest.raises(dg.DagsterInvalidConfigError):
        dg.DagsterInstance.from_config(str(tmp_path))
