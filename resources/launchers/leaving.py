"""What becomes of a worker whose run ends before it does: a cancelled run takes it along, any other leaves it alone."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from livecc_assets.core.redaction import redact
from livecc_assets.orchestration.interrupts import cancelled, capture_interrupts
from resources.launchers.base import Job
from resources.launchers.identity import Context
from resources.launchers.place import Place
from resources.launchers.watchers import others

#: Seconds for which a cancelled run asks a service that does not answer: its own pod is killed after 60. What it leaves behind
#: a sweep deletes.
LEAVING_SECONDS = 20.0


@contextmanager
def taken_along(place: Place, context: Context, job: Job, name: str, attempt: str) -> Iterator[None]:
    """Where this run ends in here, before its worker does, a cancelled one takes the worker along."""
    try:
        yield
    except dg.Failure:  # the launcher's own words on a worker that it could not make
        raise
    except BaseException:
        try:
            _leave(place, context, job, name, attempt)
        except Exception as error:  # what ended the run is said first; a sweep finds the worker
            why = redact(str(error))
            place.say(f"{place.place} {name} may be left over until the sensor sweep_workers deletes it: {why}")
        raise


def _leave(place: Place, context: Context, job: Job, name: str, attempt: str) -> None:
    """Delete the worker of a run that was cancelled, unless others wait for it; leave it alone otherwise."""
    # A cancel comes twice, as the run's status and as a signal: one must not stop what the other began.
    with capture_interrupts():
        if not cancelled(context):
            print(f"{job.name}: {place.place} {name} is left alone; a re-run adopts it", file=sys.stderr)
            return
        if waiting := others(context.instance, context.run.run_id, name, attempt):
            print(f"{job.name}: {place.place} {name} goes on for run {', '.join(waiting)}", file=sys.stderr)
            return
        worker = place.patiently(lambda: place.find(name), LEAVING_SECONDS)
        if worker is None or worker.attempt != attempt:
            return
        place.patiently(lambda: place.delete(worker, wait=False), LEAVING_SECONDS)
    place.patiently(lambda: place.delete(worker), LEAVING_SECONDS)


def end_if_cancelled(context: Context) -> None:
    """A step in a pod of its own gets no signal when its run is cancelled: where lost runs are resumed, Dagster's executor
    leaves the steps alone whatever ended it."""
    try:
        over = cancelled(context)
    except Exception:  # its database is away, which is no reason to end
        return
    if over:
        raise dg.DagsterExecutionInterruptedError("the run was cancelled")
