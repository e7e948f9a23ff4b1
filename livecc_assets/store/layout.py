"""The layout of a store: which version of this project can read what lies under a root.

The root carries its number in ``_layout.json``. A root with another number, or with artifacts and none, is told in one
line and never read.
"""

import json
from pathlib import Path

from livecc_assets.core.errors import UserError
from livecc_assets.store.interface import Blobs, ConflictError

#: Grows with every change of what lies where, or of what a manifest or table means. State of before 0.2 carries none.
LAYOUT = 1
KEY = "_layout.json"
#: What may lie under a root before its first artifact: the sample's videos, a worker's messages, hidden files.
_NO_STATE = ("_sample/", "_messages/", ".")


def check(blobs: Blobs) -> bool:
    """Whether the root is marked as this version's; False where it holds no state yet. UserError for any other."""
    found = blobs.get(KEY)
    number = _number(found[0]) if found else None
    if number == LAYOUT or (found is None and _is_empty(blobs)):
        return number == LAYOUT
    raise UserError(told(blobs.root, number))


def check_folder(root: Path) -> None:
    """:func:`check` for a local root, by looking only: the folder is not made."""
    if not root.is_dir():
        return
    file = root / KEY
    number = _number(file.read_bytes()) if file.is_file() else None
    names = [f"{item.name}/" if item.is_dir() else item.name for item in root.iterdir()]
    if number == LAYOUT or (not file.is_file() and all(name.startswith(_NO_STATE) for name in names)):
        return
    raise UserError(told(str(root), number))


def claim(blobs: Blobs) -> None:
    """Mark the root as one of this version's layout, before the first thing is written there."""
    if check(blobs):
        return
    try:
        blobs.create(KEY, json.dumps({"layout": LAYOUT}).encode())
    except ConflictError:
        check(blobs)


def told(root: str, number: int | None) -> str:
    """The one line about a root of another layout."""
    made = "an earlier version, without a layout number" if number is None else f"another version, with layout {number}"
    return (
        f"{root}: this state was made by {made}; this version reads layout {LAYOUT}. Set LIVECC_HOME (or LIVECC_ROOT) to a "
        "new place and curate again, or use the version that made it"
    )


def _number(text: bytes) -> int | None:
    try:
        return int(json.loads(text)["layout"])
    except (ValueError, KeyError, TypeError):
        return None


def _is_empty(blobs: Blobs) -> bool:
    return all(item.key.startswith(_NO_STATE) for item in blobs.listed(""))
