"""Where the folders of the inbox lie, and which of them may be new."""

from pathlib import Path

from jobs.inbox.cursor import Cursor, in_key_order
from livecc_assets.store.s3_client import s3_folders

#: Seconds after which all folders of the inbox are looked at once, whatever their names.
SWEEP_SECONDS = 600
#: The character after "/" in the order of S3 keys: everything in the folder "a" comes before the key "a0".
_AFTER_SLASH = "0"


def address(inbox: str, name: str) -> str:
    """Where the folder ``name`` of the inbox lies: a local path or an s3:// address."""
    return f"{inbox.rstrip('/')}/{name}" if inbox.startswith("s3://") else str((Path(inbox) / name).resolve())


def changed(inbox: str) -> int:
    """When something was last put directly into a local inbox or taken out of it (ns); 0 where nobody can tell."""
    return Path(inbox).stat().st_mtime_ns if not inbox.startswith("s3://") and Path(inbox).is_dir() else 0


def later_folders(inbox: str, after: str) -> list[str]:
    """Names of the folders of an S3 inbox that come after ``after`` in key order; what comes before is not listed."""
    names = s3_folders(inbox, f"{after}{_AFTER_SLASH}" if after else "")
    # Not every server skips a whole folder because of StartAfter.
    return [name for name in names if not after or in_key_order(name) > in_key_order(after)]


def new_folders(inbox: str, cursor: Cursor, now: float) -> list[str]:
    """Folders that may be new: those after the cursor, or of a changed local inbox; now and then all of them.

    Names that begin with a dot or an underscore are let be.
    """
    from livecc_assets.source.folders import inbox_folders

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
