"""A graph whose steps say aloud everything they know; a helper of test_planted_secret.py.

``numbers`` (batch, in the orchestrator) → ``livecc_base`` (experiment, a worker; recorded in MLflow as a training) →
``livecc_instruct`` (experiment, a worker that fails).
"""

import json
import os
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import pyarrow as pa

from livecc_assets.graph.settings import Settings
from livecc_assets.graph.step import step, steps_of
from livecc_assets.runtime.task import Task
from livecc_assets.runtime.worker import run
from livecc_assets.store.artifact import Artifact
from livecc_assets.store.rows import Rejected
from livecc_assets.store.store import Store

MODULE = "tests.security.planted_graph"
SCHEMAS = {"numbers": pa.schema([("video_id", pa.string()), ("value", pa.int64())])}


def say_everything(task: Task) -> None:
    """What careless code prints and logs: the environment, the address of a service, a header."""
    for name, value in os.environ.items():
        print(f"{name}={value}", file=sys.stderr)
    print(json.dumps(dict(os.environ)), flush=True)
    print(f"Authorization: Bearer {os.environ['OPENAI_API_KEY']}", file=sys.stderr, flush=True)
    report = task._progress._log
    assert report is not None
    report(f"connecting to {os.environ['AWS_ENDPOINT_URL']} with {os.environ['AWS_SECRET_ACCESS_KEY']}")
    report(f"environment: {dict(os.environ)}")


def _batches(settings: Settings, store: Store, experiment: str) -> list[str]:
    return store.batches()


def _config(settings: Settings, partition: str) -> dict[str, Any]:
    return {"learning_rate": 0.1, "judge": {"api_key_env": "OPENAI_API_KEY"}}


@step(by="batch", version="1", group="toy", schemas=MODULE, settings=_config)
def numbers(task: Task) -> None:
    task.writer.add({"video_id": "v1", "value": 1})
    task.writer.add(Rejected("v2", "error", "broken", "not a number", "v2"))


@step(by="experiment", version="1", group="toy", schemas=MODULE, settings=_config, worker=MODULE)
def livecc_base(task: Task, numbers: Annotated[Sequence[Artifact], _batches]) -> None:
    say_everything(task)
    curve = task.home / "curve.jsonl"
    curve.write_text("".join(json.dumps({"step": step, "loss": 1.0 / step}) + "\n" for step in range(1, 4)))
    task.writer.add_file(curve, "training_log.jsonl")


@step(by="experiment", version="1", group="toy", schemas=MODULE, settings=_config, worker=MODULE)
def livecc_instruct(task: Task, livecc_base: Artifact) -> None:
    say_everything(task)
    try:
        raise OSError(f"{os.environ['AWS_ENDPOINT_URL']} does not answer")
    except OSError as error:
        raise RuntimeError(f"cannot go on with {dict(os.environ)}") from error


STEPS = steps_of(sys.modules[__name__])

if __name__ == "__main__":
    run(STEPS)
