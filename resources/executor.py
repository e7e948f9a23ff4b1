"""Where the steps of a run are executed: as processes beside the run, or each in a pod of its own."""

import os
from collections.abc import Callable, Iterator
from typing import Any, cast

import dagster as dg

from livecc_assets.core.errors import UserError
from livecc_assets.orchestration.early import PRELOAD, VARIABLE


class _Processes(dg.Executor):
    """A process for each step; the run's own for a step that is the only one.

    A process of its own costs a lone step seconds, and keeps it apart from nothing.
    """

    def __init__(self, processes: dg.Executor, own: dg.Executor) -> None:
        self._processes, self._own = processes, own

    @property
    def retries(self) -> Any:
        return self._processes.retries

    @property
    def step_dependency_config(self) -> Any:
        return self._processes.step_dependency_config

    def execute(self, plan_context: Any, execution_plan: Any) -> Iterator[dg.DagsterEvent]:
        one = self._own if len(execution_plan.step_keys_to_execute) == 1 else self._processes
        yield from one.execute(plan_context, execution_plan)


def _forking() -> dg.ExecutorDefinition:
    """Dagster's executor of processes, which are forked from one that has loaded the graph. A run's config may name another way.

    Loading takes a step longer than finding that it has nothing to do.
    """
    given = dg.multi_or_in_process_executor
    create = cast(Callable[[dg.InitExecutorContext], dg.Executor], given.executor_creation_fn)

    @dg.executor(
        name=given.name,
        config_schema=given.config_schema.as_field(),
        requirements=dg.multiple_process_executor_requirements(),
    )
    def forking(context: dg.InitExecutorContext) -> dg.Executor:
        ((kind, own),) = context.executor_config.items()
        if kind != "multiprocess":
            return create(context)
        own = cast(dict[str, Any], own)
        chosen = any(own.get(name) for name in ("start_method", "max_concurrent", "tag_concurrency_limits"))
        if not own.get("start_method"):
            own = own | {"start_method": {"forkserver": {"preload_modules": list(PRELOAD)}}}
        processes = create(context._replace(executor_config={kind: own}))
        if chosen:
            return processes
        return _Processes(
            processes, create(context._replace(executor_config={"in_process": {"retries": own["retries"]}}))
        )

    return forking


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
