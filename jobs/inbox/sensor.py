"""The sensor that asks for a run when a folder of the inbox is new or its files have changed."""

import os

import dagster as dg

from jobs.guard import without_secrets
from jobs.inbox.arrivals import arrived
from jobs.inbox.changes import changed_batches
from jobs.inbox.cursor import Cursor, Waiting
from jobs.inbox.places import new_folders
from jobs.inbox.settling import settled_seconds
from jobs.inbox.tick import Tick
from jobs.jobs import curate
from jobs.requests import BY_ITSELF
from livecc_assets.graph.settings import load_settings
from livecc_assets.orchestration.partitions import SOURCE_BATCHES


@dg.sensor(
    name="new_batches",
    job=curate,
    # 30 s to see a file, 90 to see that it rests, and up to 30 more: within three minutes it is curated.
    minimum_interval_seconds=30,
    description="Turns every new folder (or S3 prefix) of videos under LIVECC_INBOX into a source batch and curates it, and "
    "again when its files change. A folder is taken when its files have been the same for LIVECC_INBOX_SETTLED seconds, or at "
    "once when it holds _SUCCESS or _COMPLETE. On S3 a name that comes after all known ones is seen at the next tick, any "
    "other within ten minutes.",
)
@without_secrets
def new_batches(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """New folders first, then those that are batches, as far as the tick's time goes.

    Nothing is asked for a batch that is retired or whose folder is gone.
    """
    inbox = os.environ.get("LIVECC_INBOX")
    if not inbox:
        return dg.SkipReason("LIVECC_INBOX is not set; set it to a folder or s3:// prefix whose subfolders are batches")
    settled, settings, cursor = settled_seconds(), load_settings(), Cursor.read(context.cursor)
    tick = Tick(inbox, settings, settings.store(), cursor, context, settled)
    retired = tick.store.retired()
    # In the store but without a partition: an earlier tick was cut short between the two.
    known = set(tick.store.batches()) & set(context.instance.get_dynamic_partitions(str(SOURCE_BATCHES.name)))
    # What waits goes on waiting even so: Dagster adds the partitions of a tick before it notes the tick's runs and cursor,
    # so a batch that still waits has no run if the daemon died in between. If it has one, the run key tells.
    fresh = [
        name for name in new_folders(inbox, cursor, tick.now()) if name not in known and name not in cursor.waiting
    ]
    waiting = cursor.waiting | dict.fromkeys(fresh, Waiting())
    cursor.waiting = {name: one for name, one in waiting.items() if name not in retired}
    batches = known - retired - cursor.waiting.keys()
    ready = arrived(tick)
    requests = [dg.RunRequest(run_key=f"new-batch:{name}", partition_key=name, tags=BY_ITSELF) for name in ready]
    requests += changed_batches(tick, batches)
    return dg.SensorResult(
        run_requests=requests,
        dynamic_partitions_requests=[SOURCE_BATCHES.build_add_request(ready)] if ready else [],
        skip_reason=None if requests else dg.SkipReason(tick.summary()),
        cursor=cursor.write(),
    )
