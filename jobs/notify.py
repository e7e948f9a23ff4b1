"""Who is told that a run failed."""

import os
import time
from typing import Any

import dagster as dg

from jobs.guard import without_secrets
from jobs.webhook import AwayError, clean, post

#: Failed steps that one message names.
_STEPS = 10
#: Seconds for which a failed run is kept for a webhook that does not answer; those that failed later wait behind it.
KEPT_SECONDS = 24 * 3600


def _reason(event: dg.DagsterEvent) -> str:
    """What a failed step says of itself: its own words to people where it has some, else its innermost error."""
    data = event.step_failure_data
    if data.user_failure_data and data.user_failure_data.description:
        return data.user_failure_data.description
    error = data.error
    while error is not None and error.cause is not None:
        error = error.cause
    return error.message.strip() if error else "failed"


def document(run: dg.DagsterRun, message: str, steps: list[dg.DagsterEvent]) -> dict[str, Any]:
    """What is posted. ``text`` is a line that chat services show as it is."""
    partition = run.tags.get("dagster/partition")
    what = f"{run.job_name}[{partition}]" if partition else run.job_name
    failed = [{"step": event.step_key or "", "error": clean(_reason(event))} for event in steps[:_STEPS]]
    first = f"{failed[0]['step']}: {failed[0]['error']}" if failed else clean(message)
    ui = os.environ.get("LIVECC_DAGSTER_UI", "").rstrip("/")
    return {
        "event": "run_failed",
        "text": f"{what} failed: {first}",
        "job": run.job_name,
        "partition": partition,
        "run_id": run.run_id,
        "failed_steps": failed,
        "more_failed_steps": max(0, len(steps) - _STEPS),
        "url": f"{ui}/runs/{run.run_id}" if ui else None,
    }


class UntoldError(dg.DagsterError):
    """Nobody could be told of a failed run yet.

    Dagster moves the cursor of a run status sensor past a run whose function raised, unless what it raised is a
    DagsterError: then the tick fails and the next one takes the same run again.
    """


def _ended_ago(context: dg.RunStatusSensorContext) -> float:
    """Seconds since the run ended."""
    record = context.instance.get_run_record_by_id(context.dagster_run.run_id)
    return time.time() - ((record and record.end_time) or 0)


@dg.run_failure_sensor(
    name="notify_failures",
    description="Posts a JSON document about every failed run to LIVECC_WEBHOOK_URL (chat, pager, your own service). While "
    "nothing answers there, the ticks fail and the oldest untold run is tried again at each; one that failed a day ago is "
    "given up. What the service refuses (4xx) is not sent again.",
)
@without_secrets
def notify_failures(context: dg.RunFailureSensorContext) -> list[dg.RunRequest] | dg.SkipReason:
    """One message for each failed run, the oldest first; without LIVECC_WEBHOOK_URL nothing is sent."""
    url = os.environ.get("LIVECC_WEBHOOK_URL")
    if not url:
        return dg.SkipReason("LIVECC_WEBHOOK_URL is not set; set it to an address that takes JSON by POST")
    steps = list(context.get_step_failure_events())
    try:
        post(url, document(context.dagster_run, context.failure_event.message or "", steps))
    except AwayError as error:
        why = str(error)
    else:
        return []  # a SkipReason beside the error of another run would fail the tick
    if _ended_ago(context) < KEPT_SECONDS:
        raise UntoldError(f"{why} Run {context.dagster_run.run_id} is told at a later tick.")
    context.log.error(f"{why} Run {context.dagster_run.run_id} failed too long ago and is told to nobody.")
    return []
