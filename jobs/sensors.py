"""What runs because something happened: a folder of videos that is new or changed, the end of a re-curation, a failed run."""

from jobs.automation import FOLLOWS
from jobs.inbox.sensor import new_batches
from jobs.notify import notify_failures
from jobs.reselection import select_after_recurate
from jobs.sweep import sweep_workers

SENSORS = [FOLLOWS, new_batches, notify_failures, select_after_recurate, sweep_workers]
