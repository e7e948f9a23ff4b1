"""The currency of every stage: a dict row that fits the asset's schema, or the reason why there is none."""

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


REJECTED_SCHEMA = pa.schema([(name, pa.string()) for name in ("id", "kind", "reason", "detail", "video_id")])

WORD = pa.struct([("start", pa.float64()), ("end", pa.float64()), ("word", pa.string())])


def column(name: str, kind: pa.DataType, doc: str, nullable: bool = False) -> pa.Field:
    """A documented column: the text is kept in the Parquet file and shown on the asset's page."""
    return pa.field(name, kind, nullable=nullable, metadata={"doc": doc})
