"""Where the steps of a run are executed: as processes beside the run, or each in a pod of its own."""

import os
from collections.abc import Mapping
from typing import Any

import dagster as dg

from livecc_assets.core.errors import UserError
from livecc_assets.orchestration.early import PRELOAD, VARIABLE


def _forking() -> dg.ExecutorDefinition:
    """Dagster's executor of processes, which are forked from one that has loaded the graph. A run's config may name another way.

    Loading takes a step longer than finding that it has nothing to do.
    """

    def forking(config: Mapping[str, Any]) -> Mapping[str, Any]:
        ((kind, own),) = config.items()
        if kind == "multiprocess" and not own.get("start_method"):
            own = own | {"start_method": {"forkserver": {"preload_modules": list(PRELOAD)}}}
        return {kind: own}

    given = dg.multi_or_in_process_executor
    return given.configured(forking, name=given.name, config_schema=given.config_schema.as_field())


def executor_in_force() -> dg.ExecutorDefinition:
    """The executor of every job: processes, or with ``LIVECC_EXECUTOR=pods`` Kubernetes Jobs with the resources that each
    asset's op asks for (``declare``). Runs in the ``livecc`` command's own process do not ask it."""
    named = os.environ.get(VARIABLE) or "processes"
    if named == "processes":
        return _forking()
    if named != "pods":
        raise UserError(f"{VARIABLE}={named}: no such executor; use processes, or pods for a Job of each step")
    try:
        # With it comes the Kubernetes client, which takes long to import.
        from dagster_k8s import k8s_job_executor
    except ImportError:
        raise UserError(f"{VARIABLE}=pods needs dagster-k8s: make install") from None
    return k8s_job_executor
