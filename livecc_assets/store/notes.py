"""Notes of an artifact, counted: what is said of rows that are kept."""

from typing import Any

from livecc_assets.core.text import brief
from livecc_assets.store.rows import Note

#: Details that are kept of each reason, and their longest form in bytes.
EXAMPLES, LONGEST = 3, 200


class Notes:
    """How many notes of each reason there were, and the first of them. ``listed``: how many are lines of ``rejected``."""

    def __init__(self) -> None:
        self.listed = 0
        self._found: dict[str, dict[str, Any]] = {}

    def add(self, note: Note) -> None:
        """Count a note."""
        of_reason = self._found.setdefault(note.reason, {"count": 0, "examples": []})
        of_reason["count"] += note.count
        if len(of_reason["examples"]) < EXAMPLES:
            of_reason["examples"].append(brief(note.detail, LONGEST))
        self.listed += note.kind is not None

    def as_metadata(self) -> dict[str, Any]:
        """``{"notes": {reason: {"count", "examples"}}}``, or nothing where there were none."""
        return {"notes": dict(sorted(self._found.items()))} if self._found else {}
