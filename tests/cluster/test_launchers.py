"""The contract of the launchers away from this machine, held on a real Docker engine and a real cluster."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import dagster as dg
import pytest

from livecc_assets.store.store import Store
from resources.launchers import Job, Needs, make_launcher
from resources.launchers.identity import worker_name
from resources.launchers.remote import RemoteLauncher
from resources.launchers.status import AlreadyThereError
from tests.cluster.wire import Wire
from tests.waiting import until

HERE = Path(__file__).parent


class Bench:
    """One launcher, one task; ``start`` gives it to an orchestrator process."""

    def __init__(self, options, root, tmp_path, image):
        self.options, self.root, self.folder, self.image = options, root, tmp_path, image
        self.instance_home = tmp_path / "dagster"
        self.instance_home.mkdir()
        (self.instance_home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
        self.store = Store(root, tmp_path / "cache")
        self.store.claim()  # as whatever runs a step has done before

    def job(self, needs=None, **config):
        task = {
            "root": self.root, "home": "/scratch", "schemas": "toy_worker", "asset": "toy", "partition": "p",
            "input_key": "0123456789abcdef", "code_version": "1", "config": {"steps": 2, "pause": 0.2} | config,
            "upstream": [], "error_limit": 1.0, "run_id": "r", "replaces": None,
        }  # fmt: skip
        asked = {"image": self.image, "cpus": 0.2, "memory": "256Mi", "shm": "16Mi"} | (needs or {})
        return Job("toy[p]", "toy_worker", "toy", "p", task["input_key"], self.root, task, Needs(**asked))

    def start(self, job, **extra):
        about = {"options": self.options, "task": dict(job.extras), "needs": vars(job.needs)}
        path = self.folder / f"job-{time.monotonic_ns()}.json"
        path.write_text(json.dumps(about))
        environment = (
            os.environ | {"DAGSTER_HOME": str(self.instance_home), "PYTHONPATH": str(HERE.parent.parent)} | extra
        )
        command = [sys.executable, "-W", "ignore", str(HERE / "orchestrator.py"), str(path)]
        return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def run(self, job, timeout=240):
        process = self.start(job)
        said, _ = process.communicate(timeout=timeout)
        return process.returncode, said

    def launcher(self):
        made = make_launcher(self.options)
        assert isinstance(made, RemoteLauncher)
        return made

    def rows(self):
        found = self.store.at("toy/p/0123456789abcdef")
        return found and [row["step"] for row in found.rows()]

    def read_until(self, process, text, seconds=240):
        deadline, said = time.monotonic() + seconds, ""
        while text not in said:
            assert time.monotonic() < deadline, said
            line = process.stdout.readline()
            assert line, f"the orchestrator ended: {said}"
            said += line
        return said


@pytest.fixture(params=["docker", "kubernetes"])
def bench(request, root, tmp_path, pod_environment, toy_image):
    if request.param == "docker":
        # On this host's network S3 has the name that it has here; pods may know it by another.
        environment = pod_environment | {"AWS_ENDPOINT_URL": os.environ["AWS_ENDPOINT_URL"]}
        options = {"kind": "docker", "environment": environment, "network": "host"}
    else:
        namespace = request.getfixturevalue("namespace")
        options = {
            "kind": "kubernetes", "namespace": namespace, "secret": "livecc-s3", "patience": {"image": 5, "schedule": 5}
        }  # fmt: skip
    made = Bench(options, root, tmp_path, toy_image)
    yield made
    launcher = made.launcher()
    assert isinstance(launcher, RemoteLauncher)
    if left := launcher.find(worker_name(made.job())):
        launcher.delete(left)


def test_a_worker_makes_its_artifact_and_its_news_and_log_arrive(bench):
    code, said = bench.run(bench.job(steps=8, pause=1))
    assert code == 0, said
    assert bench.rows() == list(range(8))
    assert "step 1" in said, "its output is followed"
    assert re.search(r"event: toy\[p\]: \d/8", said), "its progress, told every five seconds, is an event of the run"
    (log,) = [one.key for one in bench.store.blobs.listed("_messages/") if one.key.endswith("log.txt")]
    assert b"step 1" in bench.store.blobs.get(log)[0]
    assert bench.launcher().find(worker_name(bench.job())) is None, "nothing is left behind"


@pytest.mark.parametrize(
    ("config", "needs", "words"),
    [
        ({"do": "exit"}, {}, ["exit code 3", "step 0"]),
        ({"do": "eat"}, {}, ["out of memory"]),
        ({}, {"image": "livecc/absent:1"}, ["image livecc/absent:1", "cannot be pulled"]),
        ({"steps": 60, "pause": 1}, {"time_limit": 8}, ["time limit of 8 s"]),
    ],
    ids=["exit", "memory", "image", "deadline"],
)
def test_failures_are_told_apart(bench, config, needs, words):
    code, said = bench.run(bench.job(needs, **config))
    assert code == 1
    for word in words:
        assert any(choice in said for choice in word.split("|")), said
    assert bench.rows() is None


def test_a_place_that_no_node_has_is_told_with_the_schedulers_reason(bench):
    if bench.options["kind"] != "kubernetes":
        pytest.skip("Docker has one node")
    code, said = bench.run(bench.job({"memory": "9Ti"}))
    assert code == 1 and "no node can take it" in said and "Insufficient memory" in said, said
    assert bench.launcher().find(worker_name(bench.job())) is None


def test_a_pod_that_is_evicted_is_told_and_nothing_of_it_is_left(bench):
    if bench.options["kind"] != "kubernetes":
        pytest.skip("Docker evicts nothing")
    job = bench.job(steps=100, pause=1)
    process = bench.start(job)
    said = bench.read_until(process, "step 1")
    launcher = bench.launcher()
    (pod,) = launcher.cluster.pods(worker_name(job))
    evict(launcher.cluster.core, pod["metadata"]["name"], launcher.cluster.namespace)
    said += process.communicate(timeout=240)[0]
    assert process.returncode == 1
    assert f"its pod {pod['metadata']['name']} was evicted or deleted" in said or "was evicted or preempted" in said, (
        said
    )
    assert bench.rows() is None
    assert not launcher.cluster.pods(worker_name(job))


def evict(core, pod, namespace):
    from kubernetes.client import ApiException

    for version in ("policy/v1", "policy/v1beta1"):  # the first since Kubernetes 1.22, the second before 1.25
        eviction = {"apiVersion": version, "kind": "Eviction", "metadata": {"name": pod, "namespace": namespace}}
        try:
            core.create_namespaced_pod_eviction(pod, namespace, eviction)
            return
        except ApiException as error:
            if error.status not in (400, 404):
                raise
    raise AssertionError("this cluster knows no evictions")


def test_an_api_server_that_is_away_for_a_minute_costs_nothing(bench, tmp_path):
    if bench.options["kind"] != "kubernetes":
        pytest.skip("for Docker the engine is the machine's own")
    job = bench.job(steps=90, pause=1)
    wire = Wire(Path(os.environ["KUBECONFIG"]), tmp_path / "kubeconfig")
    process = bench.start(job, KUBECONFIG=str(tmp_path / "kubeconfig"))
    bench.read_until(process, "step 3")
    wire.cut()
    time.sleep(60)
    wire.mend()
    said = process.communicate(timeout=240)[0]
    assert process.returncode == 0, said
    assert bench.rows() == list(range(90))
    (log,) = [one.key for one in bench.store.blobs.listed("_messages/") if one.key.endswith("log.txt")]
    kept = [line for line in bench.store.blobs.get(log)[0].decode().splitlines() if line.startswith("step ")]
    assert kept == [f"step {number}" for number in range(90)], "the log has no hole and nothing twice"


def test_a_killed_orchestrator_leaves_its_worker_and_the_next_one_adopts_it(bench):
    job = bench.job(steps=5, pause=1, until="go")
    process = bench.start(job)
    bench.read_until(process, "step 1")
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    again = bench.start(job)
    said = bench.read_until(again, "adopted")
    bench.store.blobs.put("go", b"")
    said += again.communicate(timeout=240)[0]
    assert again.returncode == 0, said
    assert bench.rows() == list(range(5)), "one worker did each step once"
    (log,) = [one.key for one in bench.store.blobs.listed("_messages/") if one.key.endswith("log.txt")]
    assert bench.store.blobs.get(log)[0].decode().splitlines().count("step 0") == 1


def test_a_worker_whose_maker_died_between_its_calls_is_begun_by_the_run_that_adopts_it(bench):
    job = bench.job(until="go")  # a pod begins by itself, and is to be there still when the next run looks
    process = bench.start(job, DIE_BEFORE_BEGIN="1")
    said = process.communicate(timeout=240)[0]
    assert process.returncode == 9, said
    again = bench.start(job)
    said = bench.read_until(again, "adopted")
    bench.store.blobs.put("go", b"")
    said += again.communicate(timeout=240)[0]
    assert again.returncode == 0, said
    assert bench.rows() == [0, 1]


def test_deleting_an_earlier_worker_spares_the_one_that_has_its_name_now(bench):
    launcher, job = bench.launcher(), bench.job(steps=60)
    name = worker_name(job)
    launcher.create(job, name, "one", {}, "run")
    launcher.create(job, name, "one", {}, "run")  # as after a lost answer
    earlier = launcher.find(name)
    with pytest.raises(AlreadyThereError):
        launcher.create(job, name, "two", {}, "run")
    launcher.delete(earlier)
    launcher.create(job, name, "two", {}, "run")
    launcher.delete(earlier)
    now = launcher.find(name)
    assert now.attempt == "two" and now.id != earlier.id
    assert launcher.look(job, earlier).state == "failed", "it is gone, whoever has its name"
    assert now in launcher.workers()


def test_a_job_whose_pods_are_refused_says_why(bench):
    if bench.options["kind"] != "kubernetes":
        pytest.skip("Docker has no accounts")
    bench.options["service_account"] = "livecc-absent"
    code, said = bench.run(bench.job())
    assert code == 1 and "its pods cannot be made" in said and "livecc-absent" in said, said


def test_each_job_of_several_nodes_gets_the_service_by_which_its_pods_meet(bench):
    if bench.options["kind"] != "kubernetes":
        pytest.skip("Docker has one node")
    launcher, job = bench.launcher(), bench.job({"nodes": 2})
    name = worker_name(job)
    for attempt in ("one", "two"):  # the second finds the first one's on its way out
        launcher.create(job, name, attempt, {}, "run")
        found = launcher.find(name)
        for _ in range(2):  # its maker, and a run that adopts it
            launcher.begin(job, found)
        (owner,) = launcher.cluster.service(name)["metadata"]["ownerReferences"]
        assert owner["uid"] == found.id
        launcher.delete(found)


def test_a_cancelled_run_deletes_its_worker(bench):
    job = bench.job(steps=100, pause=1)
    process = bench.start(job)
    said = bench.read_until(process, "step 1")
    run_id = next(line.split()[1] for line in said.splitlines() if line.startswith("run "))
    with dg.DagsterInstance.from_config(str(bench.instance_home)) as instance:

        def others():
            return f"no run {run_id!r}; there are {[one.run_id for one in instance.get_runs()]}"

        run = until(lambda: instance.get_run_by_id(run_id), 20, others)
        assert run is not None
        instance.report_run_canceling(run)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=240)
    assert bench.launcher().find(worker_name(job)) is None
    assert bench.rows() is None
