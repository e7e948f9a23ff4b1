"""A batch from its folder: every file becomes a row of ``yt_cc_source`` or a rejected row."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from livecc_assets.source.ingest import scan, source_rows
from livecc_assets.store.rows import Rejected


def batch_rows(
    config: dict[str, Any], home: Path, report: Callable[[int, int, str], None]
) -> Iterator[dict[str, Any] | Rejected]:
    """Rows of the batch under ``config["uri"]``; ``category`` is given to videos whose metadata name none."""
    candidates = list(scan(config["uri"]))
    default = config.get("category")
    for row in source_rows(candidates, config, lambda done: report(done, len(candidates), "files read"), home):
        if default and isinstance(row, dict) and row["category"] is None:
            row["category"] = default
        yield row
