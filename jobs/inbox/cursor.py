"""What the inbox sensor remembers between ticks."""

import json
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple


def in_key_order(name: str) -> bytes:
    """Sorts folder names as S3 sorts the keys in them ("a-b/…" comes before "a/…")."""
    return f"{name}/".encode("utf-8", "surrogateescape")  # Linux takes names that are not UTF-8


class Waiting(NamedTuple):
    """The digest of a folder's listing and since when it has been seen (Unix seconds); empty before the first look."""

    digest: str = ""
    since: float = 0.0


@dataclass
class Cursor:
    """``after``: the last folder name, in key order, that was seen in an S3 inbox. ``changed``: when a local inbox was
    last changed (ns). ``swept``: when all its folders were last looked at (Unix seconds). ``waiting``: new folders, and
    ``changing``: batches whose files are no longer those that were read; those that have waited longest come first.
    ``looked``: the batch at which the rotation through all of them stands.
    """

    after: str = ""
    changed: int = 0
    swept: float = 0.0
    waiting: dict[str, Waiting] = field(default_factory=dict)
    changing: dict[str, Waiting] = field(default_factory=dict)
    looked: str = ""

    @classmethod
    def read(cls, text: str | None) -> "Cursor":
        """From the sensor's cursor. Earlier forms are understood: one held only the waiting folders, both held no times."""
        found: dict[str, Any] = json.loads(text or "{}")
        if not isinstance(found.get("waiting"), dict):
            found = {"waiting": found}
        for kind in ("waiting", "changing"):
            found[kind] = _waits(found.get(kind, {}))
        return cls(**found)

    def write(self) -> str:
        """As the sensor's cursor."""
        return json.dumps(asdict(self))

    def seen(self, names: list[str]) -> None:
        """Move ``after`` past these folders."""
        self.after = max([self.after, *names], key=in_key_order)


def _waits(found: dict[str, Any]) -> dict[str, Waiting]:
    """A digest without a time says nothing: its folder is looked at as if for the first time."""
    return {name: Waiting(*one) if isinstance(one, list) else Waiting() for name, one in found.items()}
