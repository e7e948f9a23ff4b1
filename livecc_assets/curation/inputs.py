"""What a selection reads of its step's inputs."""

from collections.abc import Sequence
from typing import Any


def by_partition(*tables: Sequence[Any]) -> dict[str, tuple[Any, ...]]:
    """Artifacts of several assets side by side, for the partitions that have all of them."""
    found = [{artifact.partition: artifact for artifact in table} for table in tables]
    shared = set.intersection(*map(set, found))
    return {partition: tuple(one[partition] for one in found) for partition in sorted(shared)}


def evaluation_ids(evaluation_videos: Any) -> frozenset[str]:
    """Ids of every benchmark's videos."""
    return frozenset(row["video_id"] for row in evaluation_videos.rows(["video_id"]))
