"""A Dagster asset from a plain step: keys, partitions, mappings, checks; the work itself is the resource's."""

import os
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg

from livecc_assets.core.errors import PassingError, UserError
from livecc_assets.core.redaction import redact, shown
from livecc_assets.graph.settings import load_settings
from livecc_assets.graph.step import Step
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

#: Name of the check that stops what is downstream when too many rows are in error.
ERROR_SHARE = "error_share"


def _code_version(step: Step) -> str:
    """What Dagster is told: the step's own version and the digest of the profile that its config is read from."""
    return f"{step.code_version}-{digest(load_settings().profile.as_config())[:6]}"


def _columns(step: Step) -> Mapping[str, Any]:
    schema = step.schema()
    if schema is None:
        return {}
    columns = []
    for field in schema:
        text = (field.metadata or {}).get(b"doc", b"").decode()
        columns.append(dg.TableColumn(field.name, str(field.type).replace("element: ", ""), description=text))
    return {"dagster/column_schema": dg.TableSchema(columns=columns)}


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
    said = os.environ.get(RETRIES_VARIABLE) or str(RETRIES)
    if not said.isdecimal():
        raise UserError(f"{RETRIES_VARIABLE}={said}: write how often a failed worker is tried again, 0 for never")
    jitter = dg.Jitter.PLUS_MINUS  # steps that one lost node threw out do not come back all at once
    return dg.RetryPolicy(int(said), RETRY_DELAY, dg.Backoff.EXPONENTIAL, jitter)


def _op_tags(step: Step) -> dict[str, Any]:
    # On the op, because tags of a job do not reach the pods of its steps.
    pod = {"container_config": {"resources": WAITING if step.worker else WORKING}}
    return {"dagster-k8s/config": pod} | ({"livecc/worker": step.worker} if step.worker else {})


def declare(step: Step, steps: Mapping[str, Step]) -> dg.AssetsDefinition:
    """The asset of one step. ``steps`` names its upstream steps, whose partitions decide the mappings."""
    spec = dg.AssetSpec(
        step.asset,
        group_name=step.group,
        description=step.description,
        partitions_def=DEFINITIONS[step.partitioned_by],
        deps=[dg.AssetDep(name, partition_mapping=mapping(steps[name], step)) for name in step.upstream],
        code_version=_code_version(step),
        metadata=_columns(step),
        kinds={"python", "parquet" if step.schema() is not None else "safetensors"},
    )

    # A multi-asset of one, because only its op can have another name than the asset: the job "leaderboard" and the
    # asset "leaderboard" would clash otherwise.
    @dg.multi_asset(
        name=f"make_{step.asset}",
        specs=[spec],
        check_specs=[_check(step)],
        required_resource_keys={"livecc"},
        op_tags=_op_tags(step),
        pool=step.pool,
        retry_policy=retry_policy(step),
    )
    def asset(context: dg.AssetExecutionContext) -> Iterator[Any]:
        try:
            yield context.resources.livecc.materialise(context, step)
        except UserError as error:
            # What a person can mend is said in one line; trying again would change nothing, unless it may pass by itself.
            passing = isinstance(error, PassingError)
            raise dg.Failure(description=redact(str(error)), allow_retries=passing) from shown(error)
        except (KeyboardInterrupt, dg.DagsterExecutionInterruptedError) as error:
            if unwanted(context):
                raise StepInterruptedError from error
            raise
        except dg.Failure:  # the launchers' words, which they redact
            raise
        except Exception as error:
            # The event log keeps what an error says, and libraries quote addresses with their passwords.
            if (kept := shown(error)) is error:
                raise
            raise kept from None

    return asset
