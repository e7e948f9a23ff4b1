"""Garbage is collected by the clock: unfinished uploads cost what their parts cost until somebody ends them."""

import dagster as dg

from jobs.guard import without_secrets

#: Days for which bytes without a manifest are left alone. `livecc gc` asks for one; a step that nobody watches may add its
#: first file days before its manifest.
DAYS = 7


@dg.op(
    description=f"Deletes what no manifest names and uploads that nobody finished after {DAYS} days, and old messages."
)
@without_secrets
def delete_garbage(context: dg.OpExecutionContext) -> None:
    """As ``livecc gc --delete`` with a longer age; the run's log says how much went."""
    from livecc_assets.graph.settings import load_settings
    from livecc_assets.store.garbage import collect

    count = size = 0
    for item in collect(load_settings().store(), DAYS * 86400.0, delete=True):
        count, size = count + 1, size + item.size
    context.log.info(f"{count} objects, {size} bytes deleted")


@dg.job(name="collect_garbage", description="Deletes stored bytes that no manifest names, and old messages of workers.")
def collect_garbage() -> None:
    """One op without partitions."""
    delete_garbage()


@dg.schedule(
    cron_schedule="0 5 * * 0",
    name="weekly_garbage",
    job=collect_garbage,
    description="Every Sunday: collects garbage and ends uploads that nobody finished.",
)
@without_secrets
def weekly_garbage(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """One run a week."""
    return dg.RunRequest(run_key=context.scheduled_execution_time.isoformat())
