"""A worker that writes down what an intruder in it could read of its environment."""

import json
import os
from pathlib import Path

from dagster_pipes import open_dagster_pipes

if __name__ == "__main__":
    with open_dagster_pipes() as pipes:
        seen = {"environ": dict(os.environ), "proc": Path("/proc/self/environ").read_text("utf-8", "replace")}
        pipes.report_asset_materialization()
        Path(pipes.get_extra("into")).write_text(json.dumps(seen))
