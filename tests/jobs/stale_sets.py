"""Prints what Dagster's UI would mark as stale and what `livecc status` says, as JSON; a program of test_unattended.py."""

import json

import dagster as dg

# The GraphQL server asks these; Dagster has no public way to the same answer.
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus
from dagster._core.loader import LoadingContextForTest

from livecc_assets.definitions import defs
from livecc_assets.graph.settings import load_settings
from livecc_assets.graph.status import WAITING, partition_statuses
from livecc_assets.orchestration.steps import STEPS


def main() -> None:
    """Partitions that were made at some time, by asset."""
    settings, graph = load_settings(), defs.resolve_asset_graph()
    ours, theirs = list[str](), list[str]()
    with dg.DagsterInstance.get() as instance:
        resolver = CachingStaleStatusResolver(instance, graph, LoadingContextForTest(instance))
        for one in partition_statuses(STEPS, settings, settings.store()):
            if one.state in WAITING:  # Dagster knows nothing of batches that are retired, gone or held
                continue
            key = dg.AssetKey(one.asset)
            partition = one.partition if graph.get(key).partitions_def else None
            if one.state == "stale":
                ours.append(f"{one.asset}[{one.partition}]")
            if resolver.get_status(key, partition) == StaleStatus.STALE:
                theirs.append(f"{one.asset}[{one.partition}]")
    print(json.dumps({"ours": sorted(ours), "theirs": sorted(theirs)}))


if __name__ == "__main__":
    main()
