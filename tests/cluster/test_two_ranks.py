"""Two pods that meet by headless name train one job with DeepSpeed; one of them is killed, and the next run resumes.

Needs SHARED_FOLDER: a folder that is there under the same path
on every node and that everybody may write to; in earnest it is a ReadWriteMany volume.
"""

import os
import re
import signal
import uuid
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster.graph import Graph, kill
from tests.cluster.services import need

pytestmark = pytest.mark.timeout(2700)

EXPERIMENT, SAVE_EVERY = "two-ranks", 4
#: Kills the training process in a pod; torchrun, which is the pod's first process, stays.
KILL_THE_RANK = f"""
import os, pathlib
for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
    words = path.read_bytes().split(b"\\0")
    if b"livecc_assets.training.worker" in words and b"livecc_assets.training.torchrun" not in words:
        os.kill(int(path.parent.name), {signal.SIGKILL:d})
        print("killed", path.parent.name)
"""


@pytest.fixture(scope="module")
def launcher_file(finished_graph: Graph) -> Path:
    """The cluster graph's launcher with two nodes for a training and a volume that outlives its pods."""
    need("SHARED_FOLDER")
    folder = Path(os.environ["SHARED_FOLDER"]) / uuid.uuid4().hex[:8]
    folder.mkdir()
    folder.chmod(0o777)
    options = yaml.safe_load(Path(finished_graph.environment["LIVECC_LAUNCHER"]).read_text())
    options["volumes"] = [{"name": "work", "hostPath": {"path": str(folder), "type": "Directory"}}]
    options["volume_mounts"] = [{"name": "work", "mountPath": "/scratch/training"}]
    options["needs"]["livecc_base"] = {"nodes": 2}
    file = finished_graph.home / "two-nodes.yaml"
    file.write_text(yaml.safe_dump(options))
    return file


@pytest.fixture(scope="module")
def program() -> tuple[str, ...]:
    """How `livecc` is called: older clusters get the pods that a current Job controller would make."""
    from kubernetes import client, config

    config.load_kube_config()
    version: Any = client.VersionApi().get_code()
    old = (int(version.major), int(re.sub(r"\D", "", version.minor))) < (1, 24)
    return ("-W", "ignore", "-m", "tests.cluster.indexed") if old else ("-m", "livecc_assets")


@pytest.fixture(scope="module")
def experiment(finished_graph: Graph) -> str:
    """A first stage in batches of two, saved every few steps."""
    path = finished_graph.home / "experiments" / f"{EXPERIMENT}.yaml"
    text = yaml.safe_load((path.parent / "sample-streaming.yaml").read_text())
    text["stage1"] |= {"global_batch": 2, "save_every": SAVE_EVERY, "zero_stage": 2}
    path.write_text(yaml.safe_dump(text))
    return EXPERIMENT


def test_a_rank_that_is_killed_ends_the_job_and_the_next_run_resumes_from_the_last_complete_checkpoint(
    finished_graph: Graph, launcher_file: Path, program: tuple[str, ...], experiment: str
) -> None:
    train = ("train", experiment)
    # Without the retry policy, which would resume it in the same run.
    process = finished_graph.start(*train, program=program, LIVECC_LAUNCHER=str(launcher_file), LIVECC_RETRIES="0")
    said = ""
    try:
        for line in process.stdout:
            said += line
            found = re.search(r"livecc_base\[\S+: (\d+)/\d+", line)
            if found and int(found[1]) > SAVE_EVERY:
                break
        else:
            raise AssertionError(said[-6000:])
        assert "killed" in execute(finished_graph, "-1", KILL_THE_RANK)
        said += process.communicate(timeout=300)[0]
    finally:
        if process.poll() is None:
            kill(process)
    assert process.returncode == 1, said[-6000:]
    assert "ended with exit code 137 (killed)" in said, said[-6000:]
    assert not [name for name in finished_graph.jobs() if "livecc-base" in name], (
        "the rank that is left waits for nobody"
    )

    finished_graph.run(*train, program=program, LIVECC_LAUNCHER=str(launcher_file))
    steps, about = finished_graph.steps_of_training("livecc_base", experiment)
    assert steps == list(range(1, about["steps"] + 1))
    assert about["processes"] == 2
    assert about["resumed_at_step"] >= SAVE_EVERY
    assert about["resumed_at_step"] % SAVE_EVERY == 0


def execute(graph: Graph, ending: str, code: str) -> str:
    """What a Python program prints in the pod of the training whose name has this rank."""
    from kubernetes import client, config
    from kubernetes.stream import stream

    config.load_kube_config()
    core = client.CoreV1Api()
    found: Any = core.list_namespaced_pod(graph.namespace, label_selector="livecc/asset=livecc_base")
    (pod,) = [pod.metadata.name for pod in found.items if ending in pod.metadata.name[-8:]]
    call: Any = core.connect_get_namespaced_pod_exec
    options = {"stderr": True, "stdin": False, "stdout": True, "tty": False}
    return stream(call, pod, graph.namespace, command=["python", "-c", code], container="worker", **options)
