"""`compose.yaml` gives a running stack; a batch that is ingested there is curated by a run that its page launches.

Needs the images orchestrator, training, postgres and s3, and a client with Compose (`docker compose` or docker-compose).
"""

import os
import secrets
import shutil
import socket
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.cluster.deployment import Page
from tests.cluster.services import give_up, need_images
from tests.house.places import REPOSITORY
from tests.k8s.test_compose import PASSWORDS
from tests.media.film import make
from tests.waiting import until

pytestmark = pytest.mark.timeout(900)

BATCH = "drop"
SUBTITLES = "1\n00:00:00,000 --> 00:00:07,000\nthe goalkeeper kicks the ball far up the green field to the red team\n"


class Stack:
    """One project of Compose with ports and passwords of its own."""

    def __init__(self) -> None:
        self.ui, self.mlflow = _free_port(), _free_port()
        self.passwords = {name: secrets.token_hex(12) for name in PASSWORDS}
        settings = self.passwords | {"LIVECC_UI_PORT": self.ui, "LIVECC_MLFLOW_PORT": self.mlflow}
        self._environment = os.environ | {name: str(value) for name, value in settings.items()}
        self._command = [*_compose(), "-p", f"livecc-test-{uuid.uuid4().hex[:6]}"]

    def __call__(self, *arguments: str, given: bytes | None = None, seconds: float = 300) -> str:
        """What a command of Compose prints; AssertionError when it fails."""
        done = subprocess.run(
            [*self._command, *arguments],
            cwd=REPOSITORY, env=self._environment, input=given, capture_output=True, timeout=seconds,
        )  # fmt: skip
        said = (done.stdout + done.stderr).decode(errors="replace")
        assert done.returncode == 0, f"{' '.join(arguments)}: {said[-3000:]}"
        return said


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def _compose() -> list[str]:
    if shutil.which("docker-compose"):
        return ["docker-compose"]
    if subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode:
        give_up("no Compose: install docker-compose, or Docker's plugin")
    return ["docker", "compose"]


def wait_for(address: str, seconds: float) -> None:
    """Until a page answers."""
    until(lambda: _answers(address), seconds, f"nothing answers at {address}", every=1)


def _answers(address: str) -> bool:
    try:
        return requests.get(address, timeout=5).ok
    except requests.RequestException:
        return False


@pytest.fixture(scope="module")
def stack(docker_client) -> Iterator[Stack]:
    need_images(docker_client, "orchestrator", "training", "postgres", "s3")
    made = Stack()
    try:
        made("up", "-d")
        wait_for(f"http://127.0.0.1:{made.ui}/server_info", 180)
        wait_for(f"http://127.0.0.1:{made.mlflow}/health", 180)
        yield made
    finally:
        made("down", "--volumes", "--timeout", "20")


def test_a_batch_that_is_ingested_there_is_curated_by_a_run_of_its_page(stack: Stack, tmp_path: Path) -> None:
    film = make(tmp_path / "match.mp4", seconds=8).read_bytes()
    for name, content in {"match.mp4": film, "match.en.srt": SUBTITLES.encode()}.items():
        keep = f"mkdir -p /scratch/{BATCH} && cat > /scratch/{BATCH}/{name}"
        stack("exec", "-T", "code", "sh", "-c", keep, given=content)
    stack("exec", "-T", "code", "livecc", "ingest", f"/scratch/{BATCH}", "--batch", BATCH, "--category", "Sports")
    page = Page(f"http://127.0.0.1:{stack.ui}")
    run = page.launch("__ASSET_JOB", BATCH, ["yt_cc_source"])
    assert page.ended(run, 300) == "SUCCESS", page.messages(run)[-15:]
    said = stack("exec", "-T", "code", "livecc", "status")
    assert "yt_cc_source" in said
    told = said + "".join(page.messages(run)) + stack("logs", "--no-color")
    assert [name for name, value in stack.passwords.items() if value in told] == []


#: What a process can read of all others of its container.
PEEK = "cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline | tr '\\0' '\\n'"
CONNECT = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 3)"


def test_the_container_of_the_workers_holds_its_own_key_and_reaches_the_store_alone(stack: Stack) -> None:
    seen = stack("exec", "-T", "worker", "sh", "-c", PEEK)
    assert [name for name, value in stack.passwords.items() if value in seen] == ["S3_WORKER_PASSWORD"]
    stack("exec", "-T", "worker", "python", "-c", CONNECT, "s3", "8333")
    for host, port in {"postgres": "5432", "mlflow": "5000", "webserver": "3000", "code": "4000"}.items():
        with pytest.raises(AssertionError, match=r"gaierror|timed out|refused|unreachable"):
            stack("exec", "-T", "worker", "python", "-c", CONNECT, host, port)


#: Puts an object with a service's key; prints what S3 answers to it.
PUT = """
import boto3, sys
try:
    boto3.client("s3").put_object(Bucket="livecc", Key=sys.argv[1], Body=b"1")
    print("stored")
except Exception as error:
    print(error)
"""


def test_each_key_writes_what_its_service_needs(stack: Stack) -> None:
    allowed = {
        (service, key)
        for service in ("code", "worker", "webserver")
        for key in ("artefacts/x", "mlflow/x", "dagster-logs/x")
        if "stored" in stack("exec", "-T", service, "python", "-c", PUT, key)
    }
    assert allowed == {
        ("code", "artefacts/x"),
        ("code", "mlflow/x"),
        ("code", "dagster-logs/x"),
        ("worker", "artefacts/x"),
    }
