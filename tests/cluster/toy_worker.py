"""A worker for the launchers' contract tests: does what its configuration says, step by step."""

import os
import sys
import time

import pyarrow as pa

from livecc_assets.runtime.task import Task
from livecc_assets.runtime.worker import run

SCHEMAS = {"toy": pa.schema([("step", pa.int64()), ("host", pa.string())])}


def toy(task: Task) -> None:
    """``steps`` rows, a second apart; ``do`` says what happens at the first, and ``until`` names an object of the store
    without which the last is not made."""
    for step in range(task.config["steps"]):
        print(f"step {step}", file=sys.stderr, flush=True)
        if step == task.config["steps"] - 1 and (key := task.config.get("until")):
            while task.writer.blobs.get(key) is None:
                time.sleep(0.5)
        task.progress(step + 1, task.config["steps"])
        task.writer.add({"step": step, "host": os.uname().nodename})
        match task.config.get("do"):
            case "exit":
                raise SystemExit(3)
            case "eat":
                hoard = [bytes(2**20) * 16 for _ in range(10_000)]
                print(len(hoard))
        time.sleep(task.config.get("pause", 1))


if __name__ == "__main__":
    print("the worker's first line", file=sys.stderr, flush=True)
    run({"toy": toy})
