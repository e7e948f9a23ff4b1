"""A batch from its folder: every file becomes a row of ``yt_cc_source`` or a rejected row."""

from functools import partial

from livecc_assets.runtime.task import Task
from livecc_assets.source.folders import batch_listing
from livecc_assets.source.ingest import named, scan, source_rows
from livecc_assets.source.moving import contents_of


def read_batch(task: Task) -> None:
    """Write the rows of the task's batch. ``category`` in its config is given to videos whose metadata name none.

    The manifest notes what was listed, by which a move to another place is checked.
    """
    about = task.videos.batch(task.partition)
    listing = batch_listing(about)  # before the scan: a file that comes in between shows as a change later
    candidates = list(scan(about["uri"]))
    task.writer.metadata |= {"listing": listing, "beside": contents_of(candidates)}
    default = task.config.get("category")
    read = partial(source_rows, config=task.config, home=task.home, batch=task.partition)
    for row in task.resumable(named(candidates), read, len(candidates), "files read"):
        if default and isinstance(row, dict) and row["category"] is None:
            row["category"] = default
        task.writer.add(row)
