"""Which process is meant, and whether it still runs: a number alone is given to another process in time."""

import os
import socket
import time
from pathlib import Path

#: Tag of a Dagster run that a process executes itself: which one.
PROCESS = "livecc/process"
#: Seconds by which the clock may have been set between a process's start and a note of it.
CLOCK = 60.0


def _started(pid: int) -> str | None:
    """Clock ticks from boot to the process's start; None when none of this number runs."""
    try:
        # The name, in parentheses, may itself hold parentheses and blanks.
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        return None if fields[0] in "ZX" else fields[19]  # ended, and nobody has asked how
    except (OSError, IndexError):
        return None


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text("utf-8").strip()


def this_process() -> str:
    """A mark of the calling process, for ``is_gone``."""
    return f"{socket.gethostname()} {_boot()} {os.getpid()} {_started(os.getpid())}"


def is_gone(mark: str) -> bool:
    """Whether the marked process has ended. One of another machine or container is not known to have."""
    try:
        host, boot, pid, started = mark.split(" ")
        return host == socket.gethostname() and (boot != _boot() or _started(int(pid)) != started)
    except ValueError:  # no mark of ours
        return False


def is_elsewhere(mark: str) -> bool:
    """Whether the mark was made on another machine or in another container."""
    return mark.count(" ") == 3 and mark.split(" ")[0] != socket.gethostname()


def ran_at(pid: int, moment: float) -> bool:
    """Whether this machine's process of that number ran already at ``moment`` (seconds since 1970).

    One that started later got the number of a process that had ended.
    """
    started = _started(pid)
    if started is None:
        return False
    booted = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
    return booted + int(started) / os.sysconf("SC_CLK_TCK") <= moment + CLOCK
