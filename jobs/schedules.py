"""What runs by the clock."""

from collections.abc import Iterator

import dagster as dg

from jobs.jobs import curate, select
from livecc_assets.all_steps import STEPS
from livecc_assets.plan import standings
from livecc_assets.settings import load_settings

#: Run tag that ties the runs of one tick of the schedule together.
TICK = "livecc/recurate"


def stale(kind: str) -> dict[str, list[str]]:
    """Partitions of one kind with something missing or stale, and why. Manifests decide, not Dagster's badge:
    Dagster ignores upstream data versions from 100 partitions up."""
    settings = load_settings()
    found: dict[str, list[str]] = {}
    for one in standings([step for step in STEPS if step.partitioned_by == kind], settings, settings.store()):
        if one.state != "current":
            found.setdefault(one.partition, []).append(f"{one.asset}: {one.why}")
    return found


def curation_requests(tick: str) -> Iterator[dg.RunRequest]:
    """One curate run for each batch with something stale or missing."""
    for partition, reasons in stale("batch").items():
        yield dg.RunRequest(
            run_key=f"{tick}:curate:{partition}",
            job_name="curate",
            partition_key=partition,
            tags={TICK: tick, "livecc/reason": reasons[0][:200]},
        )


def selection_requests(tick: str) -> Iterator[dg.RunRequest]:
    """One select run for each selection that is not up to date."""
    for partition, reasons in stale("selection").items():
        yield dg.RunRequest(
            run_key=f"{tick}:select:{partition}",
            job_name="select",
            partition_key=partition,
            tags={TICK: tick, "livecc/reason": reasons[0][:200]},
        )


#: Mondays at three in the morning, UTC.
WEEKLY = "0 3 * * 1"


@dg.schedule(
    cron_schedule=WEEKLY,
    name="recurate",
    job=curate,
    description="Every Monday: curates what is stale or new; its end brings the selections up to date. Trains nothing.",
)
def recurate(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """One run a stale or new batch. The sensors ``select_after_…`` select when the last of them has ended."""
    requests = list(curation_requests(context.scheduled_execution_time.isoformat()))
    if not requests:
        yield dg.SkipReason("every batch is current")
    yield from requests


@dg.schedule(
    cron_schedule=WEEKLY,
    name="reselect",
    job=select,
    description="Every Monday: brings selections up to date where no batch needs curating first. Trains nothing.",
)
def reselect(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """A schedule starts one job only, so this is ``recurate``'s other half (a changed threshold, for instance)."""
    waiting = stale("batch")
    requests = [] if waiting else list(selection_requests(context.scheduled_execution_time.isoformat()))
    if not requests:
        why = f"{len(waiting)} batches are curated first" if waiting else "every selection is current"
        yield dg.SkipReason(why)
    yield from requests


SCHEDULES = [recurate, reselect]
