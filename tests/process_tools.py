"""Waiting for processes; a helper of the tests."""

import contextlib

import psutil

from tests.waiting import until


def wait_for_end(pid: int) -> None:
    """Until no process with this id runs; it may vanish between any two questions."""
    with contextlib.suppress(psutil.NoSuchProcess):
        until(lambda: psutil.Process(pid).status() == psutil.STATUS_ZOMBIE, 120, f"process {pid} lives on")
