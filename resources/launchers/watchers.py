"""Which runs wait for a worker. Dagster's instance is where they all meet, so it is asked, by a tag on each such run.

One worker may serve several runs: experiments that share a training, a run and the re-run that adopted its worker. Only
the last of them may take the worker away.
"""

import dagster as dg

#: A run in one of these may come back to its worker. One that is being cancelled will not.
WATCHING = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]


def tag(worker: str) -> str:
    """Key of the run tag whose value is the attempt of this worker that the run waits for."""
    return f"livecc.worker/{worker}"


def watch(instance: dg.DagsterInstance, run_id: str, worker: str, attempt: str) -> None:
    """Note that a run waits for this attempt of a worker."""
    instance.add_run_tags(run_id, {tag(worker): attempt})


def others(instance: dg.DagsterInstance, run_id: str, worker: str, attempt: str) -> list[str]:
    """Ids of the unfinished runs beside ``run_id`` that wait for it, too."""
    found = instance.get_runs(dg.RunsFilter(tags={tag(worker): attempt}, statuses=WATCHING))
    return [run.run_id for run in found if run.run_id != run_id]
