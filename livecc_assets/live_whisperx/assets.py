"""Dagster declarations of this stage; what they are and read is in ``steps.py``."""

from livecc_assets.live_whisperx.steps import STEPS
from livecc_assets.orchestration.declare import declare
from livecc_assets.orchestration.steps import BY_ASSET

ASSETS = [declare(step, BY_ASSET) for step in STEPS]
