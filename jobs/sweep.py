"""A sensor that removes workers on Docker or Kubernetes that no run waits for."""

import time

import dagster as dg

from jobs.guard import without_secrets
from livecc_assets.core.redaction import redact


@dg.sensor(
    name="sweep_workers",
    minimum_interval_seconds=600,
    target=None,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Removes containers and Jobs whose run was cancelled, or ended a day ago without anyone adopting them.",
)
@without_secrets
def sweep_workers(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Never starts a run; says what it removed."""
    from resources.launchers import make_launcher, options_in_force
    from resources.launchers.remote import RemoteLauncher
    from resources.launchers.status import Found
    from resources.launchers.sweep import Owner, orphans
    from resources.launchers.watchers import tag

    launcher = make_launcher(options_in_force())
    if not isinstance(launcher, RemoteLauncher):
        return dg.SkipReason("workers are processes of this machine (LIVECC_LAUNCHER) and die with their run")

    def owners(worker: Found) -> list[Owner]:
        records = context.instance.get_run_records(dg.RunsFilter(tags={tag(worker.name): worker.attempt}))
        return [
            Owner(
                record.dagster_run.run_id,
                record.dagster_run.status,
                time.time() - record.end_time if record.end_time else None,
            )
            for record in records
        ]

    said = []
    for worker, why in orphans(launcher.workers(), owners):
        try:
            launcher.delete(worker, wait=False)
            said.append(f"removed {worker.name}: {why}")
        except Exception as error:  # the others are removed all the same, and this one is tried again
            said.append(f"{worker.name} cannot be removed: {redact(str(error))}")
        context.log.info(said[-1])
    return dg.SkipReason("; ".join(said) or "no worker is left alone")
