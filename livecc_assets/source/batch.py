"""A batch from its folder: every video becomes a row of ``yt_cc_source`` or a rejected row."""

from functools import partial

from livecc_assets.runtime.task import Task
from livecc_assets.source.folders import batch_listing
from livecc_assets.source.ingest import named, source_rows, survey
from livecc_assets.source.moving import contents_of
from livecc_assets.store.registry import FOLLOW_LINKS


def read_batch(task: Task) -> None:
    """Write the rows of the task's batch. ``category`` in its config is given to videos whose metadata name none.

    The manifest notes what was listed, by which a move to another place is checked, and how many files of each kind were
    passed over.
    """
    about = task.videos.batch(task.partition)
    listing = batch_listing(about)  # before the scan: a file that comes in between shows as a change later
    found = survey(about["uri"], bool(about.get(FOLLOW_LINKS)))
    candidates = found.candidates
    task.writer.metadata |= {"listing": listing, "beside": contents_of(candidates), "passed_over": found.passed_over}
    default = task.config.get("category")
    read = partial(source_rows, config=task.config, home=task.home, batch=task.partition)
    for row in task.resumable(named(candidates), read, len(candidates), "files read"):
        if default and isinstance(row, dict) and row["category"] is None:
            row["category"] = default
        task.writer.add(row)
