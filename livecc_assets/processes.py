"""Which process is meant, and whether it still runs: a number alone is given to another process in time."""

import os
import socket
from pathlib import Path


def _started(pid: int) -> str | None:
    """Clock ticks from boot to the process's start; None when there is none of this number."""
    try:
        # The name, in parentheses, may itself hold parentheses and blanks.
        return Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()[19]
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
