"""The currency of every stage: a dict row that fits the asset's schema, the reason why there is none, or a note on one."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

import pyarrow as pa

Kind = Literal["filtered", "error"]


@dataclass(frozen=True)
class Rejected:
    """A row that a stage could not or would not carry on; stored in the artifact's ``rejected`` table.

    ``kind`` tells the method's own rules (``filtered``) from breakage (``error``); only errors count towards
    the profile's error limit. ``reason`` is a slug that groups the funnel, ``detail`` a sentence for people.
    """

    id: str
    kind: Kind
    reason: str
    detail: str
    video_id: str

    def as_row(self) -> dict[str, Any]:
        """The row of the ``rejected`` table."""
        return asdict(self)


@dataclass(frozen=True)
class Note:
    """A remark on a row that is kept, on a part of a row, or on something beside the rows; it counts in no share.

    The manifest's metadata say of each ``reason`` how many there are (``count``: how many this one stands for), with the
    first details. With a ``kind`` the note is also a line of the ``rejected`` table, for whoever looks for what was left out.
    """

    id: str
    reason: str
    detail: str
    video_id: str
    count: int = 1
    kind: Kind | None = None

    def as_row(self) -> dict[str, Any]:
        """The line of the ``rejected`` table."""
        return {name: getattr(self, name) for name in REJECTED_SCHEMA.names}


#: What a step's generator yields.
Row = dict[str, Any] | Rejected | Note

REJECTED_SCHEMA = pa.schema([(name, pa.string()) for name in ("id", "kind", "reason", "detail", "video_id")])

#: Rows that are turned into dicts at a time.
SOME = 64


@dataclass(frozen=True)
class Piece:
    """A part of what a stage makes: ``rows`` in its asset's schema, and ``rejected`` ones in ``REJECTED_SCHEMA``."""

    rows: pa.Table
    rejected: pa.Table

    def as_rows(self) -> Iterator[dict[str, Any] | Rejected]:
        """The same row by row, as a step's generator yields them."""
        for batch in self.rows.to_batches(SOME):
            yield from batch.to_pylist()
        for batch in self.rejected.to_batches(SOME):
            yield from (Rejected(**row) for row in batch.to_pylist())


WORD = pa.struct([("start", pa.float64()), ("end", pa.float64()), ("word", pa.string())])


def column(name: str, kind: pa.DataType, doc: str, nullable: bool = False) -> pa.Field:
    """A documented column: the text is kept in the Parquet file and shown on the asset's page."""
    return pa.field(name, kind, nullable=nullable, metadata={"doc": doc})
