"""A training run in a process of its own: ``python training_process.py JOB.json``; a helper of test_trainer.py.

With ``kill_at`` it ends itself by SIGKILL right after that step, as a lost machine would.
"""

import json
import os
import signal
import sys
from pathlib import Path

from livecc_assets.runtime.worker import leave
from livecc_assets.store.videos import own_path
from livecc_assets.training.config import TrainingConfig
from livecc_assets.training.data import Source
from livecc_assets.training.trainer import train


def main(job):
    def report(step, total, metrics):
        if step == job.get("kill_at"):
            os.kill(os.getpid(), signal.SIGKILL)

    config = TrainingConfig.from_mapping(job["config"])
    source = Source("live_cc", job["rows"], own_path)
    outcome = train(Path(job["init"]), [source], config, Path(job["home"]), Path(job["work"]), report)
    if outcome.files:
        Path(job["out"]).write_text(json.dumps({"log": outcome.log, "facts": outcome.facts}))


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text()))
    leave()
