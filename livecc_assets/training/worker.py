"""The program that runs this stage's assets away from the orchestrator."""

from livecc_assets.graph.step import steps_of
from livecc_assets.runtime.worker import run
from livecc_assets.training import assets

if __name__ == "__main__":
    run(steps_of(assets))
