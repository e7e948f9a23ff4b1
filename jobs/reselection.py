"""The end of a re-curation: when its last batch has ended, the selections follow."""

import json

import dagster as dg

from jobs.guard import without_secrets
from jobs.jobs import curate, select
from jobs.requests import UNFINISHED
from jobs.schedules import TICK, selection_requests

#: Re-curations whose ends are watched, the newest ones: about a quarter of Mondays. Who runs a batch of an older one again
#: has the selections follow with the schedule ``reselect``.
WATCHED = 12

#: A batch that failed or was cancelled holds up no other, so every end of a run counts.
_ENDED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]


def _ticks(instance: dg.DagsterInstance) -> list[str]:
    """The ticks of ``recurate`` that are watched, oldest first; their names are times."""
    found = {value for _, values in instance.get_run_tags([TICK]) for value in values}
    return sorted(found)[-WATCHED:]


def _last_ended(instance: dg.DagsterInstance, tick: str) -> str | None:
    """The run of the re-curation that ended last."""
    of_tick = dg.RunsFilter(job_name=curate.name, tags={TICK: tick}, statuses=_ENDED)
    return next((one.dagster_run.run_id for one in instance.get_run_records(of_tick, 1, order_by="end_time")), None)


def _unfinished(instance: dg.DagsterInstance, job: str, ticks: list[str]) -> int:
    return instance.get_runs_count(dg.RunsFilter(job_name=job, tags={TICK: ticks}, statuses=UNFINISHED))


def _followed(cursor: str | None) -> dict[str, str] | None:
    """By tick the run whose end the selections have followed; None where the sensor has noted none yet."""
    found = json.loads(cursor or "{}").get("followed")
    return found if isinstance(found, dict) else None


@dg.sensor(
    name="select_after_recurate",
    job=select,
    minimum_interval_seconds=60,
    description="When the last batch of a re-curation has ended (well, badly or cancelled), brings the selections up to date; "
    "again when a batch of it was run once more.",
)
@without_secrets
def select_after_recurate(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """One select run for each selection that is not up to date, once for each end of a re-curation.

    It polls instead of reacting to the ends one by one: success, failure and cancellation are three sensors to Dagster,
    which would find the last two runs ended at the same time and both select; and each would take one run a tick.
    """
    instance, before = context.instance, _followed(context.cursor)
    ticks = _ticks(instance)
    last = {tick: run for tick in ticks if (run := _last_ended(instance, tick))}
    if before is None:
        return dg.SensorResult(
            skip_reason=dg.SkipReason("watching; re-curations that have ended by now are left to reselect"),
            cursor=json.dumps({"followed": last}),
        )
    fresh = [tick for tick, run in last.items() if before.get(tick) != run]
    if not fresh:
        return dg.SkipReason("no batch of a re-curation has ended since the selections followed")
    if running := _unfinished(instance, select.name, ticks):
        return dg.SkipReason(f"{running} selections of a re-curation are still being made")
    over = [tick for tick in fresh if not _unfinished(instance, curate.name, [tick])]
    if not over:
        running = _unfinished(instance, curate.name, fresh)
        return dg.SkipReason(f"{running} batches of the re-curation are still running")
    # The newest speaks for all: a selection reads every batch, whichever re-curation made it current.
    requests = selection_requests(over[-1], context.log, after=last[over[-1]])
    followed = {tick: last[tick] if tick in over else before.get(tick, "") for tick in last}
    return dg.SensorResult(
        run_requests=requests,
        skip_reason=None if requests else dg.SkipReason("every selection of the loaded graph is current"),
        cursor=json.dumps({"followed": followed}),
    )
