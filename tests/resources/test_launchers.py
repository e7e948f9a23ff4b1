"""What a failed worker tells its reader, and that no worker outlives its orchestrator."""

import os
import signal
import subprocess
import sys
import textwrap

import pytest

from livecc_assets.core.errors import EXIT_PASSING_ERROR, EXIT_USER_ERROR
from resources.launchers.base import explain
from tests.process_tools import wait_for_end


def test_a_kill_is_told_as_memory_and_an_exit_code_with_the_end_of_the_output() -> None:
    assert "out of memory" in explain(-signal.SIGKILL, ["last words"])
    assert "SIGTERM" in explain(-signal.SIGTERM, [])
    told = explain(3, ["line one", "line two"])
    assert "exit code 3" in told
    assert told.endswith("line one\nline two")
    assert "printed nothing" in explain(1, [])


def test_a_worker_that_knew_why_it_ends_is_told_in_its_own_line() -> None:
    said = ["Loading…", "livecc: out of disk space in /d/x; free space there", "a warning at the exit"]
    assert explain(EXIT_USER_ERROR, said) == "out of disk space in /d/x; free space there"
    assert explain(EXIT_PASSING_ERROR, said) == "out of disk space in /d/x; free space there"
    assert "exit code 1. The end of its output:" in explain(1, said)
    assert "exit code 78. The end of its output:" in explain(EXIT_USER_ERROR, ["another program's words"])


ORCHESTRATOR = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)  # as some callers do; it must not reach the worker
from livecc_assets.runtime.forked import Worker
print(Worker("tests.runtime.forked_worker", dict(os.environ, DO="sleep"), sys.stderr).pid, flush=True)
time.sleep(60)
"""


@pytest.mark.live
def test_a_worker_dies_with_a_killed_orchestrator() -> None:
    code = textwrap.dedent(ORCHESTRATOR)
    process = subprocess.Popen([sys.executable, "-W", "ignore", "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    worker = int(process.stdout.readline())
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    wait_for_end(worker)
