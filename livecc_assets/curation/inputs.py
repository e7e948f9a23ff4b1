"""What a selection reads of its step's inputs."""

from typing import Any


def by_partition(inputs: dict[str, list[Any]], assets: tuple[str, ...]) -> dict[str, tuple[Any, ...]]:
    """Artifacts of several assets side by side, for the partitions that have all of them."""
    found = {name: {artifact.partition: artifact for artifact in inputs.get(name, [])} for name in assets}
    shared = set.intersection(*(set(artifacts) for artifacts in found.values()))
    return {partition: tuple(found[name][partition] for name in assets) for partition in sorted(shared)}


def evaluation_ids(inputs: dict[str, list[Any]]) -> frozenset[str]:
    """Ids of every benchmark's videos, from the ``evaluation_videos`` artifact."""
    artifacts = inputs.get("evaluation_videos", [])
    return frozenset(row["video_id"] for artifact in artifacts for row in artifact.rows(["video_id"]))
