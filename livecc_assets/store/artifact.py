"""Reading an artifact: rows by streaming over row groups, extra files by path."""

import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from livecc_assets.core.errors import PassingError, UserError
from livecc_assets.store.blobs import Blobs
from livecc_assets.store.manifest import Manifest, StoredFile

if TYPE_CHECKING:
    import pyarrow.dataset as pads

ROWS, REJECTED = "rows.parquet", "rejected.parquet"
#: Bytes of row groups that are fetched together. pyarrow asks for them in few requests, and holds them until the last is
#: read: left to itself it would hold the whole table.
AHEAD = 32 * 2**20


def pieces(metadata: pq.FileMetaData, columns: Sequence[str] | None, size: int) -> Iterator[list[int]]:
    """Numbers of the row groups in order, together while the wanted columns have up to ``size`` stored bytes."""
    wanted = set(columns or ())
    piece, filled = list[int](), 0
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        parts = (group.column(place) for place in range(group.num_columns))
        own = sum(
            part.total_compressed_size for part in parts if not wanted or part.path_in_schema.split(".")[0] in wanted
        )
        if piece and filled + own > size:
            yield piece
            piece, filled = [], 0
        piece.append(number)
        filled += own
    if piece:
        yield piece


class Artifact:
    """A committed artifact, read only through its manifest: what the manifest does not name is not there."""

    def __init__(self, blobs: Blobs, manifest: Manifest, cache: Path) -> None:
        self.blobs, self.manifest, self.cache = blobs, manifest, cache
        self._files = {file.name: file for file in manifest.files}

    @property
    def asset(self) -> str:
        """Asset key."""
        return self.manifest.asset

    @property
    def partition(self) -> str:
        """Partition key ("all" for an asset without partitions, "shared" for stages that experiments share)."""
        return self.manifest.partition

    @property
    def data_version(self) -> str:
        """Digest of the content."""
        return self.manifest.data_version

    @property
    def count(self) -> int:
        """Number of rows."""
        return self.manifest.rows

    @property
    def names(self) -> list[str]:
        """Names of all files, the tables included."""
        return sorted(self._files)

    def _file(self, name: str) -> StoredFile:
        if name not in self._files:
            raise FileNotFoundError(f"{self.asset}/{self.partition}: no file {name}; there are {', '.join(self.names)}")
        return self._files[name]

    def batches(
        self,
        table: str = ROWS,
        columns: Sequence[str] | None = None,
        batch_rows: int = 1024,
        threads: bool = True,
    ) -> Iterator[pa.RecordBatch]:
        """Record batches of a table; ``AHEAD`` bytes of it, or one row group, are in memory at a time.

        ``threads`` decodes columns side by side, which costs more processor time than it saves when several tables are
        read at once.
        """
        file = self._file(table)
        with (
            self._damage_told(file),
            self.blobs.explained(),
            self.blobs.fs.open_input_file(self.blobs.arrow_path(file.key)) as source,
        ):
            wanted = list(columns) if columns else None
            parquet = pq.ParquetFile(source, pre_buffer=True)
            for groups in pieces(parquet.metadata, wanted, AHEAD):
                yield from parquet.iter_batches(batch_rows, groups, columns=wanted, use_threads=threads)

    @contextmanager
    def _damage_told(self, file: StoredFile) -> Iterator[None]:
        """A file that is gone or holds other bytes is one line with the remedy."""
        try:
            yield
        except PassingError:
            raise
        except (UserError, pa.ArrowInvalid, OSError) as error:
            # What pyarrow says of a damaged table has no number; a disk that is full or a lack of descriptors has one.
            spoilt = isinstance(error, pa.ArrowInvalid) or (isinstance(error, OSError) and error.errno is None)
            if not spoilt and self.blobs.size(file.key) == file.size:
                raise
            raise self._damaged(file) from error

    def _damaged(self, file: StoredFile) -> UserError:
        return UserError(
            f"{self.asset}[{self.partition}]: {self.blobs.root}/{file.key} is gone or damaged; `livecc verify --repair` finds "
            "what else is, and the next run of its job makes it again"
        )

    def dataset(self, table: str = ROWS) -> "pads.Dataset":
        """A table as an Arrow dataset, for readers that push columns and filters down."""
        import pyarrow.dataset as pads  # brings pandas along

        return pads.dataset(self.blobs.arrow_path(self._file(table).key), filesystem=self.blobs.fs, format="parquet")

    def rows(self, columns: Sequence[str] | None = None) -> Iterator[dict[str, Any]]:
        """Rows as dicts, streamed. An artifact without a table (a checkpoint) has none."""
        if ROWS in self._files:
            for batch in self.batches(ROWS, columns):
                yield from batch.to_pylist()

    def rejected(self) -> Iterator[dict[str, Any]]:
        """Rows of the ``rejected`` table: id, kind, reason, detail, video_id."""
        if REJECTED in self._files:
            for batch in self.batches(REJECTED):
                yield from batch.to_pylist()

    def path(self, name: str) -> Path:
        """A local file with the content of one file of the artifact."""
        file = self._file(name)
        found = self.blobs.local(file.key, self.cache, file.sha256)
        if not found.is_file() or found.stat().st_size != file.size:
            raise self._damaged(file)
        return found

    def folder(self) -> Path:
        """A local folder that holds every extra file under its own name (a checkpoint as its loader expects it).

        Local artifacts are linked, not copied; S3 ones are downloaded once per attempt.
        """
        target = self.cache / "folders" / self.asset / f"{self.manifest.input_key}-{self.manifest.attempt}"
        if target.is_dir():
            return target
        staged = target.with_name(f"{target.name}.{os.getpid()}-{secrets.token_hex(3)}")
        for name in self.names:
            if name in (ROWS, REJECTED):
                continue
            place = staged / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(self.path(name).resolve())
        try:
            staged.rename(target)
        except OSError:  # another process made the same folder first
            shutil.rmtree(staged, ignore_errors=True)
        return target
