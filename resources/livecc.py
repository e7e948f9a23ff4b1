"""Dagster's side of the store: pin the inputs, serve what stands, run what does not, describe the result."""

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from typing import Any

import dagster as dg

from livecc_assets.graph.plan import Plan, make_plan
from livecc_assets.graph.settings import Settings, load_settings
from livecc_assets.graph.step import ALL, Step
from livecc_assets.runtime.task import Task, open_inputs
from livecc_assets.store.artifact import Artifact
from livecc_assets.store.store import Store
from resources.launchers import make_launcher, needs_of, options_in_force
from resources.launchers.base import HOME
from resources.mlflow import MLflow
from resources.page import metadata, verdict

#: Run tag that makes a run compute again what already stands: "true", or asset names joined by commas.
FORCE = "livecc/force"


@dataclass(frozen=True)
class _Work:
    """One partition that is to be made. ``replaces``: entity tag of the manifest that it replaces, being forced or damaged."""

    context: dg.AssetExecutionContext
    step: Step
    plan: Plan
    settings: Settings
    store: Store
    replaces: str | None

    def is_made(self) -> bool:
        """Whether its manifest stands: this run's, or that of an equal one."""
        return self.store.etag(self.plan.place) not in (None, self.replaces)


class LiveCC(dg.ConfigurableResource):
    """The one resource that every asset asks for."""

    mlflow: MLflow

    def materialise(self, context: dg.AssetExecutionContext, step: Step) -> dg.MaterializeResult:
        """Materialise one partition of one step.

        What already stands under the input key is served, and said so; a run with the tag ``livecc/force``
        computes it again and replaces the manifest conditionally.
        """
        settings = load_settings()
        store = settings.store()
        partition = context.partition_key if context.has_partition_key else ALL
        plan = make_plan(step, settings, store, partition)
        for batch, why in plan.left_out.items():
            context.log.warning(f"{step.asset}[{partition}]: batch {batch} is left out: {why}")
        forced = context.run.tags.get(FORCE, "")
        force = forced == "true" or step.asset in forced.split(",")
        artifact = store.at(plan.place)
        if force and artifact is not None and artifact.manifest.run_id != context.run.run_id:
            artifact = None  # a retry of the step finds what it made itself before something else failed
        replaces = store.etag(plan.place) if force else None
        if damage := None if force else store.damage(plan.place):
            context.log.warning(f"{step.asset}[{partition}] is damaged and made again: {damage.why}")
            artifact, replaces = None, damage.etag
        memoised = artifact is not None
        if artifact is None:
            artifact, memoised = self._make_once(_Work(context, step, plan, settings, store, replaces))
        if memoised:
            context.log.info(f"{step.asset}[{partition}] already stands under {plan.input_key}; nothing recomputed")
        store.set_current(step.asset, partition, plan.place, context.run.run_id)
        recorded = self.mlflow.record(context, artifact, partition, settings, store)
        return self._result(context, step, plan, settings, artifact, memoised, recorded)

    def _make_once(self, work: _Work) -> tuple[Artifact, bool]:
        """The artifact, and whether an equal run that was under way made it."""
        context, step, plan, store = work.context, work.step, work.plan, work.store
        options = options_in_force() if step.worker else {"kind": "local"}

        def tell(run: str) -> None:
            context.log.info(f"{step.asset}[{plan.partition}] is being made by run {run}; waiting for it")

        # Elsewhere the worker's name is the input key's: the second run adopts the first one's worker.
        alone = nullcontext(True)
        if options["kind"] == "local":
            alone = store.locked(plan.place, context.run.run_id, work.is_made, tell)
        with alone as mine:
            if mine:
                self._make(work, options)
        artifact = store.at(plan.place)
        if artifact is None:
            raise dg.Failure(
                description=f"{step.asset}: the worker ended without a manifest at {plan.place}; see its log"
            )
        return artifact, not mine

    def _make(self, work: _Work, options: dict[str, Any]) -> None:
        context, step, plan, settings, store = work.context, work.step, work.plan, work.settings, work.store
        error_limit = float(settings.profile.error_limit)
        if step.worker:
            task = {
                "root": store.root,
                "home": str(settings.home if options["kind"] == "local" else options.get("home", HOME)),
                "schemas": step.schemas,
                "asset": step.asset,
                "partition": plan.stored_partition,
                "input_key": plan.input_key,
                "code_version": plan.code_version,
                "config": plan.config,
                "upstream": [asdict(pin) for pin in plan.upstream],
                "contents": plan.contents,
                "error_limit": error_limit,
                "run_id": context.run.run_id,
                "replaces": work.replaces,
            }
            make_launcher(options).run(
                context=context,
                module=step.worker,
                extras=task,
                needs=needs_of(options, step.asset, step.worker),
                key="-".join(filter(None, (plan.input_key, work.replaces))),
                asset=step.asset,
                partition=plan.stored_partition,
                root=store.root,
                made=work.is_made,
            )
        else:
            writer = store.write(
                step.asset,
                plan.stored_partition,
                plan.input_key,
                step.schema(),
                code_version=plan.code_version,
                config=plan.config,
                upstream=plan.upstream,
                contents=plan.contents,
                error_limit=error_limit,
                run_id=context.run.run_id,
                replaces=work.replaces,
            )
            inputs = open_inputs(store, plan.upstream)
            task = Task(step.asset, plan.config, settings.home, inputs, writer, plan.input_key, context.log.info)
            if plan.left_out:
                writer.metadata["left_out"] = plan.left_out
            try:
                step(task)
            except BaseException:
                writer.abandon()
                raise
            writer.commit()

    def _result(
        self,
        context: dg.AssetExecutionContext,
        step: Step,
        plan: Plan,
        settings: Settings,
        artifact: Artifact,
        memoised: bool,
        recorded: Mapping[str, Any],
    ) -> dg.MaterializeResult:
        manifest, partition = artifact.manifest, plan.partition
        told = verdict(artifact, partition, float(settings.profile.error_limit))
        if not manifest.passed:
            context.log.error(
                f"{step.asset}[{partition}]: {told}"
            )  # Dagster's own line says that a check failed, not why
        page = {**metadata(step, plan, artifact, memoised), **recorded}
        check = dg.AssetCheckResult(
            check_name="error_share",
            asset_key=step.asset,
            passed=manifest.checks.get("error_share", True),
            severity=dg.AssetCheckSeverity.ERROR,
            metadata={"errors": manifest.errors, "share": manifest.error_share},
            description=told,
        )
        return dg.MaterializeResult(
            metadata=page, data_version=dg.DataVersion(artifact.data_version), check_results=[check]
        )
