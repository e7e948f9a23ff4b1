"""A table on S3 is read in few requests and in flat memory, and comes out as it went in."""

# ruff: noqa: F811 (fixtures of another file are asked for by name)
import hashlib
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from livecc_assets.store import Store, artifact
from livecc_assets.store.blobs import S3Blobs
from livecc_assets.store.writer import GROUP_ROWS
from tests.store.s3_proxy import Proxy
from tests.store.test_s3 import blobs, bucket, endpoint, moto, server  # noqa: F401

COLUMNS = 8
SCHEMA = pa.schema([(f"c{number}", pa.string()) for number in range(COLUMNS)])
GROUPS = 12


def _text(name: str, number: int) -> str:
    """Text that no codec makes small: the footer is fetched with what lies before it."""
    return hashlib.sha256(f"{name}-{number}".encode()).hexdigest()


@pytest.fixture
def table(blobs: S3Blobs, server: Proxy, tmp_path: Path) -> artifact.Artifact:
    """A table of twelve row groups of eight columns; ``server.seen`` begins after it is opened."""
    store = Store(blobs.root, tmp_path / "cache")
    writer = store.write("clips", "b", "k", SCHEMA, code_version="1", config={}, upstream=[])
    for start in range(0, GROUPS * GROUP_ROWS - 7, GROUP_ROWS):
        numbers = range(start, min(start + GROUP_ROWS, GROUPS * GROUP_ROWS - 7))
        writer.add_table(pa.table({name: [_text(name, number) for number in numbers] for name in SCHEMA.names}, SCHEMA))
    writer.commit()
    found = store.at("clips/b/k")
    assert found is not None
    server.seen.clear()
    return found


def gets(server: Proxy) -> int:
    return sum(method == "GET" for method, _ in server.seen)


def test_row_groups_are_fetched_together_not_column_by_column(table: artifact.Artifact, server: Proxy) -> None:
    found = pa.Table.from_batches(table.batches())
    assert found.num_rows == GROUPS * GROUP_ROWS - 7
    assert found["c7"].to_pylist() == [_text("c7", number) for number in range(found.num_rows)]
    assert gets(server) <= 4, "the footer, and the row groups as one piece; one request a column and group would be 96"


def test_no_more_than_a_bounded_piece_is_in_memory(
    table: artifact.Artifact,
    server: Proxy,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = pa.Table.from_batches(table.batches())
    server.seen.clear()
    monkeypatch.setattr(artifact, "AHEAD", 1)
    assert pa.Table.from_batches(table.batches()).equals(whole)
    assert gets(server) >= GROUPS, "a piece is one row group at least, and each is fetched by itself"


def test_columns_that_nobody_asked_for_do_not_make_the_pieces_smaller(table: artifact.Artifact) -> None:
    with table.blobs.fs.open_input_file(table.blobs.arrow_path(table.manifest.files[0].key)) as source:
        metadata = pq.ParquetFile(source).metadata
    whole = metadata.row_group(0).column(0).total_compressed_size * COLUMNS
    pieces = list(artifact.pieces(metadata, None, whole * 2))
    assert [number for piece in pieces for number in piece] == list(range(GROUPS))
    assert len(list(artifact.pieces(metadata, ["c1", "c3"], whole * 2))) < len(pieces)


def test_an_empty_table_is_read(blobs: S3Blobs, tmp_path: Path) -> None:
    store = Store(blobs.root, tmp_path / "cache")
    store.write("clips", "b", "k", SCHEMA, code_version="1", config={}, upstream=[]).commit()
    found = store.at("clips/b/k")
    assert found is not None and list(found.rows()) == []
