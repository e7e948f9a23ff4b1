"""Workers forked from a process with the libraries loaded behave as processes of their own."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from livecc_assets.runtime import forked
from livecc_assets.runtime.forked import ServerGoneError, Worker
from livecc_assets.runtime.forkserver import PRELOAD
from tests.process_tools import wait_for_end
from tests.waiting import until

MODULE = "forked_worker"


@pytest.fixture(autouse=True)
def folder_with_the_worker(tmp_path, monkeypatch):
    """A module beside the caller is found, as with ``python -m``."""
    shutil.copy(Path(__file__).parent / "forked_worker.py", tmp_path)
    monkeypatch.chdir(tmp_path)


def ended(env: dict[str, str], tmp_path: Path, module: str = MODULE) -> tuple[int, str]:
    """Exit code and standard error of a worker."""
    with (tmp_path / "stderr").open("w+") as stderr:
        code = Worker(module, env, stderr).wait(60)
    return code, (tmp_path / "stderr").read_text()


def servers() -> list[psutil.Process]:
    """The fork servers of this process; a worker's command line is its server's, but its parent is not we."""
    living = [one for one in psutil.Process().children() if one.status() != psutil.STATUS_ZOMBIE]
    return [one for one in living if "livecc_assets.runtime.forkserver" in one.cmdline()]


def test_a_worker_has_its_own_environment_folder_threads_and_output(tmp_path):
    code, said = ended({"DO": "look", "MARK": "here", "OMP_NUM_THREADS": "1"}, tmp_path)
    assert (code, said.splitlines()) == (0, [f"{tmp_path} here 1", "False __main__"])


def test_the_heavy_libraries_are_loaded_before_the_fork(tmp_path):
    code, said = ended({"DO": "loaded"}, tmp_path)
    assert code == 0 and set(PRELOAD) <= set(said.split())


@pytest.mark.parametrize(
    ("env", "code", "said"),
    [
        ({"DO": "exit", "MARK": "3"}, 3, ""),
        ({"DO": "complain"}, 1, "a line for the user"),
        ({"DO": "fail"}, 1, "ValueError: the reason"),
    ],
)
def test_exit_codes_and_messages_are_those_of_python_m(env, code, said, tmp_path):
    found, stderr = ended(env, tmp_path)
    assert found == code and said in stderr


def test_an_unknown_module_is_named(tmp_path):
    code, stderr = ended({}, tmp_path, "livecc_assets.no_such_module")
    assert code == 1 and "No module named livecc_assets.no_such_module" in stderr


def test_a_worker_finds_modules_on_a_path_that_its_server_was_not_started_with(tmp_path):
    ended({"DO": "exit", "MARK": "0"}, tmp_path)  # the server runs
    (tmp_path / "later").mkdir()
    (tmp_path / "later" / "found_later.py").write_text("raise SystemExit(6)")
    assert ended({"PYTHONPATH": f"{tmp_path / 'later'}{os.pathsep}"}, tmp_path, "found_later")[0] == 6


def test_signals_reach_the_worker_and_tell_how_it_ended(tmp_path):
    with (tmp_path / "stderr").open("w+") as stderr:
        killed = Worker(MODULE, {"DO": "sleep"}, stderr)
        killed.send_signal(signal.SIGKILL)
        assert killed.wait(30) == -signal.SIGKILL
        heeding = Worker(MODULE, {"DO": "heed"}, stderr)
        until(lambda: "ready" in (tmp_path / "stderr").read_text(), 30, "the worker never came up")
        heeding.send_signal(signal.SIGTERM)
        assert heeding.wait(30) == 77
        heeding.send_signal(signal.SIGTERM)  # nobody is there any more, and nothing happens


def test_workers_run_side_by_side_for_several_threads(tmp_path):
    codes = {}

    def work(number: int) -> None:
        with (tmp_path / str(number)).open("w") as stderr:
            codes[number] = Worker(MODULE, {"DO": "exit", "MARK": str(number)}, stderr).wait(60)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == {number: number for number in range(12)}


def test_a_worker_that_nobody_waits_for_is_ended(tmp_path):
    with (tmp_path / "stderr").open("w") as stderr:
        worker = Worker(MODULE, {"DO": "sleep"}, stderr)
        pid = worker.pid
        del worker
    wait_for_end(pid)


@pytest.mark.live
def test_a_killed_server_takes_its_workers_along_and_is_started_again(tmp_path):
    with (tmp_path / "stderr").open("w") as stderr:
        worker = Worker(MODULE, {"DO": "sleep"}, stderr)
        (one,) = servers()
        one.kill()
        one.wait()
        with pytest.raises(ServerGoneError, match="run this again"):
            worker.wait(30)
        wait_for_end(worker.pid)
    assert ended({"DO": "exit", "MARK": "5"}, tmp_path)[0] == 5


def test_a_worker_whose_server_died_before_it_asked_the_kernel_ends_by_itself():
    code = """
import os, time
from livecc_assets.runtime.forkserver import die_with_parent
server = os.getpid()
if not os.fork():
    while os.getppid() == server:
        time.sleep(0.01)
    print(os.getpid(), flush=True)
    die_with_parent(server)
    print("lives on")
os._exit(0)
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60).stdout
    wait_for_end(int(said))


def test_a_worker_is_heard_after_a_wait_that_was_too_short(tmp_path):
    with (tmp_path / "stderr").open("w") as stderr:
        worker = Worker(MODULE, {"DO": "sleep"}, stderr)
    with pytest.raises(TimeoutError):
        worker.wait(0.1)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(60) == -signal.SIGTERM


@pytest.mark.parametrize(("limit", "said"), [("NOFILE", "out of open files"), ("fork", "out of threads or processes")])
def test_a_worker_that_cannot_be_started_is_refused_in_one_line_and_the_server_stays(limit, said, tmp_path):
    """The server, with its limit reached, in a process of its own: a request, then another one without the limit."""
    code = f"""
import errno, os, resource, socket, threading
from livecc_assets.runtime import forkserver
ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
server = forkserver.Server(theirs)
ends = socket.socketpair()
socket.send_fds(ours, [b"{{}}"], [ends[1].fileno(), 2])
if {limit!r} == "NOFILE":
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = max(map(int, os.listdir("/proc/self/fd")))
    resource.setrlimit(resource.RLIMIT_NOFILE, (taken + 1, hard))
else:
    def fork():
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
    os.fork = fork
assert server._accept(server.first)
print(ends[0].recv(4096).decode())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert said in json.loads(done.stdout)["refused"], done.stderr


def test_a_child_process_shares_the_server(tmp_path):
    code = (
        "import os, sys; from livecc_assets.runtime.forked import Worker; "
        f"w = Worker({MODULE!r}, dict(os.environ, DO='exit', MARK='4'), sys.stderr); print(w.wait(60))"
    )
    number = forked.connection().fileno()
    said = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {forked.SHARED: str(number)}, pass_fds=[number],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert said.stdout == "4\n"
    assert len(servers()) == 1
