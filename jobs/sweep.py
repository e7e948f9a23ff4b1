"""A sensor that removes workers on Docker or Kubernetes that no run waits for."""

import time

import dagster as dg


@dg.sensor(
    name="sweep_workers",
    minimum_interval_seconds=600,
    target=None,
    description="Removes containers and Jobs whose run was cancelled, or ended a day ago without anyone adopting them.",
)
def sweep_workers(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Never starts a run; says what it removed."""
    from resources.launchers import make_launcher, options_in_force
    from resources.launchers.remote import RemoteLauncher
    from resources.launchers.sweep import Owner, orphans

    launcher = make_launcher(options_in_force())
    if not isinstance(launcher, RemoteLauncher):
        return dg.SkipReason("workers are processes of this machine (LIVECC_LAUNCHER) and die with their run")

    def owner(run_id: str) -> Owner | None:
        record = context.instance.get_run_record_by_id(run_id)
        if record is None:
            return None
        return Owner(record.dagster_run.status, time.time() - record.end_time if record.end_time else None)

    removed = [f"{name}: {why}" for name, why in orphans(launcher.workers(), owner)]
    for line in removed:
        launcher.delete(line.partition(":")[0])
        context.log.info(f"removed {line}")
    return dg.SkipReason("; ".join(removed) or "no worker is left alone")
