"""What runs because something happened: a new folder of videos, the end of a re-curation."""

import json
import os
from collections.abc import Iterator

import dagster as dg

from jobs.jobs import curate, select
from jobs.schedules import TICK, selection_requests
from livecc_assets.partitions import SOURCE_BATCHES
from livecc_assets.settings import load_settings

_UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


@dg.sensor(
    name="new_batches",
    job=curate,
    minimum_interval_seconds=60,
    description="Turns every new folder (or S3 prefix) of videos under LIVECC_INBOX into a source batch and curates it.",
)
def new_batches(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """A folder becomes a batch when its listing was the same at two ticks, so that a copy in progress is not cut short."""
    from livecc_assets.source.tasks import inbox_folders, listing_digest

    inbox = os.environ.get("LIVECC_INBOX")
    if not inbox:
        return dg.SkipReason("LIVECC_INBOX is not set; set it to a folder or s3:// prefix whose subfolders are batches")
    store = load_settings().store()
    known = set(store.batches())
    seen: dict[str, str] = json.loads(context.cursor or "{}")
    now = {name: listing_digest(uri) for name, uri in inbox_folders(inbox).items() if name not in known}
    ready = [name for name, listing in now.items() if seen.get(name) == listing]
    for name in ready:
        store.register_batch(name, {"uri": inbox_folders(inbox)[name], "captions": "optional"})
    waiting = {name: listing for name, listing in now.items() if name not in ready}
    return dg.SensorResult(
        run_requests=[dg.RunRequest(run_key=f"new-batch:{name}", partition_key=name) for name in ready],
        dynamic_partitions_requests=[SOURCE_BATCHES.build_add_request(ready)] if ready else [],
        cursor=json.dumps(waiting),
    )


def _select_when_all_ended(context: dg.RunStatusSensorContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
    tick = context.dagster_run.tags.get(TICK)
    if tick is None:
        yield dg.SkipReason("this run was not started by the recurate schedule")
        return
    running = context.instance.get_runs_count(dg.RunsFilter(job_name="curate", tags={TICK: tick}, statuses=_UNFINISHED))
    if running:
        yield dg.SkipReason(f"{running} batches of this re-curation are still running")
        return
    yield from selection_requests(tick)


def _ended(status: dg.DagsterRunStatus, name: str) -> dg.SensorDefinition:
    # A failed batch must not hold up the others, so both ends of a run count.
    return dg.run_status_sensor(
        run_status=status,
        name=name,
        monitored_jobs=[curate],
        request_jobs=[select],
        description="After the last batch of a re-curation, brings the selections up to date.",
    )(_select_when_all_ended)


SENSORS = [
    new_batches,
    _ended(dg.DagsterRunStatus.SUCCESS, "select_after_recurate"),
    _ended(dg.DagsterRunStatus.FAILURE, "select_after_failed_recurate"),
]
