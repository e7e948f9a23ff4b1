"""The launcher's side of the fork server (``livecc_assets.runtime.forkserver``): start it, ask it for workers."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO

from livecc_assets.core.errors import PassingError, UserError
from livecc_assets.core.redaction import holds_secret
from livecc_assets.core.shortage import KEPT, ShortageError

#: Names the inherited socket in a process whose parent shares its fork server with it.
SHARED = "LIVECC_FORKSERVER_FD"
#: Names the Unix socket of a fork server that somebody else started, such as a container beside this one.
ELSEWHERE = "LIVECC_WORKER_SOCKET"
#: Bytes of a Unix socket's path that the kernel takes.
_PATH_BYTES = 107
#: Bytes that one request may have (a worker's environment), as far as the kernel allows.
SEND_BUFFER = 1 << 20

_lock = threading.Lock()
_requests: socket.socket | None = None


class ServerGoneError(UserError):
    """The fork server ended before its worker did."""


class SharedServerGoneError(ServerGoneError, PassingError):
    """It is somebody else's, who starts it again: worth another try."""


def elsewhere() -> Path | None:
    """The socket of the fork server in force, where it is none of this process's. UserError for what can be none."""
    said = os.environ.get(ELSEWHERE) or ""
    if said and (not said.startswith("/") or len(said.encode()) > _PATH_BYTES):
        raise UserError(f"{ELSEWHERE}={said}: write the absolute path of a socket, of at most {_PATH_BYTES} bytes")
    return Path(said) if said else None


def _connect(path: Path) -> socket.socket:
    made = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
    try:
        made.connect(str(path))
    except OSError as error:
        made.close()
        raise PassingError(
            f"{ELSEWHERE}={path}: no worker can be started, for nobody listens there ({error.strerror}); start what should, "
            "`livecc ui` or the container of the workers, or unset the variable"
        ) from None
    return made


def connection() -> socket.socket:
    """The way to this process's fork server, which is started first where there is none.

    The server ends when the last process that holds this socket has. It may be handed down to a child process:
    ``pass_fds=[connection().fileno()]``, with the number in the environment variable ``SHARED``.
    """
    global _requests
    with _lock:
        if _requests is None and (shared := os.environ.pop(SHARED, None)):
            _requests = socket.socket(fileno=int(shared))
        if _requests is None and (path := elsewhere()):
            _requests = _connect(path)
        if _requests is None:
            _requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            _requests.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
            with theirs:
                command = [sys.executable, "-m", "livecc_assets.runtime.forkserver", str(theirs.fileno())]
                # A fork shows in /proc what its server was started with, whatever it is given later.
                plain = {name: value for name, value in os.environ.items() if not holds_secret(name, value)}
                subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()], env=plain)
        return _requests


def _disconnect(broken: socket.socket) -> None:
    global _requests
    with _lock:
        if _requests is broken:
            broken.close()
            _requests = None


def _gone() -> ServerGoneError:
    kind = SharedServerGoneError if elsewhere() else ServerGoneError
    return kind(
        "the process that workers are forked from has ended: out of memory, most often, or what it printed above says why. "
        f"{KEPT}"
    )


class Worker:
    """A running worker: ``python -m module`` in all but the time that its imports take."""

    def __init__(self, module: str, env: dict[str, str], stderr: IO[str] | int) -> None:
        self._socket, theirs = socket.socketpair()
        request = json.dumps({"module": module, "env": env, "cwd": os.getcwd()}).encode()
        with theirs:
            descriptors = [theirs.fileno(), stderr if isinstance(stderr, int) else stderr.fileno()]
            requests = connection()
            try:
                socket.send_fds(requests, [request], descriptors)
            except ConnectionError:  # it was killed since the last worker
                _disconnect(requests)
                socket.send_fds(connection(), [request], descriptors)
        self._heard = b""
        self.pid = int(self._read()["pid"])

    def _read(self) -> dict[str, int]:
        # Not a file of the socket's: one that timed out once cannot be read again.
        while b"\n" not in self._heard:
            if not (part := self._socket.recv(4096)):
                raise _gone()
            self._heard += part
        line, _, self._heard = self._heard.partition(b"\n")
        found = json.loads(line)
        if "refused" in found:
            raise ShortageError(f"no worker can be started: {found['refused']}")
        return found

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, negative for a signal; TimeoutError after ``timeout`` seconds."""
        self._socket.settimeout(timeout)
        return self._read()["code"]

    def send_signal(self, number: int) -> None:
        """Pass a signal on, if the worker still runs."""
        with contextlib.suppress(OSError):
            self._socket.send(bytes([number]))
