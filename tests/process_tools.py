"""Waiting for processes; a helper of the tests."""

import contextlib
import time

import psutil


def wait_for_end(pid: int) -> None:
    """Until no process with this id runs; it may vanish between any two questions."""
    deadline = time.monotonic() + 120
    with contextlib.suppress(psutil.NoSuchProcess):
        while psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
            assert time.monotonic() < deadline, f"process {pid} lives on"
            time.sleep(0.05)
