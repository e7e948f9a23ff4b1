"""Run the graph's jobs from the command line, in this process, on the same Dagster instance that the UI shows."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from livecc_assets.errors import UserError
from livecc_assets.settings import Settings

if TYPE_CHECKING:
    import dagster as dg

#: Dagster's own state: sqlite in the state folder, no telemetry, no invitation in front of the first page.
DAGSTER_YAML = """\
telemetry:
  enabled: false
nux:
  enabled: false
"""


def dagster_home(settings: Settings) -> Path:
    """Dagster's home inside the state folder, made when missing. An existing dagster.yaml is left alone."""
    folder = settings.home / "dagster"
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "dagster.yaml"
    if not config.exists():
        config.write_text(DAGSTER_YAML)
    return folder


@contextmanager
def open_instance(settings: Settings) -> "Iterator[dg.DagsterInstance]":
    """The persistent Dagster instance of the state folder (or of DAGSTER_HOME, when that is set)."""
    import dagster as dg

    os.environ.setdefault("DAGSTER_HOME", str(dagster_home(settings)))
    os.environ.setdefault("LIVECC_HOME", str(settings.home))
    with dg.DagsterInstance.get() as instance:
        yield instance


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
            found.append(
                f"{event.step_key.removeprefix('make_')}: {text or (error.message.strip() if error else 'failed')}"
            )
        elif event.event_type_value == "ASSET_CHECK_EVALUATION":
            check = event.asset_check_evaluation_data
            if not check.passed:
                found.append(
                    f"{check.asset_key.to_user_string()}: check {check.check_name} failed ({check.description})"
                )
    return found


def run_job(
    instance: "dg.DagsterInstance",
    name: str,
    partition: str | None = None,
    tags: dict[str, str] | None = None,
    only: list[str] | None = None,
) -> Outcome:
    """Run one job of the graph (or ``only`` some of its assets) to its end. Failures and failed checks are returned."""
    from dagster import AssetKey

    from livecc_assets.definitions import defs
    from livecc_assets.partitions import SOURCE_BATCHES

    started = time.monotonic()
    job = defs.resolve_job_def(name)
    if name == "curate" and partition and not instance.has_dynamic_partition(str(SOURCE_BATCHES.name), partition):
        instance.add_dynamic_partitions(str(SOURCE_BATCHES.name), [partition])
    try:
        result = job.execute_in_process(
            instance=instance,
            partition_key=partition,
            tags=tags,
            asset_selection=[AssetKey(asset) for asset in only] if only else None,
            raise_on_error=False,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
    except Exception as error:
        if type(error).__name__ == "DagsterUnknownPartitionError":
            raise UserError(f"{name}: no partition named {partition}; see `livecc status`") from None
        raise
    made, served = [], []
    for event in result.get_asset_materialization_events():
        materialization = event.step_materialization_data.materialization
        memoised = materialization.metadata["memoised"].value
        (served if memoised else made).append(materialization.asset_key.to_user_string())
    return Outcome(name, partition, made, served, _failures(result), time.monotonic() - started)
