"""A worker of somebody else's asset; a helper of test_pipes_client.py. Its extras say what it does."""

import time
from pathlib import Path

from livecc_assets.runtime.worker import open_pipes

with open_pipes() as pipes:
    told = pipes.extras
    with Path(told["calls"]).open("a") as calls:
        calls.write(f"{pipes.partition_key if pipes.is_partition_step else '-'}\n")
    pipes.report_custom_message({"began": True})
    while told.get("gate") and Path(told["gate"]).exists():
        time.sleep(0.05)
    if told.get("trouble"):
        raise RuntimeError(told["trouble"])
    pipes.report_asset_check(check_name="sound", passed=told.get("sound", True), metadata={"rows": 3})
    pipes.report_asset_materialization(metadata={"rows": 3}, data_version=told.get("version", "v1"))
