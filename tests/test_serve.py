"""``livecc ui``: two servers up, and none left behind when it ends."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil


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


def test_both_servers_come_up_and_sigterm_leaves_no_process_behind(tmp_path: Path) -> None:
    ports = _free_port(), _free_port()
    options = ["--home", str(tmp_path), "ui", "--port", str(ports[0]), "--mlflow-port", str(ports[1])]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("LIVECC_", "DAGSTER_"))}
    with (tmp_path / "log.txt").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "livecc_assets", *options], env=environment, stdout=log, stderr=log
        )
    try:
        deadline = time.monotonic() + 150
        while not all(map(_answers, ports)):
            assert process.poll() is None, (tmp_path / "log.txt").read_text()[-2000:]
            assert time.monotonic() < deadline, (tmp_path / "log.txt").read_text()[-2000:]
            time.sleep(1)
        family = psutil.Process(process.pid).children(recursive=True)
        assert len(family) >= 3
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(40)
    _, alive = psutil.wait_procs(family, timeout=20)
    assert alive == []
