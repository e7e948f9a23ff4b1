"""Who is told that a run failed."""

import os
from collections.abc import Iterator
from typing import Any

import dagster as dg

from jobs.webhook import clean, post

#: Failed steps that one message names.
_STEPS = 10


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
    failed = [
        {"step": (event.step_key or "").removeprefix("make_"), "error": clean(_reason(event))}
        for event in steps[:_STEPS]
    ]
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


@dg.run_failure_sensor(
    name="notify_failures",
    description="Posts a JSON document about every failed run to LIVECC_WEBHOOK_URL (chat, pager, your own service).",
)
def notify_failures(context: dg.RunFailureSensorContext) -> Iterator[dg.SkipReason]:
    """One message for each failed run; without LIVECC_WEBHOOK_URL nothing is sent."""
    url = os.environ.get("LIVECC_WEBHOOK_URL")
    if not url:
        yield dg.SkipReason("LIVECC_WEBHOOK_URL is not set; set it to an address that takes JSON by POST")
        return
    steps = list(context.get_step_failure_events())
    post(url, document(context.dagster_run, context.failure_event.message or "", steps))
