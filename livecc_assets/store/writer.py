"""Writing an artifact: rows stream out as they come, the manifest is written last and makes them visible."""

import contextlib
import hashlib
import os
import secrets
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.fs as pafs
import pyarrow.parquet as pq

from livecc_assets.core.errors import PassingError, UserError
from livecc_assets.core.shortage import writing
from livecc_assets.core.text import sound_values
from livecc_assets.store.artifact import REJECTED, ROWS
from livecc_assets.store.blobs import Blobs, ConflictError
from livecc_assets.store.lease import Lease
from livecc_assets.store.manifest import Manifest, StoredFile, Upstream, cut_short, digest
from livecc_assets.store.notes import Notes
from livecc_assets.store.parts import FOLDER, SECONDS, Parts
from livecc_assets.store.rows import REJECTED_SCHEMA, Note, Piece, Rejected, Row

#: Rows per row group: small enough that a reader holds little, large enough to compress.
GROUP_ROWS = 1024
#: Bytes of a file that wait to be written together.
BUFFER = 2**20


def new_attempt() -> str:
    """A name that no other writer has: time first, so that files sort by age."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.getpid():x}-{secrets.token_hex(3)}"


class _Table:
    """One streamed Parquet file with its running digest."""

    def __init__(self, blobs: Blobs, key: str, name: str, schema: pa.Schema) -> None:
        self.key, self.name, self.schema, self.rows = key, name, schema, 0
        self._pending: list[dict[str, Any]] = []
        self._tables: list[pa.Table] = []
        self._sha, self._size = hashlib.sha256(), 0
        if isinstance(blobs.fs, pafs.LocalFileSystem):
            Path(blobs.arrow_path(key)).parent.mkdir(parents=True, exist_ok=True)
        self._blobs = blobs
        with self._writing():
            self._stream = blobs.fs.open_output_stream(blobs.arrow_path(key))
        self._buffer = pa.BufferedOutputStream(pa.PythonFile(self, mode="w"), BUFFER)
        self._parquet = pq.ParquetWriter(self._buffer, schema, compression="zstd")

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        with self._blobs.explained(), writing(self._blobs.arrow_path(self.key)):
            yield

    # pyarrow writes through these, so that the digest costs no second read of the file; a page at a time would be too
    # often, for each call waits until no other thread runs Python
    closed = False

    def write(self, data: Any) -> int:
        view = memoryview(data)
        self._sha.update(view)
        self._size += view.nbytes
        self._stream.write(data)
        return view.nbytes

    def flush(self) -> None:
        self._stream.flush()

    def close(self) -> None:
        self.closed = True

    def add(self, row: dict[str, Any]) -> None:
        self._pending.append(row)
        self.rows += 1
        if len(self._pending) >= GROUP_ROWS:
            self.gather()

    def add_table(self, rows: pa.Table) -> None:
        self.gather()
        if rows.schema != self.schema:
            raise TypeError(f"{self.key}: a table does not fit the schema: {rows.schema} is not {self.schema}")
        self.rows += rows.num_rows
        self._tables.append(rows)
        self.groups()

    def gather(self) -> None:
        """Turn the rows that wait into a table."""
        if self._pending:
            try:
                self._tables.append(self._as_table())
            except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
                raise TypeError(f"{self.key}: a row does not fit the schema: {error}") from error
            self._pending = []
            self.groups()

    def _as_table(self) -> pa.Table:
        try:
            return pa.Table.from_pylist(self._pending, self.schema)
        except UnicodeEncodeError:  # half of a character in text from outside, whose door let it through
            return pa.Table.from_pylist(sound_values(self._pending), self.schema)

    def groups(self, last: bool = False) -> None:
        """Write full row groups, and with ``last`` what is left: the bytes do not tell in what portions rows came."""
        waiting = sum(table.num_rows for table in self._tables)
        whole = waiting if last else waiting - waiting % GROUP_ROWS
        if whole:
            together = pa.concat_tables(self._tables)
            with self._writing():
                self._parquet.write_table(together.slice(0, whole), row_group_size=GROUP_ROWS)
            self._tables = [together.slice(whole)]

    def finish(self) -> StoredFile:
        self.gather()
        self.groups(last=True)
        with self._writing():
            self._parquet.close()
            self._buffer.close()
            self._stream.close()
        return StoredFile(self.name, self.key, self._size, self._sha.hexdigest())

    def abandon(self) -> None:
        with self._writing():
            self._stream.close()
        self._blobs.delete(self.key)


class Writer:
    """Collects rows, rejected rows and files of one attempt; ``commit`` makes them an artifact.

    Bytes go to keys that carry the attempt, so that the loser of a race can never touch the winner's; a process
    killed at any instant before the manifest is written leaves nothing that a reader can see.
    """

    def __init__(
        self,
        blobs: Blobs,
        place: str,
        schema: pa.Schema | None,
        *,
        asset: str,
        partition: str,
        input_key: str,
        code_version: str,
        config: dict[str, Any],
        upstream: list[Upstream],
        contents: dict[str, str] | None = None,
        error_limit: float = 1.0,
        run_id: str = "",
        replaces: str | None = None,
    ) -> None:
        self.blobs, self.place, self.attempt = blobs, place, new_attempt()
        self.metadata: dict[str, Any] = {}
        self._about = {
            "asset": asset,
            "partition": partition,
            "input_key": input_key,
            "code_version": code_version,
            "config": config,
            "upstream": upstream,
            "contents": contents or {},
            "run_id": run_id,
        }
        self._schema, self._error_limit, self._replaces = schema, error_limit, replaces
        self._lease = Lease(blobs, place, self.attempt)
        self._started, self._reasons, self._files = time.monotonic(), Counter[str](), list[StoredFile]()
        self._rows = self._table(ROWS, schema) if schema is not None else None
        self._rejected = self._table(REJECTED, REJECTED_SCHEMA)
        self._parts: Parts | None = None
        self._notes = Notes()

    def _table(self, name: str, schema: pa.Schema) -> _Table:
        stem = {ROWS: "part", REJECTED: "rejected"}[name]
        return _Table(self.blobs, f"{self.place}/{stem}-{self.attempt}-00000.parquet", name, schema)

    def add(self, row: Row) -> None:
        """One row, the reason why there is none, or a note."""
        if isinstance(row, Note):
            self._notes.add(row)
            if row.kind is not None:
                self._rejected.add(row.as_row())
        elif isinstance(row, Rejected):
            self._reasons[f"{row.kind}:{row.reason}"] += 1
            self._rejected.add(row.as_row())
        elif self._rows is None:
            raise TypeError(f"{self.place}: this artifact has files, not rows")
        else:
            self._rows.add(row)

    def add_table(self, rows: pa.Table) -> None:
        """Many rows at once, in the asset's schema."""
        if self._rows is None:
            raise TypeError(f"{self.place}: this artifact has files, not rows")
        self._rows.add_table(rows)

    def add_rejected(self, rejected: pa.Table) -> None:
        """Many rejected rows at once, in the columns of ``REJECTED_SCHEMA``."""
        names = pc.binary_join_element_wise(rejected["kind"], rejected["reason"], ":")  # type: ignore[attr-defined]
        for item in names.value_counts().to_pylist():
            self._reasons[item["values"]] += item["counts"]
        self._rejected.add_table(rejected)

    def add_pieces(self, pieces: Iterable[Piece]) -> None:
        """All parts of what a step makes, streamed."""
        for piece in pieces:
            self.add_table(piece.rows)
            self.add_rejected(piece.rejected)

    def extend(self, rows: Iterable[Row]) -> None:
        """All rows of a step's generator, streamed."""
        for row in rows:
            self.add(row)

    def add_file(self, path: Path | str, name: str) -> None:
        """Store a local file as part of the artifact, under a relative name."""
        path = Path(path)
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise UserError(f"{name}: a file of an artifact needs a relative name without ..")
        key = f"{self.place}/files-{self.attempt}/{name}"
        sha = self.blobs.upload(path, key)
        self._files.append(StoredFile(name, key, path.stat().st_size, sha))

    def parts(self, total: int, unit: int = 1, seconds: float = SECONDS, writes: bool = True) -> Parts:
        """What earlier attempts finished of ``total`` items, and where this one keeps its own; see :class:`Parts`.

        A forced run has parts of its own, named after the manifest that it replaces: it goes on where it was killed, and is
        served nothing of what it is to compute again.
        """
        if self._parts is not None:
            raise RuntimeError(f"{self.place}: a step has one set of parts, or one loop would be served another's rows")
        folder = f"{self.place}/{FOLDER}/{digest(self._replaces) if self._replaces else 'first'}"
        self._parts = Parts(self.blobs, folder, total, unit, seconds, writes)
        return self._parts

    def commit(self) -> Manifest:
        """Write the manifest. The first writer of a place wins; a later one gets the winner's manifest back."""
        try:
            manifest = self._whole()
        except BaseException:
            self.abandon()
            raise
        try:
            published = self._publish(manifest)
            if self._parts is not None:
                self._parts.clear()
            return published
        finally:
            self._lease.end()

    def _whole(self) -> Manifest:
        """The manifest of files that are finished and on the disk."""
        tables = [table for table in (self._rows, self._rejected) if table is not None]
        manifest = Manifest(
            **self._about,
            attempt=self.attempt,
            files=[table.finish() for table in tables] + self._files,
            rows=self._rows.rows if self._rows else 0,
            rejected=self._rejected.rows - self._notes.listed,
            reasons=dict(sorted(self._reasons.items())),
            columns={field.name: str(field.type) for field in self._schema} if self._schema else {},
            metadata=self.metadata | self._notes.as_metadata(),
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            seconds=round(time.monotonic() - self._started, 2),
        )
        manifest.checks["error_share"] = manifest.error_share <= self._error_limit
        self._look_after(manifest.files)
        return manifest

    def _look_after(self, files: Iterable[StoredFile]) -> None:
        """Each file is there as it was written, and would be after a power cut; only then may a manifest name it."""
        for file in files:
            size = self.blobs.size(file.key)
            if size != file.size:
                raise PassingError(
                    f"{self.blobs.root}: {cut_short(file, size)}, while it was being written; run it again"
                )
            self.blobs.sync(file.key)

    def _publish(self, manifest: Manifest) -> Manifest:
        key = f"{self.place}/manifest.json"
        try:
            if self._replaces is None:
                self.blobs.create(key, manifest.to_json())
            else:
                self.blobs.replace(key, manifest.to_json(), self._replaces)
        except ConflictError:
            winner = self.blobs.get(key)
            if winner is None:
                raise
            return Manifest.from_json(winner[0])
        return manifest

    def abandon(self) -> None:
        """Remove what was written without a manifest: a disk that is full has no room for it until garbage collection comes.
        Parts stay for the next attempt. What ended the step is what is told, not what fails in here."""
        for table in (self._rows, self._rejected):
            if table is not None:
                with contextlib.suppress(Exception):
                    table.abandon()
        for file in self._files:
            with contextlib.suppress(Exception):
                self.blobs.delete(file.key)
        with contextlib.suppress(Exception):
            if self._parts is not None:
                self._parts.flush()
        with contextlib.suppress(Exception):
            self._lease.end()
