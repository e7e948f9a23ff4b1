"""Steps of queued runs are forked from a process that has loaded the graph, unless a run's config says otherwise."""

import sys
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from resources.executor import executor_in_force


@dg.op
def look() -> bool:
    """Whether this step's process came with the graph loaded; nothing here imports it."""
    return "livecc_assets.definitions" in sys.modules


@dg.job(executor_def=executor_in_force(), resource_defs={"io_manager": dg.fs_io_manager})
def looking() -> None:
    look()


@pytest.mark.parametrize(
    ("config", "loaded"),
    [
        ({}, True),
        ({"multiprocess": {"max_concurrent": 1}}, True),
        ({"multiprocess": {"start_method": {"spawn": {}}}}, False),
    ],
)
def test_a_step_is_forked_with_the_graph_loaded_and_a_run_may_choose_another_way(
    config: dict[str, Any], loaded: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIVECC_HOME", str(tmp_path))
    quiet = {"telemetry": {"enabled": False}}
    run_config = {"execution": {"config": config}} if config else {}
    with (
        dg.DagsterInstance.local_temp(str(tmp_path), overrides=quiet) as instance,
        dg.execute_job(dg.reconstructable(looking), instance=instance, run_config=run_config) as result,
    ):
        assert result.success
        assert result.output_for_node("look") is loaded


def test_a_run_in_one_process_is_as_it_was(tmp_path: Path) -> None:
    config = {"execution": {"config": {"in_process": {}}}}
    with (
        dg.DagsterInstance.local_temp(str(tmp_path), overrides={"telemetry": {"enabled": False}}) as instance,
        dg.execute_job(dg.reconstructable(looking), instance=instance, run_config=config) as result,
    ):
        assert result.success
