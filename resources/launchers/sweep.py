"""Workers that nobody waits for any more: their run was cancelled, or ended long ago without anyone adopting them.

One that ended unattended is among them: a Docker host keeps it for ever, and what it made stands in the store.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import dagster as dg

from resources.launchers.remote import Found

#: Seconds for which a worker whose run failed or was lost may be adopted by a re-run.
ADOPTABLE_SECONDS = 24 * 3600.0

_OVER = (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)


class Owner(NamedTuple):
    """A worker's run: its status, and the seconds since it ended (None while it has not)."""

    status: dg.DagsterRunStatus
    since_end: float | None


def orphans(workers: list[Found], owner: Callable[[str], Owner | None]) -> Iterator[tuple[str, str]]:
    """(name, why) of each worker to remove. One whose run this Dagster instance does not know is left alone."""
    for worker in workers:
        found = owner(worker.run_id)
        if found is None or found.status not in _OVER:
            continue
        if found.status == dg.DagsterRunStatus.CANCELED:
            yield worker.name, f"its run {worker.run_id} was cancelled"
        elif found.since_end is not None and found.since_end > ADOPTABLE_SECONDS:
            yield (
                worker.name,
                f"its run {worker.run_id} ended {found.since_end / 3600:.0f} hours ago and no other adopted it",
            )
