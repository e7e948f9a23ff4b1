"""Tables that are read again and again, in pieces and by columns; scores that are found by id."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.compute

from livecc_assets.curation.criteria import Readable

#: pyarrow makes these functions when it is imported, where no type checker sees them.
pc: Any = pyarrow.compute
#: Rows of a piece when only a few columns are read, and when words are read with them.
NARROW, FULL = 65536, 4096
#: Rows that are turned from or into dicts at a time.
ROWS = 64


def read(table: Readable, schema: pa.Schema, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
    """A table in pieces: record batches of an artifact; of anything else, its rows under ``schema``. One at least."""
    piece = None
    for piece in _tables(table, schema, columns):
        yield piece
    if piece is None:
        yield _part(schema, columns).empty_table()


def _tables(table: Readable, schema: pa.Schema, columns: Sequence[str] | None) -> Iterator[pa.Table]:
    if batches := getattr(table, "batches", None):
        for batch in batches(columns=columns, batch_rows=NARROW if columns else FULL, threads=False):
            yield pa.Table.from_batches([batch])
        return
    rows = iter(table.rows(columns))
    while some := list(islice(rows, ROWS)):
        yield pa.Table.from_pylist(some, _part(schema, columns))


def _part(schema: pa.Schema, columns: Sequence[str] | None) -> pa.Schema:
    return pa.schema([schema.field(name) for name in columns]) if columns else schema


class Scores:
    """One batch's scores of one kind, found by id."""

    def __init__(self, table: Readable, schema: pa.Schema, key: str, *columns: str) -> None:
        found = pa.concat_tables(read(table, schema, [key, *columns]))
        self._keys = found[key].combine_chunks()
        self._columns = {name: found[name].combine_chunks() for name in columns}

    def of(self, ids: pa.ChunkedArray) -> dict[str, pa.Array]:
        """The columns in the order of ``ids``, null where an id has no score."""
        places = pc.index_in(ids, value_set=self._keys).combine_chunks()
        return {name: column.take(places) for name, column in self._columns.items()}
