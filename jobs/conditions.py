"""Conditions that Dagster has not: what a person cancelled stays cancelled, and what would change nothing is not asked for."""

import dagster as dg

from livecc_assets.graph.settings import load_settings
from livecc_assets.graph.status import to_be_made
from livecc_assets.orchestration.steps import BY_ASSET


class NotCancelled(dg.AutomationCondition[dg.AssetKey]):
    """True for partitions whose last attempt was not cancelled before it made them, or that a schedule has tried since.

    Dagster has conditions for assets that failed, but none for cancelled ones, so that a cancelled run would come back at the
    next tick.
    """

    @property
    def name(self) -> str:
        return "not cancelled"

    def evaluate(self, context: dg.AutomationContext) -> dg.AutomationResult:
        wanted = context.candidate_subset
        if not wanted.is_empty and (left := _cancelled(context.asset_graph_view.instance, wanted.key)):
            wanted = wanted.compute_intersection_with_partition_keys(_partitions(context) - left)
        return dg.AutomationResult(context, true_subset=wanted)


class ToBeMade(dg.AutomationCondition[dg.AssetKey]):
    """True for partitions that a run would make anew, as manifests say.

    To Dagster every selection reads every batch. A selection of other batches would be served what it has, and one of which no
    batch can be used would fail.
    """

    @property
    def name(self) -> str:
        return "to be made"

    def evaluate(self, context: dg.AutomationContext) -> dg.AutomationResult:
        wanted = context.candidate_subset
        if not wanted.is_empty:
            settings, step = load_settings(), BY_ASSET[wanted.key.to_user_string()]
            found = to_be_made(step, _partitions(context), settings, settings.store())
            wanted = wanted.compute_intersection_with_partition_keys(found)
        return dg.AutomationResult(context, true_subset=wanted)


def _partitions(context: dg.AutomationContext) -> set[str]:
    """Those that the conditions before have left."""
    subset = context.candidate_subset
    return {one.partition_key for one in subset.expensively_compute_asset_partitions() if one.partition_key}


def _cancelled(instance: dg.DagsterInstance, key: dg.AssetKey) -> set[str]:
    """Partitions of an asset that a cancelled run was to make, and nobody has made or tried since."""
    storage = instance.event_log_storage
    attempts = storage.get_latest_asset_partition_materialization_attempts_without_materializations(key)
    if not attempts:
        return set()
    of_run = dg.RunsFilter(run_ids=sorted({run for run, _ in attempts.values()}))
    runs = instance.get_run_records(of_run)
    ended = {one.dagster_run.run_id for one in runs if one.dagster_run.status == dg.DagsterRunStatus.CANCELED}
    return {partition for partition, (run, _) in attempts.items() if run in ended}
