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
    if found is None:
        if _is_empty(blobs):
            return False
        found = blobs.get(KEY)  # another process may have marked it, and written, in between
    _refuse_another(blobs.root, found[0] if found else None)
    return True


def check_folder(root: Path) -> None:
    """:func:`check` for a local root, by looking only: the folder is not made."""
    if not root.is_dir():
        return
    names = [f"{item.name}/" if item.is_dir() else item.name for item in root.iterdir()]
    file = root / KEY
    if not all(name.startswith(_NO_STATE) for name in names):
        _refuse_another(str(root), file.read_bytes() if file.is_file() else None)


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


def _refuse_another(root: str, mark: bytes | None) -> None:
    number = None if mark is None else _number(mark)
    if number != LAYOUT:
        raise UserError(told(root, number))


def _number(text: bytes) -> int | None:
    try:
        return int(json.loads(text)["layout"])
    except (ValueError, KeyError, TypeError):
        return None


def _is_empty(blobs: Blobs) -> bool:
    return all(item.key.startswith(_NO_STATE) for item in blobs.listed(""))
