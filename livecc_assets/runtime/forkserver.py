"""A process with the heavy libraries loaded, from which workers are forked: ``python -m livecc_assets.runtime.forkserver FD``.

With the path of a Unix socket in place of FD it listens there and serves whoever of its user connects, for ever. So workers can
live in a container of their own, apart from what holds passwords. What is set there goes before what is handed over.

Importing torch and transformers takes a worker longer than most of what it does on small inputs. ``multiprocessing``
has such a server too, but its children import the caller's ``__main__`` first, which here is Dagster or a user's script.

Requests are datagrams on the socket FD, so that several processes may share it: a JSON object {module, env, cwd} with two
file descriptors, the worker's own socket and its standard error. On that socket the server sends one line {"pid"} and, when
the worker has ended, one line {"code"} (negative: the signal that ended it); where no worker can be made, one line {"refused"}
with the reason. A byte from the other side is a signal to
pass on; closing it means that nobody waits for the worker any more: it gets SIGTERM.
"""

import contextlib
import ctypes
import errno
import importlib
import json
import os
import runpy
import selectors
import signal
import socket
import sys
import time
import traceback
from typing import NoReturn

from livecc_assets.core.errors import EXIT_USER_ERROR
from livecc_assets.core.shortage import as_line

#: What takes long to import and may be shared: none of these starts threads that a fork would lose, or touches a GPU.
PRELOAD = (
    "livecc_assets.runtime.worker",
    "av",
    "torch",
    "transformers.models.qwen2_vl.modeling_qwen2_vl",
    "transformers.models.qwen2_vl.processing_qwen2_vl",
)
#: Largest request in bytes: a worker's environment.
REQUEST_BYTES = 1 << 20


def _hear_sigterm() -> None:
    """A signal that the parent ignores or blocks stays so in a child; a worker must always hear SIGTERM."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})


def die_with_parent(parent: int) -> None:
    """Ask the kernel for SIGTERM when ``parent``, this process's parent, dies, so that no orphan trains on unseen."""
    _hear_sigterm()
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)
    if os.getppid() != parent:  # it died before the kernel knew of the wish, and no signal will come
        os.kill(os.getpid(), signal.SIGTERM)


def _preload() -> None:
    # With CUDA's own check, asking whether there is a GPU would leave the children without one.
    os.environ.setdefault("PYTORCH_NVML_BASED_CUDA_CHECK", "1")
    # Nothing here is compiled, and DeepSpeed would load the compiler (see training.engine).
    os.environ.setdefault("TORCHDYNAMO_DISABLE", "1")
    for name in PRELOAD:
        try:
            importlib.import_module(name)
        except ImportError:
            # An installation without the extra that holds it; a worker that needs it will say so.
            continue


def _perform(module: str, env: dict[str, str], cwd: str) -> int:
    """Run ``module`` as ``python -m`` would; returns the exit status."""
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    own = env.get("PYTHONPATH", "").split(os.pathsep)
    # As `python -m` has it: the current folder's modules come first, unless the environment says that it is not safe.
    first = [] if env.get("PYTHONSAFEPATH") else [cwd]
    sys.path[: 0 if sys.flags.safe_path else 1] = [
        *first,
        *(entry for entry in own if entry and entry not in sys.path),
    ]
    if (threads := env.get("OMP_NUM_THREADS", "")).isdigit() and "torch" in sys.modules:
        # OpenMP read the variable when it was loaded, which was before this worker was asked for.
        sys.modules["torch"].set_num_threads(int(threads))
    sys.argv = [module]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        print(end.code, file=sys.stderr)
        return 1
    except BaseException as error:
        return _say(error)
    return 0


def _say(error: BaseException) -> int:
    """Print what ended a process, in one line where something ran out; returns the exit status."""
    told = as_line(error)
    if told is None:
        traceback.print_exception(error)
        return 1
    print(f"livecc: {told}", file=sys.stderr)
    return EXIT_USER_ERROR


