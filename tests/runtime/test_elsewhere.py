"""A fork server that listens on a socket, as the container of the workers has one, serves whoever of its user connects."""

import contextlib
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from livecc_assets.core.errors import PassingError, UserError
from livecc_assets.runtime import forked
from livecc_assets.runtime.forked import ELSEWHERE, SharedServerGoneError, Worker, elsewhere
from tests.listening import listening
from tests.process_tools import wait_for_end

MODULE = "forked_worker"
Start = Callable[[], subprocess.Popen[bytes]]


@pytest.fixture
def socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The socket in force; the connection of this process is put aside meanwhile."""
    shutil.copy(Path(__file__).parent / "forked_worker.py", tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(forked, "_requests", None)
    monkeypatch.setenv(ELSEWHERE, str(tmp_path / "workers.sock"))
    yield tmp_path / "workers.sock"
    if forked._requests:
        forked._requests.close()


@pytest.fixture
def start(socket: Path) -> Iterator[Start]:
    """Starts a server there; all are killed in the end."""
    own = {"AWS_ACCESS_KEY_ID": "of-workers", "AWS_SECRET_ACCESS_KEY": "workers-secret", "MARK": "of the server"}
    with contextlib.ExitStack() as started:
        yield lambda: started.enter_context(listening(socket, **own))


def said(env: dict[str, str], tmp_path: Path) -> tuple[int, list[str]]:
    with (tmp_path / "stderr").open("w+") as stderr:
        code = Worker(MODULE, env, stderr).wait(60)
    return code, (tmp_path / "stderr").read_text().splitlines()


def own_servers() -> set[int]:
    """Processes from which earlier tests of this process fork their workers."""
    module = "livecc_assets.runtime.forkserver"
    living = [one for one in psutil.Process().children() if one.status() != psutil.STATUS_ZOMBIE]
    return {one.pid for one in living if module in one.cmdline()}


def test_workers_of_several_processes_run_there_in_its_environment_and_what_is_handed_over_comes_to_it(
    start: Start, tmp_path: Path
) -> None:
    before, server = own_servers(), start()
    code, seen = said({"DO": "environment", "MARK": "asked for", "PATH": "/orchestrators/bin", "MORE": "1"}, tmp_path)
    assert code == 0 and set(seen) >= {f"PATH={os.environ['PATH']}", "MORE=1", "DO=environment", "MARK=of the server"}
    assert set(seen) >= {"AWS_ACCESS_KEY_ID=of-workers", "AWS_SECRET_ACCESS_KEY=workers-secret"}
    program = (
        "import sys; from livecc_assets.runtime.forked import Worker; "
        f"print(Worker({MODULE!r}, dict(DO='exit', CODE='4'), sys.stderr).wait(60))"
    )
    other = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert other.stdout == "4\n"
    assert said({"DO": "exit", "CODE": "5"}, tmp_path)[0] == 5, "one customer left, the others are served"
    assert server.poll() is None
    assert own_servers() == before, "no server of its own was started"


def test_a_worker_whose_customer_was_killed_is_ended(start: Start, tmp_path: Path) -> None:
    start()
    program = (
        "import os, signal, sys; from livecc_assets.runtime.forked import Worker; "
        f"print(Worker({MODULE!r}, dict(DO='sleep'), sys.stderr).pid, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert killed.returncode == -signal.SIGKILL
    wait_for_end(int(killed.stdout))


#: A server whose workers take their time before they have set themselves up.
SLOW = """
import time
from livecc_assets.runtime import forkserver
forkserver.PRELOAD, at_once = (), forkserver.die_with_parent
forkserver.die_with_parent = lambda parent: (time.sleep(1), at_once(parent))
forkserver.main()
"""


def test_a_worker_is_ended_at_once_whatever_its_server_was_started_to_ignore(socket: Path, tmp_path: Path) -> None:
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with listening(socket, SLOW), (tmp_path / "stderr").open("w") as stderr:
            worker = Worker(MODULE, {"DO": "sleep"}, stderr)
            pid, told = worker.pid, time.monotonic()
            del worker
            wait_for_end(pid)
            assert time.monotonic() - told < 30, "it slept for its minute"
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_server_that_was_killed_takes_its_workers_along_and_another_takes_its_place(
    start: Start, tmp_path: Path
) -> None:
    first = start()
    with (tmp_path / "stderr").open("w") as stderr:
        worker = Worker(MODULE, {"DO": "sleep"}, stderr)
        first.kill()
        first.wait()
        with pytest.raises(SharedServerGoneError, match="run this again") as error:
            worker.wait(30)
        assert isinstance(error.value, PassingError), "its step is tried again"
        wait_for_end(worker.pid)
    with pytest.raises(PassingError, match="nobody listens there"):
        said({"DO": "exit", "CODE": "0"}, tmp_path)
    start()
    assert said({"DO": "exit", "CODE": "6"}, tmp_path)[0] == 6


def test_the_socket_is_its_users_alone(start: Start, socket: Path) -> None:
    start()
    assert stat.S_IMODE(socket.stat().st_mode) == 0o600


def test_no_server_is_one_line_and_worth_another_try(socket: Path, tmp_path: Path) -> None:
    with pytest.raises(PassingError) as error:
        said({"DO": "exit", "CODE": "0"}, tmp_path)
    assert str(socket) in str(error.value) and "the container of the workers" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("path", ["workers.sock", "~/workers.sock", f"/{'x' * 107}"])
def test_a_path_that_can_be_no_socket_is_one_line(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ELSEWHERE, path)
    with pytest.raises(UserError, match="write the absolute path of a socket"):
        elsewhere()
