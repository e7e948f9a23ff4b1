"""Dagster's own history is kept for a stated time. It is never needed: what was made, from what and when, manifests say."""

import dagster as dg

from jobs.guard import without_secrets
from jobs.requests import BY_ITSELF


@dg.op(description="Deletes runs that ended LIVECC_RUN_DAYS ago (90), with their events and logs.")
@without_secrets
def delete_old_runs(context: dg.OpExecutionContext) -> None:
    """As ``livecc gc --delete`` does; the run's log says how many went."""
    from livecc_assets.orchestration.history import old_runs, run_days

    days = run_days()
    context.log.info(
        f"{sum(1 for _ in old_runs(context.instance, days, delete=True))} runs of over {days} days deleted"
    )


@dg.job(
    name="purge_runs",
    description="Deletes old runs with their events and logs; those that last made, or tried to make, something stay.",
)
def purge_runs() -> None:
    """One op without partitions."""
    delete_old_runs()


@dg.schedule(
    cron_schedule="0 4 * * 0",
    name="weekly_purge",
    job=purge_runs,
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every Sunday: deletes runs that ended LIVECC_RUN_DAYS ago (90). On from the start.",
)
@without_secrets
def weekly_purge(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """One run a week."""
    return dg.RunRequest(run_key=context.scheduled_execution_time.isoformat(), tags=BY_ITSELF)
