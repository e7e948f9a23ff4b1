"""A Dagster asset from a plain step: keys, partitions, mappings, checks; the work itself is the resource's."""

import inspect
import warnings
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg

from livecc_assets.core.environment import whole_number
from livecc_assets.core.errors import PassingError, UserError
from livecc_assets.core.redaction import redact, shown
from livecc_assets.core.shortage import as_line
from livecc_assets.graph.settings import Settings, load_settings
from livecc_assets.graph.step import Step, named_partitions
from livecc_assets.orchestration.interrupts import StepInterruptedError, unwanted
from livecc_assets.orchestration.partitions import DEFINITIONS, mapping
from livecc_assets.store.manifest import digest

#: How often a worker step is tried again after a failure that may pass: its node was lost, it was evicted, the cluster's
#: API was away. What trying again cannot mend (see ``UserError`` and the launchers' verdicts) fails at once.
RETRIES, RETRIES_VARIABLE = 2, "LIVECC_RETRIES"
#: Seconds before the first retry, about; the pause before the second is three times as long.
RETRY_DELAY = 30

#: What the pod of a step gets where each step has one (``resources.executor``). A worker's step waits for the worker's own pod,
#: which gets what the launcher's file says; then it draws the asset's page. Other steps do their work in this pod.
WAITING = {"requests": {"cpu": "100m", "memory": "512Mi"}, "limits": {"memory": "2Gi"}}
WORKING = {"requests": {"cpu": "500m", "memory": "1Gi"}, "limits": {"memory": "4Gi"}}

#: Key of the IO manager that hands out artifacts (``resources.artifacts``).
ARTIFACTS = "artifacts"

#: Name of the check that stops what is downstream when too many rows are in error.
ERROR_SHARE = "error_share"


def code_version(step: Step, settings: Settings) -> str:
    """What Dagster is told: the step's own version, and a digest of what its partitions read of the settings.

    A batch's registration is no part of it: it belongs to one partition, and the input key has it.
    """
    # All batches read the same settings.
    partitions = [""] if step.partitioned_by == "batch" else named_partitions(step, settings)
    own = {partition: step.own_settings(settings, partition) for partition in partitions}
    return f"{step.version}-{digest(own)[:6]}"


def _code_reference(step: Step) -> dict[str, Any]:
    """Where the asset's function stands. Dagster's own helper would find the wrapper below, one for all assets."""
    try:
        file, line = inspect.getfile(step.function), inspect.getsourcelines(step.function)[1]
    except OSError:  # typed at a prompt
        return {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)
        label = f"{Path(file).name}: {step.asset}"
        reference = dg.LocalFileCodeReference(file_path=file, line_number=line, label=label)
        return {"dagster/code_references": dg.CodeReferencesMetadataValue(code_references=[reference])}


def _metadata(step: Step) -> dict[str, Any]:
    known, schema = _code_reference(step), step.schema()
    if schema is None:
        return known
    columns = []
    for field in schema:
        text = (field.metadata or {}).get(b"doc", b"").decode()
        columns.append(dg.TableColumn(field.name, str(field.type).replace("element: ", ""), description=text))
    return known | {"dagster/column_schema": dg.TableSchema(columns=columns)}


def _check(step: Step) -> dg.AssetCheckSpec:
    with warnings.catch_warnings():
        # Partitioned checks are in preview; without them one bad batch would fail the check of the whole asset.
        warnings.simplefilter("ignore", dg.PreviewWarning)
        return dg.AssetCheckSpec(
            ERROR_SHARE,
            asset=step.asset,
            blocking=True,
            partitions_def=DEFINITIONS[step.partitioned_by],
            description="Rows in error stay below the profile's limit; rows that the method filters do not count.",
        )


def retry_policy(step: Step) -> dg.RetryPolicy | None:
    """The one owner of a worker step's retries; None for steps without a worker, whose failures do not pass by themselves."""
    if step.worker is None:
        return None
    jitter = dg.Jitter.PLUS_MINUS  # steps that one lost node threw out do not come back all at once
    return dg.RetryPolicy(retries(), RETRY_DELAY, dg.Backoff.EXPONENTIAL, jitter)


def retries() -> int:
    """How often a failed worker is tried again. Raises UserError when the environment holds no such number."""
    return whole_number(RETRIES_VARIABLE, RETRIES, "write how often a failed worker is tried again, 0 for never")


def freshness(fresh_days: int | None) -> dg.FreshnessPolicy | None:
    """Overdue after so many days without a materialization of any partition; a warning after two thirds of them."""
    if fresh_days is None:
        return None
    late = timedelta(days=fresh_days)
    return dg.FreshnessPolicy.time_window(fail_window=late, warn_window=late * 2 / 3)


def _op_tags(step: Step) -> dict[str, Any]:
    # On the op, because tags of a job do not reach the pods of its steps.
    pod = {"container_config": {"resources": WAITING if step.worker else WORKING}}
    return {"dagster-k8s/config": pod} | ({"livecc/worker": step.worker} if step.worker else {})


def declare(step: Step, steps: Mapping[str, Step], settings: Settings | None = None) -> dg.AssetsDefinition:
    """The asset of one step. ``steps`` names its upstream steps, whose partitions decide the mappings.

    ``settings`` are those in force, for whoever declares many and need not read them for each.
    """
    settings = settings or load_settings()
    group = settings.profile.groups.named(step.group)

    @dg.asset(
        name=step.asset,
        group_name=step.group,
        owners=group.owners if group else None,
        freshness_policy=freshness(group.fresh_days if group else None),
        description=step.description,
        partitions_def=DEFINITIONS[step.partitioned_by],
        deps=[dg.AssetDep(name, partition_mapping=mapping(steps[name], step)) for name in step.upstream],
        code_version=code_version(step, settings),
        metadata=_metadata(step),
        kinds={"python", "parquet" if step.schema() is not None else "safetensors"},
        check_specs=[_check(step)],
        required_resource_keys={"livecc"},
        io_manager_key=ARTIFACTS,
        op_tags=_op_tags(step),
        pool=step.pool,
        retry_policy=retry_policy(step),
    )
    def asset(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        try:
            return context.resources.livecc.materialise(context, step)
        except (KeyboardInterrupt, dg.DagsterExecutionInterruptedError) as error:
            if unwanted(context):
                raise StepInterruptedError from error
            raise
        except dg.Failure:  # the launchers' words, which they redact
            raise
        except Exception as error:
            told = as_line(error) or error
            if isinstance(told, UserError):
                # What a person can mend is said in one line; trying again changes nothing, unless it may pass by itself.
                passing = isinstance(told, PassingError)
                raise dg.Failure(description=redact(str(told)), allow_retries=passing) from shown(error)
            # The event log keeps what an error says, and libraries quote addresses with their passwords.
            if (kept := shown(error)) is error:
                raise
            raise kept from None

    return asset
