"""Where the steps of a run are executed: as processes beside the run, or each in a pod of its own."""

import os

import dagster as dg

from livecc_assets.core.errors import UserError

#: ``processes`` (default) or ``pods``: Kubernetes Jobs with the resources that each asset's op asks for (``declare``).
VARIABLE = "LIVECC_EXECUTOR"


def executor_in_force() -> dg.ExecutorDefinition:
    """The executor of every job. Runs in the ``livecc`` command's own process do not ask it."""
    named = os.environ.get(VARIABLE) or "processes"
    if named == "processes":
        return dg.multi_or_in_process_executor
    if named != "pods":
        raise UserError(f"{VARIABLE}={named}: no such executor; use processes, or pods for a Job of each step")
    try:
        # With it comes the Kubernetes client, which takes long to import.
        from dagster_k8s import k8s_job_executor
    except ImportError:
        raise UserError(f"{VARIABLE}=pods needs dagster-k8s: make install") from None
    return k8s_job_executor
