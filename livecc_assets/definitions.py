"""Assembles the graph: assets, jobs, schedules, sensors, resources; nothing else."""

# ruff: noqa: E402
from livecc_assets.orchestration.early import start_fork_server

start_fork_server()  # before the rest is loaded, which takes as long there

import dagster as dg

from jobs.automation import with_automation
from jobs.garbage import collect_garbage, weekly_garbage
from jobs.history import purge_runs, weekly_purge
from jobs.jobs import JOBS
from jobs.schedules import SCHEDULES
from jobs.sensors import SENSORS
from livecc_assets.graph.settings import load_settings
from livecc_assets.orchestration.declare import declare
from livecc_assets.orchestration.steps import BY_ASSET, STEPS
from resources import RESOURCES
from resources.executor import executor_in_force

settings = load_settings()

defs = dg.Definitions(
    assets=with_automation([declare(step, BY_ASSET, settings) for step in STEPS]),
    jobs=[*JOBS, collect_garbage, purge_runs],
    schedules=[*SCHEDULES, weekly_garbage, weekly_purge],
    sensors=SENSORS,
    resources=RESOURCES,
    executor=executor_in_force(),
)
