"""``livecc ui`` as a user starts it, on free ports, and GraphQL to it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

WHERE = {"repositoryName": "__repository__", "repositoryLocationName": "livecc_assets.definitions"}


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=2) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


def ask(port: int, query: str, **variables: Any) -> dict[str, Any]:
    body = json.dumps({"query": query, "variables": variables}).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}/graphql", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        found = json.load(answer)
    assert "errors" not in found, found
    return found["data"]


@contextmanager
def running_ui(folder: Path, cwd: Path) -> Iterator[tuple[int, int]]:
    """The ports of Dagster and MLflow, once both answer. At the end SIGTERM, after which no process may be left."""
    ports = free_port(), free_port()
    options = ["--home", str(folder), "ui", "--port", str(ports[0]), "--mlflow-port", str(ports[1])]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("LIVECC_", "DAGSTER_"))}
    log = folder / "log.txt"
    with log.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "livecc_assets", *options], cwd=cwd, env=environment, stdout=file, stderr=file
        )
    family: list[psutil.Process] = []
    try:
        deadline = time.monotonic() + 300
        while not all(map(answers, ports)):
            assert process.poll() is None, log.read_text()[-2000:]
            assert time.monotonic() < deadline, log.read_text()[-2000:]
            time.sleep(1)
        family = psutil.Process(process.pid).children(recursive=True)
        assert len(family) >= 3
        yield ports
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(120)
    _, alive = psutil.wait_procs(family, timeout=60)
    assert alive == []
