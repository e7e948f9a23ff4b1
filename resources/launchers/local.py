"""Workers as processes of this machine."""

import os
import signal
import sys
import tempfile
import threading
from collections import deque

import dagster as dg
from dagster import PipesFileContextInjector, PipesFileMessageReader, open_pipes_session

from livecc_assets.core.errors import EXIT_PASSING_ERROR
from livecc_assets.core.redaction import redact
from livecc_assets.orchestration.interrupts import capture_interrupts
from livecc_assets.runtime.forked import ServerGoneError, Worker, elsewhere
from resources.launchers.base import GRACE, TAIL_LINES, Job, explain
from resources.launchers.client import Launcher
from resources.launchers.environment import needed
from resources.launchers.identity import Context
from resources.launchers.pipes import Redacting
from resources.launchers.status import out_of_time


def _forward(descriptor: int, tail: deque[str]) -> None:
    with open(descriptor, errors="replace") as stream:
        for line in stream:
            line = redact(line)
            tail.append(line.rstrip())
            sys.stderr.write(line)
            sys.stderr.flush()


#: The store's keys, of which a container of workers has its own.
_STORE_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


class _Reader(Redacting, PipesFileMessageReader):
    """Messages through a file that is deleted with the session."""


def _environment(job: Job) -> dict[str, str]:
    """What the worker gets of this process's environment; one in another container gets the rest from there."""
    left_out = _STORE_KEYS if elsewhere() else ()
    return {name: value for name, value in needed(os.environ, job.extras).items() if name not in left_out}


class LocalLauncher(Launcher):
    """A process on this machine, forked from one that has loaded what all workers need.

    That one may be in another container (``LIVECC_WORKER_SOCKET``), which mounts the socket's folder and LIVECC_HOME where we do.

    It dies with the orchestrator; a re-run starts it again and it resumes. Its failures are not retried, except where a
    server was away: the same program on the same machine with the same inputs would fail again.
    """

    def dispatch(self, context: Context, job: Job) -> dg.PipesClientCompletedInvocation:
        """Fork a worker and wait for its end; a cancel or Ctrl-C ends it."""
        tail: deque[str] = deque(maxlen=TAIL_LINES)
        forwarder: threading.Thread | None = None
        socket = elsewhere()
        with (
            tempfile.TemporaryDirectory(prefix="worker-", dir=socket.parent if socket else None) as folder,
            open_pipes_session(
                context=context,
                context_injector=PipesFileContextInjector(os.path.join(folder, "context")),
                message_reader=_Reader(os.path.join(folder, "messages")),
                extras=dict(job.extras),
            ) as session,
        ):
            environment = _environment(job) | {**session.get_bootstrap_env_vars(), "TQDM_DISABLE": "1"}
            # On a terminal the worker draws its own progress line; elsewhere its output is kept for the failure text.
            if sys.stderr.isatty():
                worker = Worker(job.module, environment, sys.stderr)
            else:
                read, write = os.pipe()
                forwarder = threading.Thread(target=_forward, args=(read, tail), daemon=True)
                forwarder.start()
                try:
                    worker = Worker(job.module, environment, write)
                finally:
                    os.close(write)
            over = False
            try:
                code = worker.wait(job.needs.time_limit or None)
            except BaseException as error:
                # A cancelled run, Ctrl-C or its time limit: the worker must not outlive it, whatever signal follows.
                with capture_interrupts():
                    worker.send_signal(signal.SIGTERM)
                    try:
                        worker.wait(GRACE)
                    except TimeoutError:
                        worker.send_signal(signal.SIGKILL)
                    except ServerGoneError:
                        pass  # and with it the worker
                if not isinstance(error, TimeoutError):
                    raise
                code, over = 1, True
        if forwarder:
            forwarder.join(GRACE)  # its last lines say why it failed
        if over:
            raise dg.Failure(f"{job.name}: {out_of_time(job.needs).news}", allow_retries=False)
        if code:
            raise dg.Failure(
                description=f"{job.name}: {explain(code, list(tail))}", allow_retries=code == EXIT_PASSING_ERROR
            )
        return dg.PipesClientCompletedInvocation(session)
