"""Where a video lies. Tables name it by its batch and its path there; the registration of the batch says where that is now."""

from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa

from livecc_assets.store.blobs import Blobs
from livecc_assets.store.registry import registered
from livecc_assets.store.rows import column

#: Gives the address (a local path or s3://…) of the video that a row names.
AddressOf = Callable[[Mapping[str, Any]], str]

#: Columns of every table whose rows are about a video file.
COLUMNS = ("batch", "path", "sha256")


def video_columns(*, own_folder: bool = False) -> list[pa.Field]:
    """The fields of ``COLUMNS``. ``own_folder``: videos may lie in a benchmark's own folder, which is no batch."""
    batch, path, sha256 = (
        "Source batch of the video",
        "Path of the video in its batch's folder",
        "Digest of the video's bytes",
    )
    if own_folder:
        batch += "; empty for a video of the benchmark's own folder"
        path += ", or in the benchmark's own"
        sha256 += "; null for a video of the benchmark's own folder"
    text = pa.string()
    return [
        column("batch", text, batch),
        column("path", text, path),
        column("sha256", text, sha256, nullable=own_folder),
    ]


def own_path(row: Mapping[str, Any]) -> str:
    """The path that a row names, as it stands: for records that others published, whose paths are addresses."""
    return row["path"]


class Videos:
    """Addresses by row. Each batch's registration is read once; threads may ask at once.

    ``folder`` holds the videos of rows without a batch: those of a benchmark, or of records that others published.
    """

    def __init__(self, blobs: Blobs, folder: str = "") -> None:
        self._blobs, self._folder = blobs, folder
        self._batches: dict[str, dict[str, Any]] = {}

    def batch(self, name: str) -> dict[str, Any]:
        """The batch's registration; UserError where there is none."""
        if name not in self._batches:
            self._batches[name] = registered(self._blobs, name)
        return self._batches[name]

    def address(self, row: Mapping[str, Any]) -> str:
        """Where the video of a row (``batch``, ``path``) lies. Raises UserError for a batch that is not registered."""
        root = self.batch(row["batch"])["uri"] if row["batch"] else self._folder
        return f"{root.rstrip('/')}/{row['path']}" if root else row["path"]
