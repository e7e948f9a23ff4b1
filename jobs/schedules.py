"""What runs by the clock."""

import logging

import dagster as dg

from jobs.guard import without_secrets
from jobs.jobs import curate, select
from jobs.requests import BY_ITSELF, affected
from livecc_assets.core.redaction import redact
from livecc_assets.graph.settings import Settings, load_settings
from livecc_assets.graph.status import WAITING, partition_statuses
from livecc_assets.orchestration.partitions import SELECTIONS, SOURCE_BATCHES
from livecc_assets.orchestration.steps import STEPS

#: Run tag that ties the runs of one tick of the schedule together.
TICK = "livecc/recurate"


def stale(kind: str, settings: Settings | None = None) -> dict[str, dict[str, str]]:
    """Partitions of one kind with assets that are missing or stale, and why. Manifests decide, not Dagster's badge:
    Dagster ignores upstream data versions from 100 partitions up. What waits for a person is left out: a run would do
    nothing for a batch whose folder is gone or that has too many errors, and would hold up the others."""
    settings = settings or load_settings()
    found: dict[str, dict[str, str]] = {}
    for one in partition_statuses([step for step in STEPS if step.partitioned_by == kind], settings, settings.store()):
        if one.state not in WAITING and one.state != "current":
            found.setdefault(one.partition, {})[one.asset] = one.why
    return found


def _request(job: str, key: str, partition: str, tick: str, reasons: dict[str, str]) -> dg.RunRequest:
    """A run of what is stale and of what follows from it."""
    asset, why = next(iter(reasons.items()))
    # Tags lie in Dagster's database, and a reason may be an error that quotes an address.
    tags = {TICK: tick, "livecc/reason": redact(f"{asset}: {why}")[:200]} | BY_ITSELF
    wanted = [dg.AssetKey(name) for name in affected(reasons)]
    return dg.RunRequest(run_key=key, job_name=job, partition_key=partition, tags=tags, asset_selection=wanted)


def curation_requests(tick: str, instance: dg.DagsterInstance) -> list[dg.RunRequest]:
    """One curate run for each batch with something stale or missing, of those assets and what follows from them.

    A batch that is in the store only (it was ingested elsewhere, or Dagster's database was lost) gets its partition first:
    for one unknown partition Dagster would refuse all runs of the tick.
    """
    found = stale("batch")
    name = str(SOURCE_BATCHES.name)
    if unknown := found.keys() - set(instance.get_dynamic_partitions(name)):
        instance.add_dynamic_partitions(name, sorted(unknown))
    return [
        _request("curate", f"{tick}:curate:{partition}", partition, tick, reasons)
        for partition, reasons in found.items()
    ]


def selection_requests(tick: str, log: logging.Logger, after: str = "") -> list[dg.RunRequest]:
    """One select run for each selection that is not up to date.

    ``after``: the run whose end asks for them; with another one they are asked for again. A selection whose file is newer
    than the loaded graph, or holds a mistake, is logged and left out.
    """
    settings = load_settings()
    found, loaded = stale("selection", settings), set(SELECTIONS.get_partition_keys())
    for file in settings.invalid:
        if file.kind == "selection":
            log.warning(f"selection {file.name} is left out: {redact(file.message)}")
    for name in sorted(found.keys() - loaded):
        log.warning(f"selection {name} is newer than the loaded graph: reload the code location to have it made")
    key = f":{after}" if after else ""
    return [
        _request("select", f"{tick}:select:{partition}{key}", partition, tick, reasons)
        for partition, reasons in found.items()
        if partition in loaded
    ]


#: Mondays at three in the morning, UTC.
WEEKLY = "0 3 * * 1"


@dg.schedule(
    cron_schedule=WEEKLY,
    name="recurate",
    job=curate,
    description="Every Monday: curates what is stale or new. The sensor select_after_recurate, switched on beside it, brings "
    "the selections up to date at its end. Trains nothing.",
)
@without_secrets
def recurate(context: dg.ScheduleEvaluationContext) -> list[dg.RunRequest] | dg.SkipReason:
    """One run a stale or new batch. The sensor ``select_after_recurate`` selects when the last of them has ended."""
    requests = curation_requests(context.scheduled_execution_time.isoformat(), context.instance)
    return requests or dg.SkipReason("every batch is current")


@dg.schedule(
    cron_schedule=WEEKLY,
    name="reselect",
    job=select,
    description="Every Monday: brings selections up to date where no batch needs curating first. Trains nothing.",
)
@without_secrets
def reselect(context: dg.ScheduleEvaluationContext) -> list[dg.RunRequest] | dg.SkipReason:
    """A schedule starts one job only, so this is ``recurate``'s other half (a changed threshold, for instance)."""
    if waiting := stale("batch"):
        return dg.SkipReason(f"{len(waiting)} batches are curated first")
    requests = selection_requests(context.scheduled_execution_time.isoformat(), context.log)
    return requests or dg.SkipReason("every selection of the loaded graph is current")


SCHEDULES = [recurate, reselect]