class Server:
    """Forks a worker per request: until nobody holds the other end of ``requests``, or for ever where that listens."""

    def __init__(self, requests: socket.socket) -> None:
        self.first = requests
        self.listens = bool(requests.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
        #: Sockets on which requests come, and the one that listens for more of them.
        self.requests = {requests}
        self.selector = selectors.DefaultSelector()
        self.workers: dict[int, socket.socket] = {}
        self.wake, wakes = os.pipe()
        for end in (self.wake, wakes):
            os.set_blocking(end, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wakes, warn_on_full_buffer=False)
        self.selector.register(requests, selectors.EVENT_READ)
        self.selector.register(self.wake, selectors.EVENT_READ)

    def serve(self) -> None:
        """Handle requests, ended workers and passed-on signals as they come."""
        while True:
            for key, _ in self.selector.select():
                if key.fileobj is self.first and self.listens:
                    self._meet()
                elif isinstance(key.fileobj, socket.socket) and key.fileobj in self.requests:
                    if not self._accept(key.fileobj):
                        return
                elif key.fileobj == self.wake:
                    os.read(self.wake, 4096)
                    self._reap()
                else:
                    self._pass_on(key.data)

    def _meet(self) -> None:
        """Take a new customer."""
        try:
            customer, _ = self.first.accept()
        except OSError:  # no number is left for it now; it waits, and so must this not spin
            time.sleep(0.1)
            return
        self.requests.add(customer)
        self.selector.register(customer, selectors.EVENT_READ)

    def _accept(self, requests: socket.socket) -> bool:
        """Fork the worker that is asked for; False when this was the last who could ask."""
        try:
            message, descriptors, _, _ = socket.recv_fds(requests, REQUEST_BYTES, 2)
        except ConnectionError:
            message, descriptors = b"", []
        if not message:
            self.requests.discard(requests)
            self.selector.unregister(requests)
            requests.close()
            return self.listens
        server = os.getpid()
        try:
            if len(descriptors) < 2:  # the kernel drops those for which this process has no number left
                raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
            pid = os.fork()
        except OSError as error:  # the other workers go on, and the next request may succeed
            self._refuse(descriptors, error)
            return True
        if not pid:
            self._become_worker(server, message, descriptors)
        os.close(descriptors[1])
        client = socket.socket(fileno=descriptors[0])
        self.workers[pid] = client
        self.selector.register(client, selectors.EVENT_READ, pid)
        self._tell(client, {"pid": pid})
        return True

    def _become_worker(self, server: int, message: bytes, descriptors: list[int]) -> NoReturn:
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            die_with_parent(server)
            self.selector.close()
            for inherited in (*self.requests, *self.workers.values()):
                inherited.close()
            # Standard output belongs to whoever asked first; a worker has nothing to say on it.
            for stream in (sys.stdout, sys.stderr):
                os.dup2(descriptors[1], stream.fileno())
            for descriptor in descriptors:
                os.close(descriptor)
            asked = json.loads(message)
            if self.listens:
                asked["env"] |= os.environ
            code = _perform(**asked)
        except BaseException as error:
            code = _say(error)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def _reap(self) -> None:
        for pid in list(self.workers):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                client = self.workers.pop(pid)
                self._tell(client, {"code": os.waitstatus_to_exitcode(status)})
                self._forget(client)
                client.close()

    def _pass_on(self, pid: int) -> None:
        if pid not in self.workers:
            return
        client = self.workers[pid]
        try:
            received = client.recv(1)
        except OSError:
            received = b""
        os.kill(pid, received[0] if received else signal.SIGTERM)
        if not received:
            # The worker is reaped as any other, but there is nothing more to hear.
            self._forget(client)

    def _forget(self, client: socket.socket) -> None:
        with contextlib.suppress(KeyError):
            self.selector.unregister(client)

    def _refuse(self, descriptors: list[int], error: OSError) -> None:
        """Say why there is no worker."""
        for descriptor in descriptors[1:]:
            os.close(descriptor)
        for descriptor in descriptors[:1]:
            with socket.socket(fileno=descriptor) as client:
                self._tell(client, {"refused": str(as_line(error) or error)})

    @staticmethod
    def _tell(client: socket.socket, message: dict[str, int] | dict[str, str]) -> None:
        # Whoever asked may be gone, and then nobody wants to know.
        with contextlib.suppress(OSError):
            client.sendall(json.dumps(message).encode() + b"\n")


def listening(path: str) -> socket.socket:
    """A socket of this user's at ``path``, where one that a killed server left is replaced."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    before = os.umask(0o177)
    try:
        listener.bind(path)
    finally:
        os.umask(before)
    listener.listen()
    return listener


def main() -> None:
    """Preload, then serve on the socket whose number or path is the only argument."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the orchestrator, which ends its workers
    # Here, too: a worker that is told to end before it has set itself up would never hear it.
    _hear_sigterm()
    place = sys.argv[1]
    try:
        # Who asks before the libraries are loaded waits for them.
        requests = socket.socket(fileno=int(place)) if place.isdecimal() else listening(place)
        _preload()
        server = Server(requests)
    except Exception as error:
        sys.exit(_say(error))
    server.serve()


if __name__ == "__main__":
    main()
