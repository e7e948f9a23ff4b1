"""Runs that a killed code server left behind count as failed when the next one starts, and are started again."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import psutil
import pytest
import yaml

from livecc_assets.cli import serve
from livecc_assets.core.processes import PROCESS, ran_at, this_process
from livecc_assets.graph.settings import load_settings
from livecc_assets.orchestration.runs import pass_cancels_on, runs_of_earlier_servers
from resources.tracking import ServerCommand
from tests.waiting import until

INSTANCE = {
    "telemetry": {"enabled": False},
    "run_coordinator": {"module": "dagster.core.run_coordinator", "class": "DefaultRunCoordinator"},
    "run_retries": {"enabled": True, "max_retries": 1, "retry_on_asset_or_op_failure": False},
}
#: `python -m livecc_assets.cli.serve`, where the daemon, which is none here, has found the server once there is a file `go`.
QUICK = """
import os, sys, time
from livecc_assets.cli import serve
serve.SETTLED, end = 1, serve._end
def when_told(settings, left):
    while not (settings.home / "go").exists():
        time.sleep(0.1)
    end(settings, left)
serve._end = when_told
serve.serve_code(sys.argv[1:])
"""


def _family(leader: int) -> list[psutil.Process]:
    """The living processes of the session that ``leader`` began."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, ProcessLookupError):
            if os.getsid(process.pid) == leader and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


class Place:
    """A state folder whose code server is a process of its own, as in a container."""

    def __init__(self, home: Path) -> None:
        self.home = home
        (home / "dagster").mkdir()
        (home / "dagster" / "dagster.yaml").write_text(yaml.safe_dump(INSTANCE))
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("LIVECC_", "DAGSTER_"))}
        self.environment = kept | {"LIVECC_HOME": str(home), "DAGSTER_HOME": str(home / "dagster")}
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            self.port = int(one.getsockname()[1])
        server = {"host": "127.0.0.1", "port": self.port, "location_name": "livecc"}
        (home / "workspace.yaml").write_text(yaml.safe_dump({"load_from": [{"grpc_server": server}]}))
        self.server: subprocess.Popen[bytes] | None = None
        # What the run reads first is a pipe that nobody writes to, so that it goes on until it is killed.
        for asset in ("sentence_clips", "yt_cc_source"):
            folder = home / "artefacts" / asset / "sample-test"
            folder.mkdir(parents=True)
            os.mkfifo(folder / "_current.json")

    def start(self) -> None:
        """The code server of compose.yaml, until it answers."""
        options = ["--host=127.0.0.1", f"--port={self.port}", "--location-name=livecc"]
        command = [sys.executable, "-W", "ignore", "-c", QUICK, *options]
        self.server = subprocess.Popen(command, env=self.environment, start_new_session=True)
        until(self._answers, 200, "the code server does not come up")

    def _answers(self) -> bool:
        assert self.server is not None
        assert self.server.poll() is None
        with socket.socket() as one:
            return one.connect_ex(("127.0.0.1", self.port)) == 0

    def launch(self) -> str:
        """A run of the server's, once it counts as started; its id."""
        command = ["job", "launch", "--workspace", str(self.home / "workspace.yaml"), "--job", "livesports"]
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "dagster", *command],
            env=self.environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        with self.instance() as instance:
            (run,) = instance.get_runs()
            until(lambda: self.state(run.run_id) == dg.DagsterRunStatus.STARTED, 200, "the run does not start")
        return run.run_id

    def kill(self) -> None:
        """As the kernel, or a switch, ends the container: server, run and step at once, without a word."""
        assert self.server is not None
        if self.server.poll() is None:
            os.killpg(self.server.pid, signal.SIGKILL)
            self.server.wait()
            leader = self.server.pid
            until(lambda: not _family(leader), 60, "killed processes are still there")

    def instance(self) -> dg.DagsterInstance:
        return dg.DagsterInstance.from_config(str(self.home / "dagster"))

    def state(self, run: str) -> dg.DagsterRunStatus:
        with self.instance() as instance:
            found = instance.get_run_by_id(run)
        assert found is not None
        return found.status


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    made.start()
    try:
        yield made
    finally:
        made.kill()


