"""Servers as child processes, each in a session of its own, so that it can be stopped with everything that it started."""

import os
import signal
import subprocess
import time
from collections.abc import Collection, Mapping
from pathlib import Path

from resources.tracking.server import ServerCommand

#: Seconds a server has to end by itself after Ctrl-C.
GRACE = 15
Server = subprocess.Popen[bytes]


def start(command: ServerCommand, folder: Path | None = None, environment: Mapping[str, str] = os.environ) -> Server:
    """Start one server, in this folder and environment."""
    return subprocess.Popen(command.argv, cwd=folder, env={**environment, **command.env}, start_new_session=True)


def stop(servers: Collection[Server]) -> None:
    """Stop the servers and whatever they started; what has not ended after :data:`GRACE` is killed."""
    for server in servers:
        _signal(server, signal.SIGTERM)
    deadline = time.monotonic() + GRACE
    for server in servers:
        # Its children may outlive it for a moment: a run that cleans up, a code server that has to notice.
        while (server.poll() is None or _signal(server, 0)) and time.monotonic() < deadline:
            time.sleep(0.1)
        _signal(server, signal.SIGKILL)
        server.wait()


def _signal(server: Server, number: int) -> bool:
    """Send a signal to a server and all that it started; False when nothing of it is left."""
    try:
        os.killpg(server.pid, number)
        return True
    except ProcessLookupError:
        return False
