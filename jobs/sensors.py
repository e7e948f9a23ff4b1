"""What runs because something happened: a new folder of videos, the end of a re-curation, a failed run."""

import logging
import os
import time

import dagster as dg

from jobs.automation import FOLLOWS
from jobs.guard import without_secrets
from jobs.inbox import SWEEP_SECONDS, TICK_SECONDS, Cursor, address, changed, later_folders
from jobs.jobs import curate
from jobs.notify import notify_failures
from jobs.requests import BY_ITSELF
from jobs.reselection import select_after_recurate
from jobs.sweep import sweep_workers
from livecc_assets.core.errors import AbsentFolderError, PassingError, UserError
from livecc_assets.core.redaction import redact
from livecc_assets.graph.settings import load_settings
from livecc_assets.orchestration.partitions import SOURCE_BATCHES
from livecc_assets.store.manifest import digest

#: Digest of a folder's listing when nothing is in it.
_EMPTY = digest([])


@dg.sensor(
    name="new_batches",
    job=curate,
    minimum_interval_seconds=60,
    description="Turns every new folder (or S3 prefix) of videos under LIVECC_INBOX into a source batch and curates it. "
    "On S3 a name that comes after all known ones is seen at the next tick, any other within ten minutes.",
)
@without_secrets
def new_batches(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """A folder becomes a batch when its listing was the same at two ticks, so that a copy in progress is not cut short.

    Empty folders, and names that begin with a dot or an underscore, are let be.
    """
    inbox = os.environ.get("LIVECC_INBOX")
    if not inbox:
        return dg.SkipReason("LIVECC_INBOX is not set; set it to a folder or s3:// prefix whose subfolders are batches")
    store, cursor = load_settings().store(), Cursor.read(context.cursor)
    found = _new_folders(inbox, cursor)
    known = set[str]()
    if found:
        # In the store but without a partition: an earlier tick was cut short between the two.
        known = set(store.batches()) & set(context.instance.get_dynamic_partitions(str(SOURCE_BATCHES.name)))
    # What waits goes on waiting even so: Dagster adds the partitions of a tick before it notes the tick's runs and cursor,
    # so a batch that still waits has no run if the daemon died in between. If it has one, the run key tells.
    cursor.waiting |= {name: "" for name in found if name not in known and name not in cursor.waiting}
    ready: list[str] = []
    for name in _resting(inbox, cursor, context.log):
        try:
            store.register_batch(name, {"uri": address(inbox, name), "captions": "optional"})
            ready.append(name)
        except PassingError:  # the store is away: the tick fails and comes again
            raise
        except UserError as error:
            context.log.warning(f"{name} of the inbox is passed over: {redact(str(error))}")
    return dg.SensorResult(
        run_requests=[dg.RunRequest(run_key=f"new-batch:{name}", partition_key=name, tags=BY_ITSELF) for name in ready],
        dynamic_partitions_requests=[SOURCE_BATCHES.build_add_request(ready)] if ready else [],
        cursor=cursor.write(),
    )


def _new_folders(inbox: str, cursor: Cursor) -> list[str]:
    """Folders that may be new: those after the cursor, or of a changed local inbox; now and then all of them."""
    from livecc_assets.source.folders import inbox_folders

    now = time.time()
    if now - cursor.swept >= SWEEP_SECONDS:
        stamp, names = changed(inbox), list(inbox_folders(inbox))
        cursor.swept, cursor.changed = now, stamp
    elif inbox.startswith("s3://"):
        names = later_folders(inbox, cursor.after)
    else:
        stamp = changed(inbox)  # before the listing: what comes during it is seen next time
        names = list(inbox_folders(inbox)) if not stamp or stamp != cursor.changed else []
        cursor.changed = stamp
    cursor.seen(names)
    return [name for name in names if not name.startswith((".", "_"))]


def _resting(inbox: str, cursor: Cursor, log: logging.Logger) -> list[str]:
    """Waiting folders whose listing rests; the others' listings are noted. Stops when the tick has taken its time."""
    from livecc_assets.source.folders import listing_digest

    ends, resting = time.monotonic() + TICK_SECONDS, list[str]()
    for name, before in list(cursor.waiting.items()):
        if time.monotonic() > ends:
            break
        del cursor.waiting[name]
        try:
            now = listing_digest(address(inbox, name))
        except AbsentFolderError:  # it was taken away again
            continue
        except PassingError:  # S3 is away: the tick fails and comes again
            raise
        except UserError as error:
            log.warning(f"{name} of the inbox is passed over: {redact(str(error))}")
            continue
        if now == before and now != _EMPTY:
            resting.append(name)
        else:
            cursor.waiting[name] = now  # at the end: those that have waited longest come first
    return resting


SENSORS = [FOLLOWS, new_batches, notify_failures, select_after_recurate, sweep_workers]
