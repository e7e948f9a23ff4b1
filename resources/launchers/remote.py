"""What the launchers away from this machine share: adopt or create by name, follow, tell failures apart, cancel.

An orchestrator that died and came back adopts the worker that still runs instead of starting a second one. Its end deletes
nothing; only a run that was cancelled does. Retries belong to Dagster's retry policy alone.
"""

import hashlib
import sys
import tempfile
import threading
import time
from abc import abstractmethod
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeVar

import dagster as dg
from dagster import open_pipes_session

from livecc_assets.store.blobs import Blobs, open_blobs
from livecc_assets.store.redaction import redact
from livecc_assets.store.writer import new_attempt
from resources.launchers.base import TAIL_LINES, Job, Launcher, quote
from resources.launchers.pipes import StoreContextInjector, StoreMessageReader

T = TypeVar("T")
State = Literal["waiting", "running", "succeeded", "failed"]


@dataclass(frozen=True)
class Status:
    """How a worker does: ``news`` says why it waits or how it failed, in words a person can act on.

    ``said_all`` marks failures for which the worker's own output adds nothing, such as an image that is missing; ``final``
    those that trying again cannot mend.
    """

    state: State
    news: str = ""
    said_all: bool = False
    final: bool = False


@dataclass(frozen=True)
class Found:
    """A worker at its place: its name there, its attempt's name in the store, the Dagster run that started or adopted it
    last, whether it has ended."""

    name: str
    attempt: str
    run_id: str
    ended: bool


class AlreadyThereError(Exception):
    """Somebody else made a worker of this name a moment ago."""


def worker_name(job: Job) -> str:
    """The name under which a worker for these inputs is found again: 63 characters of DNS label at most.

    It covers the store, the asset, the partition, the input key and what a forced run replaces, so a worker that runs for
    other inputs has another name.
    """
    task = job.task
    identity = "\n".join(str(task.get(key)) for key in ("root", "asset", "partition", "input_key", "replaces"))
    asset = str(task["asset"]).replace("_", "-")[:36]
    return f"livecc-{asset}-{hashlib.sha256(identity.encode()).hexdigest()[:16]}"


def message_prefix(job: Job, attempt: str) -> str:
    """Where context, messages and log of an attempt lie in the store."""
    task = job.task
    return f"_messages/{task['asset']}/{task['partition']}/{task['input_key']}/{attempt}"


class Log:
    """A worker's output without secrets: shown as it comes, its end kept for a failure text, all of it for the store."""

    def __init__(self) -> None:
        self.tail: deque[str] = deque(maxlen=TAIL_LINES)
        self._file = tempfile.NamedTemporaryFile("w", suffix=".log", errors="replace")  # noqa: SIM115
        self._lock = threading.Lock()

    def add(self, line: str) -> None:
        """One line, without its end."""
        line = redact(line)
        with self._lock:
            self.tail.append(line)
            self._file.write(line + "\n")
        sys.stderr.write(line + "\n")
        sys.stderr.flush()

    def keep(self, blobs: Blobs, key: str) -> None:
        """Store what was said so far."""
        with self._lock:
            self._file.flush()
            if Path(self._file.name).stat().st_size:
                blobs.upload(Path(self._file.name), key)

    def close(self) -> None:
        """Drop the local copy."""
        self._file.close()


