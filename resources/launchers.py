"""Where a worker runs. One interface; an asset does not know which launcher served it (design, "Launchers")."""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import warnings
from abc import ABC, abstractmethod
from collections import deque
from dataclasses import dataclass
from typing import IO, Any

import dagster as dg
from dagster import PipesTempFileContextInjector, PipesTempFileMessageReader, open_pipes_session

#: Lines of the worker's output that a failure message carries.
TAIL_LINES = 20
#: Seconds a cancelled worker has to end by itself.
GRACE = 20


@dataclass(frozen=True)
class Job:
    """One worker's work: the module to run and the task it is given (JSON, see ``store.worker.Task``)."""

    name: str
    module: str
    task: dict[str, Any]


class Launcher(ABC):
    """Runs a worker to its end; raises ``dagster.Failure`` whose text says what went wrong and what to do."""

    @abstractmethod
    def run(self, context: dg.AssetExecutionContext, job: Job) -> None:
        """Block until the worker has committed its artefact."""


def _die_with_parent() -> None:
    """In the child: ask the kernel for SIGTERM when the orchestrator dies, so that no orphan trains on unseen.

    A signal that the parent ignores or blocks stays so across exec; a worker must always hear SIGTERM.
    """
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)


def _forward(stream: IO[str], tail: deque[str]) -> None:
    for line in stream:
        tail.append(line.rstrip())
        sys.stderr.write(line)
        sys.stderr.flush()


def explain(code: int, tail: list[str]) -> str:
    """What a worker's exit status means, in words a person can act on, with the end of its output."""
    if code == -signal.SIGKILL:
        why = "was killed (SIGKILL): out of memory, most often; give it a smaller batch or a larger machine"
    elif code < 0:
        why = f"was ended by {signal.Signals(-code).name}"
    else:
        why = f"ended with exit code {code}"
    shown = "\n".join(tail) or "(it printed nothing)"
    return f"The worker {why}. The end of its output:\n{shown}"


class LocalLauncher(Launcher):
    """A subprocess of the same Python. Dies with the orchestrator; a re-run starts it again and it resumes."""

    def run(self, context: dg.AssetExecutionContext, job: Job) -> None:
        command = [sys.executable, "-m", job.module]
        tail: deque[str] = deque(maxlen=TAIL_LINES)
        terminal = sys.stderr.isatty()
        # Dagster's own Pipes session uses a preview function of Dagster and warns its user of it.
        warnings.filterwarnings("ignore", category=dg.PreviewWarning, module="dagster")
        with open_pipes_session(
            context=context,
            context_injector=PipesTempFileContextInjector(),
            message_reader=PipesTempFileMessageReader(),
            extras=job.task,
        ) as session:
            # On a terminal the worker draws its own progress line; elsewhere its output is kept for the failure text.
            process = subprocess.Popen(
                command,
                env=os.environ | session.get_bootstrap_env_vars() | {"TQDM_DISABLE": "1"},
                stderr=None if terminal else subprocess.PIPE,
                text=True,
                preexec_fn=_die_with_parent,
            )
            if process.stderr:
                threading.Thread(target=_forward, args=(process.stderr, tail), daemon=True).start()
            try:
                code = process.wait()
            except BaseException:  # a cancelled run or Ctrl-C: the worker must not outlive it
                process.terminate()
                try:
                    process.wait(GRACE)
                except subprocess.TimeoutExpired:
                    process.kill()
                raise
        if code:
            raise dg.Failure(description=f"{job.name}: {explain(code, list(tail))}")
