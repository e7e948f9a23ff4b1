"""A fork server that listens on a Unix socket, as the container of the workers has one."""

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from livecc_assets.runtime.forked import ELSEWHERE
from tests.waiting import until

#: As `python -m livecc_assets.runtime.forkserver`, which loads torch first.
WITHOUT_LIBRARIES = "from livecc_assets.runtime import forkserver; forkserver.PRELOAD = (); forkserver.main()"


@contextlib.contextmanager
def listening(path: Path, program: str = WITHOUT_LIBRARIES, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """One that listens at ``path``, killed in the end. Of this process's environment it gets no secret of the store."""
    plain = {name: value for name, value in os.environ.items() if name != ELSEWHERE and not name.startswith("AWS_")}
    server = subprocess.Popen([sys.executable, "-c", program, str(path)], env=plain | environment)
    try:
        until(lambda: _answers(path), 60, "it never listened", every=0.1)
        yield server
    finally:
        server.kill()
        server.wait()


def _answers(path: Path) -> bool:
    with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)) as one:
        return one.connect_ex(str(path)) == 0
