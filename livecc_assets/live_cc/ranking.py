"""What both training sets share with their join: rows that are read again, and the bands of a selection file."""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol


class Readable(Protocol):
    """Rows that can be read again and again, by columns; an artefact of the store is one."""

    def rows(self, columns: Sequence[str] | None = None) -> Iterator[dict[str, Any]]:
        """All rows, streamed, with the named columns only."""
        ...


def band(values: Sequence[float | None] | None) -> tuple[float | None, float | None]:
    """A selection file's ``[low, high]``; a missing entry or null lifts the limit."""
    low, high = values if values else (None, None)
    return low, high
