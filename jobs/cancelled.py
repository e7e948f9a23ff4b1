"""What a person cancelled stays cancelled: automation leaves it alone until somebody, or the weekly schedule, runs it again."""

import dagster as dg


class NotCancelled(dg.AutomationCondition[dg.AssetKey]):
    """True for partitions whose last attempt was not cancelled before it made them.

    Dagster has conditions for assets that failed, but none for cancelled ones, so that a cancelled run would come back at the
    next tick.
    """

    @property
    def name(self) -> str:
        return "not cancelled"

    def evaluate(self, context: dg.AutomationContext) -> dg.AutomationResult:
        wanted = context.candidate_subset
        if not wanted.is_empty and (left := _cancelled(context.asset_graph_view.instance, wanted.key)):
            found = wanted.expensively_compute_asset_partitions()
            partitions = {one.partition_key for one in found if one.partition_key}
            wanted = wanted.compute_intersection_with_partition_keys(partitions - left)
        return dg.AutomationResult(context, true_subset=wanted)


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
