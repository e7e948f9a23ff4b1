"""Whether a step that is interrupted is wanted no more, or is to be tried again elsewhere."""

import dagster as dg

from livecc_assets.processes import PROCESS


class StepInterruptedError(dg.DagsterExecutionInterruptedError, dg.DagsterError):
    """The end of a step whose run is wanted no more.

    Dagster tries a step that has a retry policy again whatever interrupted it; only its own errors it lets pass, and by
    its first base it knows this one as an interruption.
    """


def cancelled(context: dg.AssetExecutionContext) -> bool:
    """Whether the run was cancelled. An orchestrator that is interrupted for another reason leaves its worker alone."""
    run = context.instance.get_run_by_id(context.run.run_id)
    return run is not None and run.status in (dg.DagsterRunStatus.CANCELING, dg.DagsterRunStatus.CANCELED)


def unwanted(context: dg.AssetExecutionContext) -> bool:
    """Whether a person ended the run: by a cancel, or with the command that executes it.

    A step in a pod that is evicted gets the same signal; that one is tried again, and so is one whose run cannot be read.
    """
    if PROCESS in context.run.tags:
        return True
    try:
        return cancelled(context)
    except Exception:
        return False
