"""Batches of the inbox whose files change later: all of them are looked at again and again, a part in each tick."""

from bisect import bisect_right
from collections.abc import Collection
from pathlib import Path

import dagster as dg

from jobs.inbox.cursor import Waiting
from jobs.inbox.settling import observed, still_waits
from jobs.inbox.tick import Tick
from jobs.jobs import curate
from jobs.requests import BY_ITSELF, UNFINISHED
from livecc_assets.core.errors import AbsentFolderError, PassingError, UserError

_SOURCE = "yt_cc_source"


def changed_batches(tick: Tick, batches: Collection[str]) -> list[dg.RunRequest]:
    """One run for each batch whose files have changed since they were read, and rest again.

    Those that are known to change come first, then the others from where the last tick stopped. A batch is gone when its
    folder is, or has no files left: nothing is asked for it.
    """
    changing = {name: one for name, one in tick.cursor.changing.items() if name in batches}
    tick.cursor.changing = dict(changing)
    names = sorted(set(batches) - changing.keys())
    start = bisect_right(names, tick.cursor.looked)
    requests = list[dg.RunRequest]()
    for name in [*changing, *names[start:], *names[:start]]:
        if tick.over:
            break
        if name not in changing:
            tick.cursor.looked = name
        try:
            requests += _look_again(tick, name, tick.cursor.changing.pop(name, Waiting()))
        except AbsentFolderError:
            continue
        except PassingError:  # S3 or the store is away: the tick fails and comes again
            raise
        except UserError as error:
            tick.pass_over(name, error)
    left = tick.cursor.changing.keys() - tick.waits.keys()
    tick.waits |= {name: "not looked at yet" for name in changing if name in left}
    return requests


def _look_again(tick: Tick, name: str, before: Waiting) -> list[dg.RunRequest]:
    from livecc_assets.source.folders import EMPTY, batch_listing

    uri = tick.address(name)
    if not uri.startswith("s3://") and not Path(uri).is_dir():
        return []
    about = tick.store.batch(name)
    pointer = tick.store.pointer(_SOURCE, name) if about["uri"] == uri else None
    read = tick.store.at(pointer.place) if pointer else None
    if pointer is None or read is None:  # another folder's batch, or one whose first run has yet to read it
        return []
    found, at = batch_listing(about), tick.now()
    if found in (EMPTY, read.manifest.metadata.get("listing", found)):
        return []
    # With the run that read them last: files that change and change back are asked for again, a cancelled run is not.
    key = f"changed-batch:{name}:{found}:{pointer.run_id or pointer.at}"
    if why := _asked_before(tick.context.instance, key):
        tick.waits[name] = why
        return []
    after = observed(before, found, at)
    # A completion marker is no sign here: it tells of the files that came first.
    why = still_waits(before, after, at, tick.settled) or _is_running(tick.context.instance, name)
    if why:
        tick.waits[name] = why
        tick.cursor.changing[name] = after
        return []
    return [dg.RunRequest(run_key=key, partition_key=name, tags=BY_ITSELF)]


def _asked_before(instance: dg.DagsterInstance, key: str) -> str:
    """What became of the run that was asked for because of these very files; empty where there was none."""
    runs = instance.get_runs(dg.RunsFilter(tags={"dagster/run_key": key}), limit=1)
    if not runs:
        return ""
    return (
        "it is being curated" if runs[0].status in UNFINISHED else "its run ended before its files were read; curate it"
    )


def _is_running(instance: dg.DagsterInstance, name: str) -> str:
    """A run of the batch may have read the files of before; only its end tells."""
    of_batch = dg.RunsFilter(job_name=curate.name, tags={"dagster/partition": name}, statuses=UNFINISHED)
    return "an earlier run of it goes on" if instance.get_runs_count(of_batch) else ""
