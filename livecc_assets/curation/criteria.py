"""What both training sets share with their join: rows that are read again, and the criteria of a selection file."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Protocol, Self

Band = tuple[float | None, float | None]


class Readable(Protocol):
    """Rows that can be read again and again, by columns; an artifact of the store is one."""

    def rows(self, columns: Sequence[str] | None = None) -> Iterator[dict[str, Any]]:
        """All rows, streamed, with the named columns only."""
        ...


def band(values: Sequence[float | None] | None) -> Band:
    """A selection file's ``[low, high]``; a missing entry or null lifts the limit."""
    low, high = values if values else (None, None)
    return low, high


@dataclass(frozen=True, kw_only=True)
class Criteria:
    """What a selection file asks for of any set; None (or absence) lifts a filter, as the paper's scale ablation does.

    ``loss`` is inclusive on both ends. ``rank`` other than ``distinct_words`` orders clips by a digest of their ids alone.
    """

    #: The criteria that are bands.
    BANDS: ClassVar[tuple[str, ...]] = ("loss",)

    loss: Band = (None, None)
    categories: frozenset[str] | None = None
    size: int | None = None
    rank: str | None = "distinct_words"

    @classmethod
    def of(cls, config: dict[str, Any]) -> Self:
        """From the selection file's section of the set; what is no criterion there is not for the join."""
        given = {field.name: config[field.name] for field in fields(cls) if field.name in config}
        given |= {name: band(given[name]) for name in cls.BANDS if name in given}
        if "categories" in given:
            given["categories"] = frozenset(given["categories"] or ()) or None
        return cls(**given)
