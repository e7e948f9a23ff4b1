"""Steps of queued runs are forked from a process that has loaded the graph, unless a run's config says otherwise."""

import multiprocessing
import multiprocessing.forkserver
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from livecc_assets.orchestration.early import start_fork_server
from resources.executor import executor_in_force


@dg.op
def look() -> bool:
    """Whether this step's process came with the graph loaded; nothing here imports it."""
    return "livecc_assets.definitions" in sys.modules


@dg.op
def process_of_step() -> int:
    """The process that executes this step."""
    return os.getpid()


@dg.job(executor_def=executor_in_force(), resource_defs={"io_manager": dg.fs_io_manager})
def looking() -> None:
    look()
    process_of_step()


@dg.job(executor_def=executor_in_force(), resource_defs={"io_manager": dg.fs_io_manager})
def alone() -> None:
    process_of_step()


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


@pytest.mark.parametrize(("config", "own"), [({}, True), ({"multiprocess": {"max_concurrent": 1}}, False)])
def test_a_step_that_is_the_only_one_takes_no_process_of_its_own_unless_the_run_says_so(
    config: dict[str, Any], own: bool, tmp_path: Path
) -> None:
    run_config = {"execution": {"config": config}} if config else {}
    with (
        dg.DagsterInstance.local_temp(str(tmp_path), overrides={"telemetry": {"enabled": False}}) as instance,
        dg.execute_job(dg.reconstructable(alone), instance=instance, run_config=run_config) as result,
    ):
        assert (result.output_for_node("process_of_step") == os.getpid()) is own


def test_a_run_in_one_process_is_as_it_was(tmp_path: Path) -> None:
    config = {"execution": {"config": {"in_process": {}}}}
    with (
        dg.DagsterInstance.local_temp(str(tmp_path), overrides={"telemetry": {"enabled": False}}) as instance,
        dg.execute_job(dg.reconstructable(looking), instance=instance, run_config=config) as result,
    ):
        assert result.success


def fork_server() -> int:
    """The process from which this one's steps would be forked; 0 where there is none after asking for it early."""
    start_fork_server()
    found = vars(multiprocessing.forkserver._forkserver)["_forkserver_pid"]
    return found or 0


@pytest.mark.parametrize(("executor", "starts"), [("", True), ("processes", True), ("pods", False)])
def test_only_the_process_of_a_run_starts_the_fork_server_early(
    executor: str, starts: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIVECC_EXECUTOR", executor)
    monkeypatch.setattr(multiprocessing.forkserver.ForkServer, "ensure_running", lambda _: pytest.fail("here"))
    fork_server()  # a server of code is nobody's child
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as run:
        assert (run.submit(fork_server).result(60) > 0) is starts
