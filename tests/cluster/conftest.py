"""Real services for the tests of this folder: those that DOCKER_HOST, KUBECONFIG and AWS_ENDPOINT_URL name.

Pods reach S3 under POD_S3_URL, where that is another address than this machine's. LOAD_IMAGE is a command that brings a
local image to the cluster's nodes (``kind load docker-image``); empty where the cluster uses this Docker host's images.
"""

import hashlib
import os
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from xdist.scheduler import LoadScopeScheduling

from livecc_assets.store.blobs import open_blobs
from tests.cluster.graph import Graph, write_settings
from tests.cluster.services import load, need, need_images

REPOSITORY = Path(__file__).resolve().parent.parent.parent
#: One of its own for each process of pytest-xdist.
NAMESPACE = f"livecc-test-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"


#: The graph that test_sample_graph makes while it is killed is what the files after it go on with, in the same process.
GRAPH = ("test_sample_graph", "test_two_ranks", "test_deployment")
ORDER = ("test_s3_real", "test_launchers", *GRAPH, "test_compose")


class ByPlace(LoadScopeScheduling):
    """The graph's files go to one process and all others to the other. (``--dist loadgroup``, which is for this, groups
    nothing with pytest 9.2: pytest-xdist issue 1386.)"""

    def _split_scope(self, nodeid: str) -> str:
        return "graph" if Path(nodeid.partition("::")[0]).stem in GRAPH else "places"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log) -> ByPlace:
    return ByPlace(config, log)


def pytest_collection_modifyitems(items) -> None:
    here = [item for item in items if Path(item.fspath).is_relative_to(Path(__file__).parent)]
    for item in here:
        item.add_marker(pytest.mark.cluster)
    items.sort(key=lambda item: ORDER.index(item.path.stem) + 1 if item in here else 0)


@pytest.fixture(scope="session")
def bucket() -> str:
    need("AWS_ENDPOINT_URL", "TESTBED_S3_BUCKET")
    return os.environ["TESTBED_S3_BUCKET"]


@pytest.fixture
def root(bucket) -> str:
    """An empty artifact root of the test's own."""
    return f"s3://{bucket}/{uuid.uuid4().hex[:12]}"


@pytest.fixture(scope="session")
def pod_environment() -> dict[str, str]:
    """What a worker in a container needs to reach S3."""
    need("AWS_ENDPOINT_URL")
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION")
    endpoint = os.environ.get("TESTBED_POD_S3_URL") or os.environ["AWS_ENDPOINT_URL"]
    return {name: os.environ[name] for name in names if name in os.environ} | {"AWS_ENDPOINT_URL": endpoint}


@pytest.fixture(scope="session")
def docker_client():
    need("DOCKER_HOST")
    import docker

    return docker.from_env(timeout=60)


@pytest.fixture(scope="session")
def toy_image(docker_client) -> str:
    """The toy worker's image, built when its files changed."""
    files = [
        REPOSITORY / "requirements.lock",
        REPOSITORY / "scripts" / "locked.py",
        REPOSITORY / "livecc_assets" / "__init__.py",
    ]
    for room in ("core", "store", "runtime"):
        files += sorted((REPOSITORY / "livecc_assets" / room).glob("*.py"))
    files += sorted(Path(__file__).parent.glob("*oy_*"))
    files.append(Path(__file__).parent / "Dockerfile")
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]
    tag = f"livecc/toy:{digest}"
    from docker.errors import ImageNotFound

    try:
        docker_client.images.get(tag)
    except ImageNotFound:
        base = os.environ.get("BASE") or (REPOSITORY / "k8s/images/base.txt").read_text("utf-8").split()[-1]
        command = [
            "docker",
            "build",
            "-q",
            "-t",
            tag,
            "-f",
            "tests/cluster/Dockerfile",
            "--build-arg",
            f"BASE={base}",
            ".",
        ]
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    load(tag)
    return tag


@pytest.fixture(scope="session")
def namespace(pod_environment) -> str:
    """A namespace with the workers' service account and the S3 secret."""
    need("KUBECONFIG")
    from kubernetes import client, config
    from kubernetes.client import ApiException

    config.load_kube_config()
    core = client.CoreV1Api()

    def ensure(call, *arguments) -> None:
        try:
            call(*arguments)
        except ApiException as error:
            if error.status != 409:
                raise

    ensure(core.create_namespace, {"metadata": {"name": NAMESPACE}})
    ensure(core.create_namespaced_service_account, NAMESPACE, {"metadata": {"name": "livecc-worker"}})
    secret = {"metadata": {"name": "livecc-s3"}, "stringData": pod_environment}
    ensure(core.create_namespaced_secret, NAMESPACE, secret)
    core.replace_namespaced_secret("livecc-s3", NAMESPACE, secret)
    return NAMESPACE


#: A small share of a processor each, so that many fit on one node, and all of it while the others wait.
NEEDS = {
    "default": {"image": "livecc/training:dev", "cpus": 0.2, "cpu_limit": 2, "memory": "3Gi", "shm": "256Mi"},
    "source": {"image": "livecc/curation:dev"},
    "live_cc": {"image": "livecc/curation:dev"},
    "live_whisperx": {"image": "livecc/curation:dev"},
}


@pytest.fixture(scope="session")
def cluster_graph(tmp_path_factory, bucket, namespace, docker_client) -> Iterator[Graph]:
    """The sample graph in small whose artifacts are on S3 and whose workers are Jobs; empty at first."""
    need_images(docker_client, "curation", "training")
    home, root = tmp_path_factory.mktemp("there"), f"s3://{bucket}/graph-{uuid.uuid4().hex[:8]}"
    write_settings(home)
    file = home / "kubernetes.yaml"
    options = {"kind": "kubernetes", "namespace": namespace, "secret": "livecc-s3", "needs": NEEDS}
    file.write_text(yaml.safe_dump(options | {"environment": {"OMP_NUM_THREADS": "1"}}))
    yield Graph(home, root, {"LIVECC_LAUNCHER": str(file)}, namespace)
    blobs = open_blobs(root)
    for item in list(blobs.listed("")):
        blobs.delete(item.key)


@pytest.fixture(scope="session")
def finished_graph(cluster_graph) -> Graph:
    """The same, made to its end; what stands already is not made again."""
    cluster_graph.run("demo")
    return cluster_graph


@pytest.fixture(scope="session")
def docker_launcher(tmp_path_factory, pod_environment) -> Path:
    """A launcher's file for this Docker host, on whose network S3 has the name that it has here."""
    file = tmp_path_factory.mktemp("docker") / "docker.yaml"
    environment = pod_environment | {"AWS_ENDPOINT_URL": os.environ["AWS_ENDPOINT_URL"], "OMP_NUM_THREADS": "1"}
    file.write_text(yaml.safe_dump({"kind": "docker", "network": "host", "environment": environment, "needs": NEEDS}))
    return file
