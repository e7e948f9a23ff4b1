"""Runs that nobody started by hand: what they are tagged with, and which assets they make."""

from collections.abc import Collection

import dagster as dg

from livecc_assets.orchestration.steps import BY_ASSET, STEPS

#: Tags of a run that a schedule, a sensor or a condition asks for. Those of people have priority 0 and leave the queue first.
BY_ITSELF = {"dagster/priority": "-1", "livecc/by_itself": "true"}

#: States of a run that has yet to end.
UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def affected(assets: Collection[str]) -> list[str]:
    """These assets and what is made from them within the same partition, in graph order.

    The others of a job have nothing to do. A step that finds so still takes a process, and a slot of its pool.
    """
    found: list[str] = []
    for step in STEPS:
        above = [name for name in step.upstream if BY_ASSET[name].partitioned_by == step.partitioned_by]
        if step.asset in assets or not set(above).isdisjoint(found):
            found.append(step.asset)
    return found
