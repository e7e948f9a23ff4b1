"""Workers that nobody waits for any more: their run was cancelled, or ended long ago without anyone adopting them.

One that ended unattended is among them: a Docker host keeps it for ever, and what it made stands in the store.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import dagster as dg

from resources.launchers.status import Found

#: Seconds for which a worker whose run failed or was lost may be adopted by a re-run.
ADOPTABLE_SECONDS = 24 * 3600.0

_OVER = (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)


class Owner(NamedTuple):
    """A run that waits or waited for a worker: its id, its status, and the seconds since it ended (None while it has not)."""

    run_id: str
    status: dg.DagsterRunStatus
    since_end: float | None


def orphans(workers: list[Found], owners: Callable[[Found], list[Owner]]) -> Iterator[tuple[Found, str]]:
    """(worker, why) of each one to remove. One that no run of this Dagster instance knows is left alone."""
    for worker in workers:
        found = owners(worker)
        if not found or any(owner.status not in _OVER for owner in found):
            continue
        last = min(found, key=lambda owner: owner.since_end or 0.0)
        ended = last.since_end or 0.0
        if all(owner.status == dg.DagsterRunStatus.CANCELED for owner in found):
            yield worker, f"its run {last.run_id} was cancelled"
        elif ended > ADOPTABLE_SECONDS:
            yield worker, f"its run {last.run_id} ended {ended / 3600:.0f} hours ago and no other adopted it"