def _start_the_ui(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `livecc ui` does until somebody presses Ctrl-C, which is here when it has ended the runs that were left."""
    for name in ("LIVECC_HOME", "DAGSTER_HOME"):
        monkeypatch.setenv(name, place.environment[name])
    sleeps = ServerCommand([sys.executable, "-c", "import time; time.sleep(60)"], {})
    end = serve._end

    def end_and_leave(*told: Any) -> None:
        end(*told)
        signal.raise_signal(signal.SIGTERM)  # which servers take as Ctrl-C

    monkeypatch.setattr(serve, "_end", end_and_leave)
    monkeypatch.setattr(serve, "commands", lambda *_: {serve.CODE: sleeps, "webserver": sleeps})
    monkeypatch.setattr(serve, "serves", lambda _: True)
    monkeypatch.setattr(serve, "SETTLED", 1)
    before = {number: signal.getsignal(number) for number in serve.ENDINGS}
    try:
        serve.serve(load_settings(), "127.0.0.1", 0, 0)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@pytest.mark.live
@pytest.mark.parametrize("starts", ["the code server of a container", "livecc ui"])
def test_a_run_whose_server_was_killed_counts_as_failed_when_the_next_one_starts(
    starts: str, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = place.launch()
    with place.instance() as instance:
        assert runs_of_earlier_servers(instance, alone=True) == [], "its process runs"
    place.kill()
    assert place.state(run) == dg.DagsterRunStatus.STARTED, "nobody could tell"
    if starts == "livecc ui":
        _start_the_ui(place, monkeypatch)
    else:
        place.start()
        assert place.state(run) == dg.DagsterRunStatus.STARTED, (
            "the daemon would give up what it cannot start again yet"
        )
        (place.home / "go").touch()
        until(lambda: place.state(run) != dg.DagsterRunStatus.STARTED, 120, "nobody ends the run")
    assert place.state(run) == dg.DagsterRunStatus.FAILURE
    with place.instance() as instance:
        found = instance.get_run_by_id(run)
        assert found is not None
        assert found.tags["dagster/will_retry"] == "true", "the daemon starts it again"


def test_a_number_belongs_to_the_process_that_ran_then_and_ends_with_it() -> None:
    now = time.time()
    assert ran_at(os.getpid(), now)
    assert not ran_at(os.getpid(), now - 7 * 86400), "given to another process since"
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert Path(f"/proc/{child.pid}").exists(), "ended, and not asked for"
    assert not ran_at(child.pid, time.time())
    child.wait()
    assert not ran_at(child.pid, time.time())


@dg.op
def idle() -> None: ...


@dg.job
def waits() -> None:
    idle()


@pytest.mark.parametrize(("alone", "ends"), [(False, False), (True, True)])
def test_a_command_of_an_earlier_container_is_over_where_all_runs_are_in_this_one(
    alone: bool, ends: bool, tmp_path: Path
) -> None:
    here = this_process()
    with dg.instance_for_test(temp_dir=str(tmp_path)) as instance:
        started = dg.DagsterRunStatus.STARTED
        marks = {"here": here, "there": f"elsewhere {here.partition(' ')[2]}", "pod": ""}
        runs = {
            name: instance.create_run_for_job(waits, status=started, tags={PROCESS: mark} if mark else {}).run_id
            for name, mark in marks.items()
        }
        assert runs_of_earlier_servers(instance, alone=alone) == ([runs["there"]] if ends else [])


@pytest.mark.live
def test_a_run_that_goes_on_after_its_server_was_killed_can_be_cancelled(place: Place) -> None:
    run = place.launch()
    assert place.server is not None
    place.server.kill()  # and nothing that it started
    place.server.wait()
    with place.instance() as instance:
        found = instance.get_run_by_id(run)
        assert found is not None
        instance.report_run_canceling(found)  # as a cancel of the UI does; the next server knows nothing of the run
        pass_cancels_on(instance, {place.server.pid + 1})
        time.sleep(1)
        assert place.state(run) == dg.DagsterRunStatus.CANCELING, "another server's run is let be"
        pass_cancels_on(instance, {place.server.pid})
    until(lambda: place.state(run) == dg.DagsterRunStatus.CANCELED, 60, "nobody ends the run")
    leader = place.server.pid
    until(lambda: not _family(leader), 60, "something of it goes on")
