"""Run the graph's jobs from the command line, in this process, on the same Dagster instance that the UI shows."""

import os
import shutil
import signal
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from livecc_assets.core.errors import UserError
from livecc_assets.core.folders import writable
from livecc_assets.core.processes import PROCESS, is_elsewhere, is_gone, ran_at, this_process
from livecc_assets.graph.settings import SHIPPED, Settings, load_settings

if TYPE_CHECKING:
    import dagster as dg

#: Dagster's settings in a new state folder.
INSTANCE = SHIPPED / "instance" / "dagster.yaml"


def dagster_home(settings: Settings) -> Path:
    """Dagster's home inside the state folder, made when missing. An existing dagster.yaml is left alone."""
    folder = writable(settings.home / "dagster")
    config = folder / "dagster.yaml"
    if not config.exists():
        staged = config.with_name(f"{config.name}.{os.getpid()}")
        shutil.copyfile(INSTANCE, staged)
        staged.replace(config)
    return folder


def has_instance(settings: Settings) -> bool:
    """Whether there is a Dagster instance that ``open_instance`` would open, not make."""
    return "DAGSTER_HOME" in os.environ or (settings.home / "dagster" / INSTANCE.name).is_file()


def _instance_file(folder: Path) -> dict[str, Any]:
    file = folder / "dagster.yaml"
    return (yaml.safe_load(file.read_text("utf-8")) if file.is_file() else None) or {}


def _without_pools(folder: Path) -> dict[str, Any]:
    """Settings that differ in a process which executes its runs itself: its steps take no slot of a pool.

    They run one after the other, and whoever started the process decided how many of it there are. Dagster's in-process
    executor would keep a core busy while it waits for a slot, and a process that is killed would keep its slots.
    """
    said = _instance_file(folder)
    concurrency = said.get("concurrency") or {}
    older = (said.get("run_coordinator") or {}).get("config") or said.get("run_queue")
    if (
        older or "default_op_concurrency_limit" in concurrency
    ):  # older ways to say it, which Dagster does not mix with pools
        return {}
    # "run" leaves limits to the queue, which these runs do not go through.
    return {"concurrency": concurrency | {"pools": (concurrency.get("pools") or {}) | {"granularity": "run"}}}


@contextmanager
def open_instance(settings: Settings) -> "Iterator[dg.DagsterInstance]":
    """The persistent Dagster instance of the state folder (or of DAGSTER_HOME, when that is set)."""
    import dagster as dg

    from livecc_assets.orchestration.private import InstanceRef

    if "DAGSTER_HOME" not in os.environ:
        os.environ["DAGSTER_HOME"] = str(dagster_home(settings))
    os.environ.setdefault("LIVECC_HOME", str(settings.home))
    home = Path(os.environ["DAGSTER_HOME"]).expanduser()
    if not home.is_dir():
        raise UserError(f"DAGSTER_HOME={home}: no such folder; make it, or unset DAGSTER_HOME")
    if not _instance_file(home).keys() & {
        "storage",
        "run_storage",
    }:  # else a server keeps them: the home may be read-only
        writable(home)
    reference = InstanceRef.from_dir(str(home.resolve()), overrides=_without_pools(home))
    with dg.DagsterInstance.from_ref(reference) as instance:
        end_dead_runs(instance)
        yield instance


def end_dead_runs(instance: "dg.DagsterInstance") -> None:
    """Mark as failed the runs whose process was killed: nobody else does, and the queue would count them for ever."""
    import dagster as dg

    for run in instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])):
        if is_gone(run.tags.get(PROCESS, "")):
            instance.report_run_failed(
                run, "The process that executed this run has ended without a report; it was probably killed."
            )


def runs_of_earlier_servers(instance: "dg.DagsterInstance", alone: bool = False) -> list[str]:
    """Ids of the runs that a code server started whose processes are gone with it.

    A living server tells the end of its runs itself, and Dagster's monitoring cannot look after processes: a run whose server
    was killed, or whose machine was switched off, would hold its place in the queue for ever. To be called where the code
    server runs, before it starts, for process numbers are compared. ``alone``: everything that executes runs of this instance
    is in this container, so that runs of the ``livecc`` command in an earlier container are over, too.
    """
    import dagster as dg

    from livecc_assets.orchestration.private import GRPC_INFO_TAG

    over: list[str] = []
    for run in instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])):
        if GRPC_INFO_TAG in run.tags:  # launched by DefaultRunLauncher; runs in pods have no such tag
            if not _is_executed(instance, run.run_id):
                over.append(run.run_id)
        elif alone and is_elsewhere(run.tags.get(PROCESS, "")):
            over.append(run.run_id)
    return over


def end_left_runs(instance: "dg.DagsterInstance", ids: list[str]) -> None:
    """Mark these runs as failed where they have not ended meanwhile.

    Where ``run_retries`` is on, the daemon starts them again, once: only while the code server answers it.
    """
    import dagster as dg

    for run in instance.get_runs(dg.RunsFilter(run_ids=ids, statuses=[dg.DagsterRunStatus.STARTED])) if ids else []:
        instance.report_run_failed(
            run, "The code server that executed this run was stopped or killed, and the run with it."
        )


