"""Conditions carry what changed in a batch to the selections, no further (docs/design.md, "Automation ends at the selections").

They begin no batch: the run that the inbox or a person asks for makes all of its assets, and two owners would make them twice.
"""

import warnings
from collections.abc import Sequence

import dagster as dg

from jobs.conditions import NotCancelled, ToBeMade
from jobs.requests import BY_ITSELF
from livecc_assets.orchestration.steps import BY_ASSET

#: Fires when an input's *content* changed since this partition was last made; an equal re-materialisation does not.
_CHANGED = dg.AutomationCondition.any_deps_match(dg.AutomationCondition.data_version_changed())

#: A batch asset follows its own batch, as soon as everything it reads is there and has passed its blocking checks. What
#: manifests say comes last: to Dagster a step that ended since the tick began is neither made nor under way.
FOLLOWS_ITS_BATCH = (
    (_CHANGED | dg.AutomationCondition.newly_missing()).since_last_handled()
    & ~dg.AutomationCondition.any_deps_match(dg.AutomationCondition.missing())
    & dg.AutomationCondition.all_deps_blocking_checks_passed()
    & ~dg.AutomationCondition.any_deps_match(dg.AutomationCondition.in_progress())
    & ~dg.AutomationCondition.in_progress()
    & NotCancelled()
    & ToBeMade()
).with_label("follows its batch")

#: A selection does not wait for every batch: one bad or missing batch never holds up the others.
FOLLOWS_ANY_BATCH = (
    _CHANGED.since_last_handled()
    & ~dg.AutomationCondition.any_deps_match(dg.AutomationCondition.in_progress())
    & ~dg.AutomationCondition.in_progress()
    & NotCancelled()
    & ToBeMade()
).with_label("follows any batch")


def condition_of(asset: str) -> dg.AutomationCondition | None:
    """The condition of an asset; None for everything that only people and named schedules start."""
    step = BY_ASSET[asset]
    if step.partitioned_by == "batch" and step.upstream:
        return FOLLOWS_ITS_BATCH
    if step.partitioned_by == "selection":
        return FOLLOWS_ANY_BATCH
    return None


def with_automation(assets: Sequence[dg.AssetsDefinition]) -> Sequence[dg.AssetsDefinition]:
    """The same assets with their automation conditions."""
    return dg.map_asset_specs(
        lambda spec: spec.replace_attributes(automation_condition=condition_of(spec.key.to_user_string())), assets
    )


def _follows() -> dg.AutomationConditionSensorDefinition:
    """Dagster's own sensor for conditions evaluates none but its own kinds, and its runs would go before those of people."""
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", dg.BetaWarning
        )  # of use_user_code_server; there is no other way for such a condition
        return dg.AutomationConditionSensorDefinition(
            "default_automation_condition_sensor",
            target=dg.AssetSelection.all(),
            description="Carries what changed in a batch to the selections. Trains nothing.",
            run_tags=BY_ITSELF,
            use_user_code_server=True,
        )


FOLLOWS = _follows()
