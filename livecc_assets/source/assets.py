"""Dagster declarations of this stage; what they are and read is in ``steps.py``."""

from livecc_assets.orchestration.declare import declare
from livecc_assets.orchestration.steps import BY_ASSET
from livecc_assets.source.steps import STEPS

ASSETS = [declare(step, BY_ASSET) for step in STEPS]
