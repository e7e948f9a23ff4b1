"""One tick of a sensor or schedule as Dagster's code server evaluates it; a helper of tests."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
from dagster._core.definitions.schedule_definition import ScheduleExecutionData
from dagster._core.definitions.sensor_definition import SensorExecutionData
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.remote_representation.external_data import ScheduleExecutionErrorSnap, SensorExecutionErrorSnap
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._grpc.impl import get_external_schedule_execution, get_external_sensor_execution

from livecc_assets.definitions import defs

#: A Monday at three.
MONDAY = datetime(2026, 11, 23, 3, tzinfo=UTC)
#: Key of a tick's log in the instance's folder.
LOG = ["ticks", "log"]


class TickError(Exception):
    """A tick that failed, with the text that Dagster keeps of it."""


@contextmanager
def persistent_instance(home: Path) -> Iterator[dg.DagsterInstance]:
    """An instance whose databases and logs lie in ``home``/dagster."""
    folder = home / "dagster"
    folder.mkdir(parents=True)
    (folder / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    with dg.DagsterInstance.from_config(str(folder)) as made:
        yield made


def schedule_tick(instance: dg.DagsterInstance, name: str) -> ScheduleExecutionData:
    """The runs that the daemon is told to start, or why none; TickError with what it records instead."""
    repository, at = defs.get_repository_def(), MONDAY.timestamp()
    found = get_external_schedule_execution(repository, instance.get_ref(), name, at, "UTC", LOG)
    if isinstance(found, ScheduleExecutionErrorSnap):
        raise TickError(found.error.to_string() if found.error else "")
    return found


def sensor_tick(instance: dg.DagsterInstance, name: str, cursor: str | None = None) -> SensorExecutionData:
    """Runs, partitions and the new cursor, or why none; TickError with what the daemon records instead."""
    origin = InProcessCodeLocationOrigin(LoadableTargetOrigin(module_name="livecc_assets.definitions"))
    found = get_external_sensor_execution(
        defs.get_repository_def(), origin, instance.get_ref(), name, None, None, cursor, LOG, None
    )
    if isinstance(found, SensorExecutionErrorSnap):
        raise TickError(found.error.to_string() if found.error else "")
    return found
