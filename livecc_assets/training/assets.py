"""Dagster declarations of this stage; what they are and read is in ``steps.py``."""

from livecc_assets.all_steps import BY_ASSET
from livecc_assets.declare import declare
from livecc_assets.training.steps import STEPS

ASSETS = [declare(step, BY_ASSET) for step in STEPS]
