"""``livecc ui``: two servers up, and none left behind when it ends."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.traps import imported, set_trap
from tests.waiting import until


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=2) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


def _ask(port: int, query: str, **variables: Any) -> dict[str, Any]:
    body = json.dumps({"query": query, "variables": variables}).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}/graphql", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        found = json.load(answer)
    assert "errors" not in found, found
    return found["data"]


LAUNCH = """
mutation ($selector: JobOrPipelineSelector!) {
  launchRun(executionParams: {selector: $selector, mode: "default"}) {
    __typename ... on LaunchRunSuccess { run { runId } } ... on InvalidSubsetError { message }
  }
}"""
STATUS = "query ($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"


def _run_from_the_ui(port: int, asset: str, job: str) -> str:
    """Launch one asset as the UI does; the state in which the run ends."""
    where = {"repositoryName": "__repository__", "repositoryLocationName": "livecc_assets.definitions"}
    selector = where | {"pipelineName": job, "assetSelection": [{"path": [asset]}]}
    launched = _ask(port, LAUNCH, selector=selector)["launchRun"]
    assert launched["__typename"] == "LaunchRunSuccess", launched
    deadline, status = time.monotonic() + 300, "QUEUED"
    while status not in ("SUCCESS", "FAILURE", "CANCELED") and time.monotonic() < deadline:
        time.sleep(1)
        status = _ask(port, STATUS, id=launched["run"]["runId"])["runOrError"]["status"]
    return status


RELOAD = """
mutation { reloadRepositoryLocation(repositoryLocationName: "livecc_assets.definitions") {
  ... on WorkspaceLocationEntry { locationOrLoadError { __typename } } } }"""


def _reloads(port: int) -> bool:
    """Whether the button "Reload" finds the code."""
    found = _ask(port, RELOAD)["reloadRepositoryLocation"]
    return found["locationOrLoadError"]["__typename"] == "RepositoryLocation"


def _status(port: int, path: str, body: bytes | None = None, **headers: str) -> int:
    """The status of the answer to a GET, or to a POST of JSON where there is a ``body``."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}", body, {"Content-Type": "application/json"} | headers
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def _refuses_strangers(port: int, path: str, body: bytes) -> None:
    """This page has no other name, and changes nothing for another page of this machine."""
    assert _status(port, "/", Host=f"evil.example:{port}") == 403
    assert _status(port, "/", Host=f"10.evil.example:{port}") == 403, (
        "which MLflow's own check takes for a private address"
    )
    assert _status(port, path, body, Origin="http://127.0.0.1:8000") == 403
    assert _status(port, path, body, Origin="null") == 403
    assert _status(port, path, body, Origin=f"http://127.0.0.1:{port}") == 200


def _kill_the_code_server(family: list[psutil.Process]) -> None:
    [server] = [one for one in family if "code-server" in one.cmdline()]
    server.kill()
    server.wait(30)


def _the_forker(family: list[psutil.Process]) -> psutil.Process | None:
    """The living process from which workers are forked; its workers would have the same command line."""
    return next(
        (
            one
            for one in family
            if one.is_running()
            and one.status() != psutil.STATUS_ZOMBIE
            and "livecc_assets.runtime.forkserver" in one.cmdline()
        ),
        None,
    )


@pytest.mark.live
def test_both_servers_come_up_the_queue_moves_and_sigterm_leaves_no_process_behind(tmp_path: Path) -> None:
    trap = set_trap(tmp_path)
    ports = _free_port(), _free_port()
    options = ["--home", str(tmp_path), "ui", "--port", str(ports[0]), "--mlflow-port", str(ports[1])]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("LIVECC_", "DAGSTER_"))}
    environment["OPENAI_API_KEY"] = "sk-SECRET-of-a-judge"
    with (tmp_path / "log.txt").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "livecc_assets", *options], cwd=trap, env=environment, stdout=log, stderr=log
        )
    try:
        deadline = time.monotonic() + 300
        while not all(map(_answers, ports)):
            assert process.poll() is None, (tmp_path / "log.txt").read_text()[-2000:]
            assert time.monotonic() < deadline, (tmp_path / "log.txt").read_text()[-2000:]
            time.sleep(1)
        family = psutil.Process(process.pid).children(recursive=True)
        assert len(family) >= 3
        # Through the queue of the shipped dagster.yaml, so the daemon has to be there, too.
        assert _run_from_the_ui(ports[0], "evaluation_videos", "livesports") == "SUCCESS"
        assert (tmp_path / "artefacts" / "evaluation_videos" / "all").is_dir()
        _refuses_strangers(ports[0], "/graphql", b'{"query": "{ version }"}')
        _refuses_strangers(ports[1], "/api/2.0/mlflow/experiments/create", b'{"name": "mine"}')
        _kill_the_code_server(family)
        forker = _the_forker(family)
        assert forker and "SECRET" not in str(forker.environ()), "what is forked shows what this was started with"
        forker.kill()
        until(lambda: _reloads(ports[0]), 120, "the code server is started again", every=1)
        until(lambda: _the_forker(psutil.Process(process.pid).children()), 60, "workers can be forked again", every=1)
        assert _run_from_the_ui(ports[0], "evaluation_videos", "livesports") == "SUCCESS"
        family += psutil.Process(process.pid).children(recursive=True)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(120)
    _, alive = psutil.wait_procs(family, timeout=60)
    assert alive == []
    assert imported(trap) == [], "nothing of the current folder was imported"
