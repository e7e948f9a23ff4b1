"""Random access to the rows of an artifact without holding them in memory."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from livecc_assets.store.artifact import Artifact

BATCH_ROWS = 64


class RowFile:
    """Rows of one artifact by index, over a memory-mapped Arrow file: Parquet would decode a row group for every row."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._reader = pa.ipc.open_file(pa.memory_map(str(path)))
        sizes = [self._reader.get_batch(i).num_rows for i in range(self._reader.num_record_batches)]
        self._ends = np.cumsum(sizes, dtype=np.int64)

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    def __getitem__(self, index: int) -> dict[str, Any]:
        """The row as a dict; threads may read at once."""
        if not 0 <= index < len(self):
            raise IndexError(f"row {index} of {len(self)}")
        number = int(np.searchsorted(self._ends, index, side="right"))
        offset = index - (int(self._ends[number - 1]) if number else 0)
        return self._reader.get_batch(number).slice(offset, 1).to_pylist()[0]


def row_file(artifact: Artifact, folder: Path) -> RowFile:
    """The artifact's rows as a local Arrow file under ``folder``, written once for each data version.

    Row groups are streamed; a half-written file is never used, because it gets its name last.
    """
    path = folder / f"{artifact.asset}-{artifact.data_version}.arrow"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        staged = path.with_name(f".{path.name}.{os.getpid()}")
        with pa.OSFile(str(staged), "wb") as sink:
            writer = None
            for batch in artifact.batches(batch_rows=BATCH_ROWS):
                writer = writer or pa.ipc.new_file(sink, batch.schema)
                writer.write_batch(batch)
            if writer is None:
                writer = pa.ipc.new_file(sink, pa.schema([]))
            writer.close()
        staged.replace(path)
    return RowFile(path)
