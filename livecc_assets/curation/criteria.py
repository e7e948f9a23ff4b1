"""What both training sets share with their join: rows that are read again, and limits from both sides."""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

#: ``(low, high)``; None lifts a limit.
Band = tuple[float | None, float | None]


class Readable(Protocol):
    """Rows that can be read again and again, by columns; an artifact of the store is one."""

    def rows(self, columns: Sequence[str] | None = None) -> Iterator[dict[str, Any]]:
        """All rows, streamed, with the named columns only."""
        ...
