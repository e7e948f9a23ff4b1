"""What a run costs in which one step has work and all others stand: the run's seconds over that step's, by the UI's own clock.

    python benchmarks/one_step.py FOLDER [--rounds 3] [--step caption_clip_losses] [--whole] [--json]

FOLDER holds videos and captions. A batch of them is curated in a home of its own with the servers that ``livecc ui`` starts. Then
each round launches the step as the UI's button "Materialize stale" does, which asks for what is stale and for nothing else; the
step is forced in place of a bumped key. ``--whole`` launches all of ``curate`` with that step forced.

Both clocks are Dagster's: a run lasts from its start to its end, a step likewise. ``launched`` counts from the click, with the
wait in the queue. The promise is a run of at most 1.5 times its step.
"""

import argparse
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))
PROMISED, BATCH = 1.5, "measured"


def measure(instance: Any, run_id: str, step: str) -> dict[str, float]:
    """Seconds of a run that ended well and of its step."""
    import dagster as dg

    (record,) = instance.get_run_records(dg.RunsFilter(run_ids=[run_id]))
    if record.dagster_run.status != dg.DagsterRunStatus.SUCCESS:
        raise SystemExit(f"the run ended as {record.dagster_run.status.value}: see {instance.root_directory}")
    (stats,) = instance.get_run_step_stats(run_id, [step])
    worked, took = stats.end_time - stats.start_time, record.end_time - record.start_time
    launched = record.end_time - record.create_timestamp.timestamp()
    return {"step": worked, "run": took, "launched": launched, "ratio": took / worked}


LAUNCH = """
mutation ($params: ExecutionParams!) { launchPipelineExecution(executionParams: $params) {
  __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }
"""


def launch(port: int, step: str, whole: bool) -> str:
    """Launch the step, or the whole job with the step forced, at the UI; the run's id."""
    where = {"repositoryLocationName": "livecc_assets.definitions", "repositoryName": "__repository__"}
    selector = where | {"pipelineName": "curate", "assetSelection": None if whole else [{"path": [step]}]}
    tags = [{"key": "dagster/partition", "value": BATCH}, {"key": "livecc/force", "value": step}]
    params = {"selector": selector, "runConfigData": {}, "mode": "default", "executionMetadata": {"tags": tags}}
    body = json.dumps({"query": LAUNCH, "variables": {"params": params}}).encode()
    address = f"http://127.0.0.1:{port}/graphql"
    with urllib.request.urlopen(urllib.request.Request(address, body, {"Content-Type": "application/json"})) as answer:
        found = json.load(answer)
    launched = (found.get("data") or {}).get("launchPipelineExecution") or found
    if launched.get("__typename") != "LaunchRunSuccess":
        raise SystemExit(f"the run was not launched: {launched}")
    return launched["run"]["runId"]


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def answers(port: int) -> bool:
    """Whether the UI is there."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False


def run(folder: Path, source: Path, step: str, rounds: int, whole: bool) -> list[dict[str, float]]:
    """Curate once, then force the step in each round."""
    import dagster as dg

    from livecc_assets.cli.children import start, stop
    from livecc_assets.cli.serve import CODE, WORKERS, commands
    from livecc_assets.graph.settings import load_settings
    from livecc_assets.orchestration.runs import INSTANCE

    home = folder / "home"
    (home / "dagster").mkdir(parents=True)
    shutil.copy(INSTANCE, home / "dagster")
    own = {"LIVECC_HOME": str(home), "DAGSTER_HOME": str(home / "dagster")}
    environment = os.environ | own
    for command in (["ingest", str(source.resolve()), "--batch", BATCH], ["curate", BATCH]):
        subprocess.run(
            [sys.executable, "-m", "livecc_assets", *command], env=environment, stdout=sys.stderr, check=True
        )
    port = free_port()
    wanted = commands(load_settings(home), folder, "127.0.0.1", port, free_port(), environment)
    running, found = [], []
    try:
        for name in (WORKERS, CODE, "webserver", "daemon"):
            command = wanted[name]
            running.append(start(type(command)(command.argv, dict(command.env) | own)))
            while name == CODE and not (folder / "code.sock").exists():
                time.sleep(0.1)
        while not answers(port):
            time.sleep(0.2)
        with dg.DagsterInstance.from_config(str(home / "dagster")) as instance:
            for _ in range(rounds + 1):
                run_id = launch(port, step, whole)
                while not instance.get_run_records(dg.RunsFilter(run_ids=[run_id]))[0].dagster_run.is_finished:
                    time.sleep(0.2)
                found.append(measure(instance, run_id, step))
    finally:
        stop(running)
    return found[1:]  # the first loads what the others find in memory


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--step", default="caption_clip_losses")
    parser.add_argument("--whole", action="store_true", help="launch all of curate, not the step alone")
    parser.add_argument("--json", action="store_true", help="print one object")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rounds = run(Path(folder), options.folder, options.step, options.rounds, options.whole)
    ratio = statistics.median(one["ratio"] for one in rounds)
    if options.json:
        print(json.dumps({"promised": PROMISED, "ratio": ratio, "rounds": rounds}))
    else:
        for one in rounds:
            print("  ".join(f"{name} {value:.2f}" for name, value in one.items()))
        print(f"a run takes {ratio:.2f} times its one step; promised: at most {PROMISED}")
    return int(ratio > PROMISED)


if __name__ == "__main__":
    sys.exit(main())
