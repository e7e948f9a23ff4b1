"""Whether a step that is interrupted is wanted no more, or is to be tried again elsewhere."""

import dagster as dg

from livecc_assets.core.processes import PROCESS, this_process
from livecc_assets.orchestration.private import capture_interrupts

__all__ = ["StepInterruptedError", "cancelled", "capture_interrupts", "unwanted"]


class StepInterruptedError(dg.DagsterExecutionInterruptedError, dg.DagsterError):
    """The end of a step whose run is wanted no more.

    Dagster tries a step that has a retry policy again whatever interrupted it; only its own errors it lets pass, and by
    its first base it knows this one as an interruption.
    """


# The multiprocess executor knows what ended a step's process by the name of the error's class alone.
StepInterruptedError.__name__ = dg.DagsterExecutionInterruptedError.__name__


def cancelled(context: dg.AssetExecutionContext | dg.OpExecutionContext) -> bool:
    """Whether the run was cancelled. An orchestrator that is interrupted for another reason leaves its worker alone."""
    run = context.instance.get_run_by_id(context.run.run_id)
    return run is not None and run.status in (dg.DagsterRunStatus.CANCELING, dg.DagsterRunStatus.CANCELED)


def unwanted(context: dg.AssetExecutionContext) -> bool:
    """Whether a person ended the run: by a cancel, or with the command that executes it.

    A step in a pod that is evicted gets the same signal; that one is tried again, and so is one whose run cannot be read.
    """
    if context.run.tags.get(PROCESS) == this_process():  # not the tag alone, which a re-execution copies
        return True
    try:
        with capture_interrupts():  # a cancel comes as the run's status and as a signal, and may come as both
            return cancelled(context)
    except Exception:
        return False
