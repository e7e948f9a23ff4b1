"""Assembles the graph: assets, jobs, schedules, sensors, resources; nothing else."""

import dagster as dg

from jobs.automation import with_automation
from jobs.garbage import collect_garbage, weekly_garbage
from jobs.jobs import JOBS
from jobs.schedules import SCHEDULES
from jobs.sensors import SENSORS
from livecc_assets.evaluation.assets import ASSETS as BENCHMARKS
from livecc_assets.live_cc.assets import ASSETS as LIVE_CC
from livecc_assets.live_whisperx.assets import ASSETS as LIVE_WHISPERX
from livecc_assets.source.assets import ASSETS as SOURCE
from livecc_assets.training.assets import ASSETS as TRAINING
from resources import RESOURCES
from resources.executor import executor_in_force

defs = dg.Definitions(
    assets=with_automation([*SOURCE, *LIVE_CC, *LIVE_WHISPERX, *TRAINING, *BENCHMARKS]),
    jobs=[*JOBS, collect_garbage],
    schedules=[*SCHEDULES, weekly_garbage],
    sensors=SENSORS,
    resources=RESOURCES,
    executor=executor_in_force(),
)
