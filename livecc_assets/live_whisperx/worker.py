"""The program that runs this stage's assets away from the orchestrator."""

from livecc_assets.graph.step import steps_of
from livecc_assets.live_whisperx import assets
from livecc_assets.runtime.worker import run

if __name__ == "__main__":
    run(steps_of(assets))
