"""Old runs in Dagster's database, with their events and logs. Ticks are purged by Dagster itself (``retention``)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg

from livecc_assets.core.environment import whole_number

#: Days after its end for which a run stays, and the variable that says another number.
RUN_DAYS, RUN_DAYS_VARIABLE = 90, "LIVECC_RUN_DAYS"
_ENDED_STATUSES = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
#: Records that are asked for at once.
_PAGE = 1000


@dataclass(frozen=True)
class OldRun:
    """A run that goes: its id, its job and when it ended, UTC."""

    run_id: str
    job: str
    ended: datetime


def run_days() -> int:
    """The days in force. Raises UserError when the environment holds no such number."""
    remedy = "write after how many days runs are deleted, from 1 to 36500"
    return whole_number(RUN_DAYS_VARIABLE, RUN_DAYS, remedy, 1, 36500)


def old_runs(instance: dg.DagsterInstance, days: float, delete: bool = False) -> Iterator[OldRun]:
    """Runs that ended so many days ago, oldest first; deleted with their events and logs when asked.

    A run that had the last word on a partition stays, however old: what it made is current, or what became of its attempt
    (it failed, somebody cancelled it) still holds. Dagster would call the partition missing, and automation begin anew.
    """
    for run in _ended(instance, datetime.now(UTC) - timedelta(days=days)):
        if delete:
            _delete(instance, run.run_id)
        yield run


def _ended(instance: dg.DagsterInstance, before: datetime) -> list[OldRun]:
    """All at once: a page begins after a run of the page before, which must not have been deleted meanwhile."""
    kept, found, cursor = _last_words(instance), list[OldRun](), None
    of_then = dg.RunsFilter(statuses=_ENDED_STATUSES, updated_before=before)
    while page := instance.get_run_records(of_then, limit=_PAGE, ascending=True, cursor=cursor):
        cursor = page[-1].dagster_run.run_id
        for record in page:
            run = record.dagster_run
            if run.run_id not in kept:
                found.append(OldRun(run.run_id, run.job_name, record.update_timestamp))
    return found


def _delete(instance: dg.DagsterInstance, run_id: str) -> None:
    instance.compute_log_manager.delete_logs(prefix=[run_id])
    instance.delete_run(run_id)
    # SQLite keeps the events of each run in a file of its own, which Dagster empties and leaves.
    if of_run := getattr(instance.event_log_storage, "path_for_shard", None):
        for ending in ("", "-wal", "-shm"):
            Path(of_run(run_id) + ending).unlink(missing_ok=True)


def _last_words(instance: dg.DagsterInstance) -> set[str]:
    """Ids of the runs that last made, or last tried to make, a partition of an asset."""
    storage, found = instance.event_log_storage, set[str]()
    for key in instance.get_asset_keys():
        attempts = storage.get_latest_asset_partition_materialization_attempts_without_materializations(key)
        found.update(run for run, _ in attempts.values())
        latest = list(
            storage.get_latest_storage_id_by_partition(key, dg.DagsterEventType.ASSET_MATERIALIZATION).values()
        )
        for start in range(0, len(latest), _PAGE):
            wanted = dg.AssetRecordsFilter(asset_key=key, storage_ids=latest[start : start + _PAGE])
            found.update(one.run_id for one in instance.fetch_materializations(wanted, limit=_PAGE).records)
        if last := instance.get_latest_materialization_event(key):  # of an asset without partitions
            found.add(last.run_id)
    return found
