"""New folders of the inbox: they arrive, rest, and are registered as ``livecc ingest`` does it."""

import os

from jobs.inbox.cursor import Waiting
from jobs.inbox.settling import observed, still_waits
from jobs.inbox.tick import Tick
from livecc_assets.core.errors import AbsentFolderError, PassingError, UserError
from livecc_assets.core.redaction import redact
from livecc_assets.orchestration.batches import check_own_selection, record, write_selection


def arrived(tick: Tick) -> list[str]:
    """Names of the waiting folders that are complete; they are batches now. What was seen of the others is noted."""
    ready = list[str]()
    for name, before in list(tick.cursor.waiting.items()):
        if tick.over:
            tick.waits[name] = "not looked at yet"
            continue
        del tick.cursor.waiting[name]
        try:
            if _is_complete(tick, name, before):
                _enter(tick, name)
                ready.append(name)
        except AbsentFolderError:  # it was taken away again
            continue
        except PassingError:  # S3 or the store is away: the tick fails and comes again
            raise
        except UserError as error:
            tick.pass_over(name, error)
    return ready


def _is_complete(tick: Tick, name: str, before: Waiting) -> bool:
    """Whether the writer says so with a marker, or the files have rested for long enough."""
    from livecc_assets.source.folders import look

    found, at = look(tick.address(name)), tick.now()
    after = observed(before, found.digest, at)
    why = "" if found.complete else still_waits(before, after, at, tick.settled)
    if found.empty:
        why = "no files in it yet"
    if why:
        tick.waits[name] = why
        tick.cursor.waiting[name] = after  # at the end: those that have waited longest come first
    return not why


def _enter(tick: Tick, name: str) -> None:
    check_own_selection(tick.settings, name)
    record(tick.store, tick.address(name), name, "optional", os.environ.get("LIVECC_INBOX_CATEGORY"))
    try:
        write_selection(tick.settings, name)
    except OSError as error:  # the batch is curated all the same: a selection can be written at any time
        tick.context.log.warning(
            f"selection {name} cannot be written: {redact(str(error))}; allow it, or write it yourself"
        )
