"""What the Kubernetes launcher adds to a bare Job, and how long an adoption takes, in one run.

    KUBECONFIG=… AWS_ENDPOINT_URL=… python benchmarks/launch_overhead.py --bucket NAME --image livecc/toy:TAG [--rounds 5]

The worker is the toy of tests/cluster (its image is built by `make test-cluster`), which prints a first line once its modules
are loaded. Each round measures, side by side on the same cluster:

- bare: a Job with that image and command, from the call that creates it to the worker's first line
- launched: a Dagster asset through the launcher, from the event that its step started to the worker's first line
- adopted: the orchestrator is killed and started again, from that event to the event that says "adopted"

Lines carry the kubelet's time, events the orchestrator's: both clocks must agree. The promise is at most 5 s over the bare
Job, and at most 5 s to adopt.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from datetime import datetime
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))
FIRST = "the worker's first line"
LIMIT = 5.0


def first_line(core: Any, namespace: str, selector: str, seconds: float = 120) -> float:
    """When the pod's worker printed its first line (Unix seconds)."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for pod in core.list_namespaced_pod(namespace, label_selector=selector).items:
            if pod.status.phase in ("Running", "Succeeded", "Failed"):
                options = {"timestamps": True, "_preload_content": False}
                said = core.read_namespaced_pod_log(pod.metadata.name, namespace, **options)
                for line in said.data.decode().splitlines():
                    if FIRST in line:
                        return datetime.fromisoformat(line.split()[0][:26].rstrip("Z") + "+00:00").timestamp()
        time.sleep(0.5)
    raise SystemExit(f"no worker of {selector} said anything in {seconds:.0f} s")


def run_of(process: Any) -> str:
    """The id of the run that an orchestrator tells once its step is under way."""
    return next(line.split()[1] for line in process.stdout if line.startswith("run "))


class Bench:
    """One toy task after another, each under an input key of its own."""

    def __init__(self, options: argparse.Namespace, folder: Path) -> None:
        from kubernetes import client, config

        config.load_kube_config()
        self.core: Any = client.CoreV1Api()
        self.batch: Any = client.BatchV1Api()
        self.namespace, self.folder = options.namespace, folder
        self.home = folder / "dagster"
        self.home.mkdir()
        (self.home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
        self.root = f"s3://{options.bucket}/{uuid.uuid4().hex[:12]}"
        self.needs = {"image": options.image, "cpus": 0.2, "memory": "256Mi", "shm": "16Mi"}
        self.launcher = {"kind": "kubernetes", "namespace": self.namespace, "secret": options.secret}

    def job(self, steps: int) -> Any:
        from resources.launchers import Job, Needs

        task = {
            "root": self.root, "home": "/scratch", "schemas": "toy_worker", "asset": "toy", "partition": "p",
            "input_key": uuid.uuid4().hex[:16], "code_version": "1", "config": {"steps": steps, "pause": 1},
            "upstream": [], "error_limit": 1.0, "run_id": "r", "replaces": None,
        }  # fmt: skip
        key, needs = task["input_key"], Needs(**self.needs)
        return Job("toy[p]", "toy_worker", "toy", "p", key, self.root, task, needs)

    def bare(self) -> float:
        """Seconds from creating a Job to its first line. The worker finds no task and ends there."""
        from resources.launchers.manifest import job_manifest

        name = f"bare-{uuid.uuid4().hex[:8]}"
        manifest = job_manifest(self.job(1), name, "none", {}, "none", self.launcher)
        started = time.time()
        self.batch.create_namespaced_job(self.namespace, manifest)
        try:
            return first_line(self.core, self.namespace, f"livecc/worker={name}") - started
        finally:
            self.batch.delete_namespaced_job(name, self.namespace, propagation_policy="Foreground")

    def start(self, job: Any) -> Any:
        """An orchestrator process for the job."""
        about = {"options": self.launcher, "task": dict(job.extras), "needs": vars(job.needs)}
        path = self.folder / f"{uuid.uuid4().hex}.json"
        path.write_text(json.dumps(about))
        environment = os.environ | {"DAGSTER_HOME": str(self.home), "PYTHONPATH": str(REPOSITORY)}
        command = [sys.executable, "-W", "ignore", str(REPOSITORY / "tests/cluster/orchestrator.py"), str(path)]
        return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def between(self, run: str, words: str, seconds: float = 60) -> tuple[float, float]:
        """(when the run's step started, when an event with these words came or 0 for no words)."""
        import dagster as dg

        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with dg.DagsterInstance.from_config(str(self.home)) as instance:
                events = instance.all_logs(run)
            started = next(
                (one.timestamp for one in events if one.dagster_event and one.dagster_event.is_step_start), 0.0
            )
            told = next((one.timestamp for one in events if words and words in one.user_message), 0.0)
            if started and (told or not words):
                return started, told
            time.sleep(0.2)
        raise SystemExit(f"run {run} never said {words!r}")

    def launched(self) -> tuple[float, float]:
        """(seconds from the step's start to the worker's first line, seconds of an adoption)."""
        from resources.launchers.identity import worker_name

        job = self.job(30)
        process = self.start(job)
        run = run_of(process)
        line = first_line(self.core, self.namespace, f"livecc/worker={worker_name(job)}")
        seconds = line - self.between(run, "")[0]
        process.kill()
        process.wait()
        again = self.start(job)
        began, adopted = self.between(run_of(again), "adopted")
        again.communicate(timeout=120)
        return seconds, adopted - began


def main() -> int:
    """Measure and print; exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in {"bucket": None, "image": None, "namespace": "livecc-test", "secret": "livecc-s3"}.items():
        parser.add_argument(f"--{name}", default=default, required=default is None)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    bare, launched, adopted = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(options, Path(folder))
        for number in range(1, options.rounds + 1):
            bare.append(bench.bare())
            first, adoption = bench.launched()
            launched.append(first)
            adopted.append(adoption)
            print(
                f"round {number}: bare {bare[-1]:.1f} s, launched {first:.1f} s, adopted {adoption:.1f} s", flush=True
            )
    over = statistics.median(launched) - statistics.median(bare)
    ratio = statistics.median(launched) / statistics.median(bare)
    print(
        f"the launcher adds {over:.1f} s to a bare Job (medians; ratio {ratio:.2f}); at most {LIMIT:.0f} s are promised"
    )
    print(f"an adoption takes {statistics.median(adopted):.1f} s (median), {max(adopted):.1f} s at most")
    return 0 if over <= LIMIT and statistics.median(adopted) <= LIMIT else 1


if __name__ == "__main__":
    raise SystemExit(main())
