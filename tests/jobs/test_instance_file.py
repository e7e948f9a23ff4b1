"""The dagster.yaml that comes into a new state folder: Dagster takes it, and it says what its comments promise."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
import yaml

from livecc_assets.core.processes import PROCESS, is_gone, this_process
from livecc_assets.graph.settings import Settings, load_settings
from livecc_assets.orchestration.runs import INSTANCE, dagster_home, open_instance, run_job


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name in ("DAGSTER_HOME", "LIVECC_HOME"):  # so that what is set meanwhile goes with the test
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    return load_settings(tmp_path)


@pytest.fixture
def instance(settings: Settings) -> Iterator[dg.DagsterInstance]:
    """As webserver, daemon and queued runs see it."""
    with dg.DagsterInstance.from_config(str(dagster_home(settings))) as made:
        yield made


def test_a_new_state_folder_gets_the_shipped_file_and_one_that_is_there_is_left_alone(settings: Settings) -> None:
    file = dagster_home(settings) / "dagster.yaml"
    assert file.read_text("utf-8") == INSTANCE.read_text("utf-8")
    file.write_text("telemetry: {enabled: false}\n")
    assert dagster_home(settings) == file.parent
    assert file.read_text("utf-8") == "telemetry: {enabled: false}\n"
    assert [one.name for one in file.parent.iterdir()] == ["dagster.yaml"]


def test_dead_runs_are_noticed_and_started_again_once(instance: dg.DagsterInstance) -> None:
    assert instance.run_monitoring_enabled
    assert instance.run_monitoring_max_resume_run_attempts == 0
    assert instance.run_monitoring_settings["free_slots_after_run_end_seconds"] == 30
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
    written = yaml.safe_load(INSTANCE.read_text("utf-8"))
    written["run_monitoring"]["start_timeout"] = 1
    (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(written))
    with pytest.raises(dg.DagsterInvalidConfigError):
        dg.DagsterInstance.from_config(str(tmp_path))


@dg.multi_asset(specs=[dg.AssetSpec("scored")], pool="gpu")
def scored() -> Iterator[dg.MaterializeResult]:
    yield dg.MaterializeResult()


def _occupy(instance: dg.DagsterInstance) -> None:
    storage = instance.event_log_storage
    storage.set_concurrency_slots("gpu", 1)
    assert storage.claim_concurrency_slot("gpu", "a-run-of-the-queue", "step").is_claimed


@pytest.mark.parametrize(
    "text", [None, "", "concurrency: {pools: {granularity: op}}\n"], ids=["ours", "empty", "pools"]
)
def test_a_run_in_the_commands_own_process_neither_waits_for_a_slot_nor_takes_one(
    settings: Settings, text: str | None
) -> None:
    file = dagster_home(settings) / "dagster.yaml"
    if text is not None:
        file.write_text(text)
    with dg.DagsterInstance.from_config(str(file.parent)) as instance:
        _occupy(instance)
    with open_instance(settings) as instance:
        assert dg.materialize([scored], instance=instance).success
        (slot,) = instance.event_log_storage.get_concurrency_info("gpu").claimed_slots
        assert slot.run_id == "a-run-of-the-queue"


def test_a_queued_run_takes_a_slot_and_gives_it_back(instance: dg.DagsterInstance) -> None:
    assert dg.materialize([scored], instance=instance).success
    found = instance.event_log_storage.get_concurrency_info("gpu")
    assert (found.slot_count, found.active_slot_count) == (1, 0), (
        "the default limit was put in force, and nothing is held"
    )


def _interrupted_in(place: str) -> dg.Definitions:
    """A job that a signal meets before, in or after its only step."""

    def interrupt() -> None:
        os.kill(os.getpid(), signal.SIGINT)

    @dg.resource
    def server() -> None:
        if place == "before":
            interrupt()

    @dg.success_hook
    def later(context: dg.HookContext) -> None:
        interrupt()

    @dg.asset(required_resource_keys={"server"})
    def waits() -> None:
        if place == "in":
            interrupt()
            time.sleep(30)

    hooks = {later} if place == "after" else None
    job = dg.define_asset_job("curate", [waits], hooks=hooks)
    return dg.Definitions([waits], jobs=[job], resources={"server": server})


@pytest.mark.parametrize("place", ["before", "in", "after"])
def test_ctrl_c_ends_the_command_and_not_its_step_alone(settings: Settings, place: str) -> None:
    with open_instance(settings) as instance:
        with pytest.raises(KeyboardInterrupt):
            run_job(_interrupted_in(place), instance, "curate")
        (run,) = instance.get_runs()
        assert run.is_finished


DIE = """
import os, signal, sys
from pathlib import Path
import dagster as dg
from livecc_assets.core.processes import PROCESS, this_process
from livecc_assets.orchestration.runs import open_instance
from livecc_assets.graph.settings import load_settings

@dg.asset
def fatal():
    os.kill(os.getpid(), signal.SIGKILL)

with open_instance(load_settings(Path(sys.argv[1]))) as instance:
    dg.materialize([fatal], instance=instance, tags={PROCESS: this_process()})
"""


def test_a_run_whose_process_was_killed_counts_as_failed_the_next_time_and_a_living_one_does_not(
    settings: Settings,
) -> None:
    subprocess.run([sys.executable, "-W", "ignore", "-c", DIE, str(settings.home)], check=False, timeout=120)
    with dg.DagsterInstance.from_config(str(dagster_home(settings))) as instance:
        (killed,) = instance.get_runs()
        assert killed.status == dg.DagsterRunStatus.STARTED, "nobody could tell"
        mine = instance.create_run_for_job(_job(), tags={PROCESS: this_process()}, status=dg.DagsterRunStatus.STARTED)
        other = instance.create_run_for_job(_job(), status=dg.DagsterRunStatus.STARTED)
    with open_instance(settings) as instance:
        states = {run.run_id: run.status for run in instance.get_runs()}
    assert states == {
        killed.run_id: dg.DagsterRunStatus.FAILURE,
        mine.run_id: dg.DagsterRunStatus.STARTED,
        other.run_id: dg.DagsterRunStatus.STARTED,
    }


def _job() -> dg.JobDefinition:
    return dg.Definitions([scored]).resolve_implicit_global_asset_job_def()


def test_a_process_is_known_by_more_than_its_number() -> None:
    host, boot, pid, started = this_process().split(" ")
    assert not is_gone(this_process())
    assert is_gone(f"{host} {boot} {pid} {int(started) - 1}"), "the number was given away again"
    assert is_gone(f"{host} an-earlier-boot {pid} {started}")
    assert not is_gone(f"elsewhere {boot} {pid} {started}"), "who can tell?"
    assert not is_gone("")