class RemoteLauncher(Launcher):
    """The contract that the Docker and the Kubernetes launcher fulfil; ``place`` names the kind in messages."""

    place: str
    #: Seconds between two looks at a worker.
    interval = 1.0
    #: Seconds for which a service that does not answer is asked again.
    patience = 600.0

    @abstractmethod
    def find(self, name: str) -> Found | None:
        """The worker of this name, if there is one."""

    @abstractmethod
    def create(self, job: Job, name: str, attempt: str, environment: dict[str, str], run_id: str) -> None:
        """Start it. Raises AlreadyThereError when the name is taken, ``dagster.Failure`` when it can't be started."""

    @abstractmethod
    def delete(self, name: str) -> None:
        """Stop and remove it with all that belongs to it, and return when the name is free; absent is no error."""

    @abstractmethod
    def workers(self) -> list[Found]:
        """Every worker of this project there."""

    def claim(self, name: str, run_id: str) -> None:
        """Note that ``run_id`` has adopted the worker, where the place can note it."""

    @abstractmethod
    def look(self, job: Job, name: str) -> Status:
        """How it does now."""

    @abstractmethod
    def follow(self, name: str, log: Log, stop: threading.Event) -> None:
        """Feed its output from the first line into ``log`` until it ends or ``stop`` is set; runs in a thread."""

    @abstractmethod
    def is_passing(self, error: Exception) -> bool:
        """Whether a failed call is worth repeating: the service was away, busy or restarted."""

    def patiently(self, call: Callable[[], T]) -> T:
        """Repeat a call while its failures are passing ones, for ``patience`` seconds at most."""
        deadline, pause = time.monotonic() + self.patience, 1.0
        while True:
            try:
                return call()
            except Exception as error:
                if not self.is_passing(error) or time.monotonic() > deadline:
                    raise
                print(f"{self.place}: {type(error).__name__}, trying again in {pause:.0f} s", file=sys.stderr)
            time.sleep(pause)
            pause = min(pause * 2, 10.0)

    def check(self, job: Job) -> None:
        """Refuse what cannot work there; ``dagster.Failure`` says what to change."""

    def run(self, context: dg.AssetExecutionContext, job: Job) -> None:
        """Adopt or create, follow to the end, and leave nothing behind but what the store keeps."""
        self.check(job)
        blobs = open_blobs(job.task["root"])
        name = worker_name(job)
        found = self.patiently(lambda: self.find(name))
        if found and found.ended:
            self.patiently(lambda: self.delete(name))
            found = None
        attempt = found.attempt if found else new_attempt()
        prefix = message_prefix(job, attempt)
        with open_pipes_session(
            context=context,
            context_injector=StoreContextInjector(blobs, prefix, adopting=found is not None),
            message_reader=StoreMessageReader(blobs, prefix),
            extras=job.task,
        ) as session:
            if found:
                self.patiently(lambda: self.claim(name, context.run.run_id))
                context.log.info(f"{job.name}: adopted {self.place} {name}, which still runs")
            else:
                try:
                    environment, run_id = dict(session.get_bootstrap_env_vars()), context.run.run_id
                    self.patiently(lambda: self.create(job, name, attempt, environment, run_id))
                except AlreadyThereError:
                    raise dg.Failure(
                        f"{job.name}: another run started {self.place} {name} at the same moment; run this again to adopt it"
                    ) from None
                context.log.info(f"{job.name}: started {self.place} {name}")
            status = self._watch(context, job, name, blobs, prefix)
        if status.state == "failed":
            left = self.patiently(lambda: self.find(name))
            if left and not left.ended:  # it would wait for its image, or for a peer that failed
                self.patiently(lambda: self.delete(name))
            raise dg.Failure(f"{job.name}: {status.news}", allow_retries=not status.final)
        self.patiently(lambda: self.delete(name))

    def _watch(self, context: dg.AssetExecutionContext, job: Job, name: str, blobs: Blobs, prefix: str) -> Status:
        log, stop = Log(), threading.Event()
        follower = threading.Thread(target=self.follow, args=(name, log, stop), daemon=True)
        follower.start()
        try:
            for status in self._states(job, name):
                if status.news:
                    context.log.info(f"{job.name}: {status.news}")
            follower.join(30)
            log.keep(blobs, f"{prefix}/log.txt")
            if status.state == "failed" and not status.said_all:
                status = replace(status, news=f"{status.news}. {quote(list(log.tail))}")
            return status
        except BaseException:
            if cancelled(context):
                self.patiently(lambda: self.delete(name))
            else:
                print(f"{job.name}: {self.place} {name} goes on; a re-run adopts it", file=sys.stderr)
            raise
        finally:
            stop.set()
            log.close()

    def _states(self, job: Job, name: str) -> Iterator[Status]:
        """The worker's states as they change; the last one says how it ended."""
        last: Status | None = None
        while last is None or last.state in ("waiting", "running"):
            status = self.patiently(lambda: self.look(job, name))
            if status != last:
                yield status
            last = status
            if status.state in ("waiting", "running"):
                time.sleep(self.interval)


def cancelled(context: dg.AssetExecutionContext) -> bool:
    """Whether the run was cancelled. An orchestrator that is interrupted for another reason leaves its worker alone."""
    run = context.instance.get_run_by_id(context.run.run_id)
    return run is not None and run.status in (dg.DagsterRunStatus.CANCELING, dg.DagsterRunStatus.CANCELED)