def pass_cancels_on(instance: "dg.DagsterInstance", sessions: Collection[int]) -> None:
    """Interrupt cancelled runs whose code server is gone, as that would: the one that is there now knows nothing of them.

    ``sessions``: the process numbers of such servers, each of which began a session of its own.
    """
    import dagster as dg

    for run in instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.CANCELING])):
        with suppress(ProcessLookupError):
            if (process := _process_of(instance, run.run_id)) and os.getsid(process) in sessions:
                os.kill(process, signal.SIGINT)


def _is_executed(instance: "dg.DagsterInstance", run_id: str) -> bool:
    """Whether a process that said it executes the run is still there."""
    return _process_of(instance, run_id) is not None


def _process_of(instance: "dg.DagsterInstance", run_id: str) -> int | None:
    """The number of the living process that said it executes the run."""
    import dagster as dg

    for entry in instance.all_logs(run_id, of_type=dg.DagsterEventType.ENGINE_EVENT):
        event = entry.dagster_event
        if event is None or event.event_specific_data is None or event.step_key is not None:
            continue  # a process of a step, which may outlive its run
        pid = event.engine_event_data.metadata.get("pid")
        # A run's process reports its number before the run counts as started.
        if pid is not None and ran_at(int(str(pid.value)), entry.timestamp):
            return int(str(pid.value))
    return None


@dataclass(frozen=True)
class Outcome:
    """What one job did: assets made, assets served from the store, and why it failed, if it did."""

    job: str
    partition: str | None
    made: list[str]
    served: list[str]
    failures: list[str]
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether every step ended well."""
        return not self.failures

    def line(self) -> str:
        """One line for the terminal."""
        where = f" {self.partition}" if self.partition else ""
        did = f"made {len(self.made)}" if self.made else "recomputed nothing"
        served = f", {len(self.served)} already stood" if self.served else ""
        state = "" if self.ok else "  FAILED: " + " | ".join(self.failures)
        return f"{self.job}{where}: {did}{served} ({self.seconds:.1f} s){state}"


def _failures(result: Any) -> list[str]:
    found: list[str] = []
    for event in result.all_events:
        if event.is_step_failure:
            data = event.step_failure_data
            text = data.user_failure_data.description if data.user_failure_data else None
            error = data.error
            while error is not None and error.cause is not None:
                error = error.cause
            found.append(f"{event.step_key}: {text or (error.message.strip() if error else 'failed')}")
        elif event.event_type_value == "ASSET_CHECK_EVALUATION":
            check = event.asset_check_evaluation_data
            if not check.passed:
                found.append(
                    f"{check.asset_key.to_user_string()}: check {check.check_name} failed ({check.description})"
                )
    return found


def _was_interrupted(result: Any) -> bool:
    """Whether a signal or a cancel ended the run, in a step, before the first one or after the last."""
    from dagster import DagsterEventType

    from livecc_assets.orchestration.private import RunFailureReason

    ends = {event.event_type: event for event in result.all_events if event.is_job_event}
    failure = ends.get(DagsterEventType.RUN_FAILURE)
    return DagsterEventType.RUN_CANCELED in ends or (
        failure is not None and failure.job_failure_data.failure_reason == RunFailureReason.UNEXPECTED_TERMINATION
    )


def run_job(
    definitions: "dg.Definitions",
    instance: "dg.DagsterInstance",
    name: str,
    partition: str | None = None,
    tags: dict[str, str] | None = None,
    only: list[str] | None = None,
) -> Outcome:
    """Run one job of the definitions (or ``only`` some of its assets) to its end. Failures and failed checks are returned.

    Raises UserError for a batch that the store does not know, KeyboardInterrupt when a signal or a cancel ended it.
    """
    from dagster import AssetKey

    from livecc_assets.orchestration.partitions import SOURCE_BATCHES

    started = time.monotonic()
    job = definitions.resolve_job_def(name)
    if name == "select" and only is None and (selection := load_settings().selections.get(partition or "")):
        only = selection.sets  # a selection may lack one of the two
    if name == "curate" and partition and not instance.has_dynamic_partition(str(SOURCE_BATCHES.name), partition):
        load_settings().store().batch(partition)  # a mistyped name must not stay behind as a partition
        instance.add_dynamic_partitions(str(SOURCE_BATCHES.name), [partition])
    try:
        result = job.execute_in_process(
            instance=instance,
            partition_key=partition,
            # Whoever started this process runs it again; the daemon could not.
            tags=(tags or {}) | {PROCESS: this_process(), "dagster/max_retries": "0"},
            asset_selection=[AssetKey(asset) for asset in only] if only else None,
            raise_on_error=False,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
    except Exception as error:
        if type(error).__name__ == "DagsterUnknownPartitionError":
            why = load_settings().why_invalid(partition) if partition else None
            raise UserError(why or f"{name}: no partition named {partition}; see `livecc status`") from None
        raise
    if _was_interrupted(result):
        raise KeyboardInterrupt
    made, served = [], []
    for event in result.get_asset_materialization_events():
        materialization = event.step_materialization_data.materialization
        memoised = materialization.metadata["memoised"].value
        (served if memoised else made).append(materialization.asset_key.to_user_string())
    return Outcome(name, partition, made, served, _failures(result), time.monotonic() - started)
