"""What the inbox sensor remembers between ticks, so that folders it knows are not looked at again."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from livecc_assets.store.s3_client import s3_folders

#: Seconds after which all folders of the inbox are looked at once, whatever their names.
SWEEP_SECONDS = 600
#: Seconds of listing and registering in one tick; Dagster ends a tick after 60. What is left waits for the next tick.
TICK_SECONDS = 25
#: The character after "/" in the order of S3 keys: everything in the folder "a" comes before the key "a0".
_AFTER_SLASH = "0"


def in_key_order(name: str) -> bytes:
    """Sorts folder names as S3 sorts the keys in them ("a-b/…" comes before "a/…")."""
    return f"{name}/".encode()


@dataclass
class Cursor:
    """``after``: the last folder name, in key order, that was seen in an S3 inbox. ``changed``: when a local inbox was
    last changed (ns). ``swept``: when all its folders were last looked at (Unix seconds). ``waiting``: new folders with
    the digest of their listing at the last look, empty before the first; those that have waited longest come first.
    """

    after: str = ""
    changed: int = 0
    swept: float = 0.0
    waiting: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, text: str | None) -> "Cursor":
        """From the sensor's cursor; one of an earlier form, which held only the waiting folders, is understood."""
        found = json.loads(text or "{}")
        return cls(**found) if "waiting" in found and isinstance(found["waiting"], dict) else cls(waiting=found)

    def write(self) -> str:
        """As the sensor's cursor."""
        return json.dumps(asdict(self))

    def seen(self, names: list[str]) -> None:
        """Move ``after`` past these folders."""
        self.after = max([self.after, *names], key=in_key_order)


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
