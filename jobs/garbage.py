"""Garbage is collected by the clock: unfinished uploads cost what their parts cost until somebody ends them."""

from itertools import chain

import dagster as dg

from jobs.guard import without_secrets

#: Days for which bytes without a manifest are left alone. `livecc gc` asks for one; a step that nobody watches may add its
#: first file days before its manifest.
DAYS = 7


@dg.op(
    description=f"Deletes what no manifest names and uploads that nobody finished after {DAYS} days, old messages, and what was "
    "made of batches that were retired a month ago."
)
@without_secrets
def delete_garbage(context: dg.OpExecutionContext) -> None:
    """As ``livecc gc --delete`` with a longer age; the run's log says how much went."""
    from livecc_assets.graph.settings import load_settings
    from livecc_assets.orchestration.steps import BATCH_ASSETS
    from livecc_assets.store.garbage import collect
    from livecc_assets.store.retirement import RETIRED_DAYS, collect_retired

    store, count, size = load_settings().store(), 0, 0
    retired = collect_retired(store, BATCH_ASSETS, RETIRED_DAYS * 86400, delete=True)
    for item in chain(collect(store, DAYS * 86400.0, delete=True), retired):
        count, size = count + 1, size + item.size
    context.log.info(f"{count} objects, {size} bytes deleted")


@dg.job(name="collect_garbage", description="Deletes stored bytes that nothing needs.")
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
