"""Real services for the tests of this folder: those that DOCKER_HOST, KUBECONFIG and AWS_ENDPOINT_URL name.

Pods reach S3 under POD_S3_URL, where that is another address than this machine's. LOAD_IMAGE is a command that brings a
local image to the cluster's nodes (``kind load docker-image``); empty where the cluster uses this Docker host's images.
"""

import hashlib
import os
import shlex
import subprocess
import uuid
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent.parent
NAMESPACE = "livecc-test"


def pytest_collection_modifyitems(items) -> None:
    for item in items:
        if Path(item.fspath).is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.cluster)


def need(*names: str) -> None:
    """Skip unless the environment names the service."""
    if absent := [name for name in names if not os.environ.get(name)]:
        pytest.skip(f"{', '.join(absent)} not set: no such service to test against (see CONTRIBUTING)")


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
    parts = ["constraints.txt", "livecc_assets/__init__.py", "livecc_assets/errors.py", "livecc_assets/rules.py"]
    files = [REPOSITORY / part for part in parts]
    files += sorted((REPOSITORY / "livecc_assets" / "store").glob("*.py")) + sorted(Path(__file__).parent.glob("*oy_*"))
    files.append(Path(__file__).parent / "Dockerfile")
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]
    tag = f"livecc/toy:{digest}"
    import docker

    try:
        docker_client.images.get(tag)
    except docker.errors.ImageNotFound:
        command = ["docker", "build", "-q", "-t", tag, "-f", "tests/cluster/Dockerfile", "."]
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    load(tag)
    return tag


def load(tag: str) -> None:
    """Bring an image to the cluster's nodes."""
    if os.environ.get("KUBECONFIG") and (command := os.environ.get("LOAD_IMAGE")):
        subprocess.run([*shlex.split(command), tag], check=True, capture_output=True)


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
