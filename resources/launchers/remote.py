"""What the launchers away from this machine share: adopt or create by name, follow, tell failures apart, cancel.

An orchestrator that died and came back adopts the worker that still runs instead of starting a second one. Its end deletes
nothing; only a run that was cancelled does. Retries belong to Dagster's retry policy alone.
"""

import hashlib
import sys
import threading
import time
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeVar

import dagster as dg
from dagster import open_pipes_session

from livecc_assets.core.errors import EXIT_USER_ERROR
from livecc_assets.core.redaction import redact
from livecc_assets.orchestration.interrupts import cancelled, capture_interrupts
from livecc_assets.store.blobs import Blobs, open_blobs
from livecc_assets.store.writer import new_attempt
from resources.launchers.base import Job, Launcher, Needs, quote
from resources.launchers.log import Log
from resources.launchers.pipes import StoreContextInjector, StoreMessageReader
from resources.launchers.watchers import others, watch

T = TypeVar("T")
#: Seconds between two questions to Dagster whether the run was cancelled.
CANCEL_SECONDS = 2.0
#: Seconds for which a cancelled run asks a service that does not answer: its own pod is killed after 60. What it leaves behind
#: a sweep deletes.
LEAVING_SECONDS = 20.0
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


def ended_with(code: int) -> Status:
    """A worker that ended by itself with an exit code other than 0."""
    text = f"The worker ended with exit code {code}{' (killed)' if code == 137 else ''}"
    return Status("failed", text, final=code == EXIT_USER_ERROR)


def out_of_time(needs: Needs) -> Status:
    """A worker that passed its time limit."""
    return Status("failed", f"passed its time limit of {needs.time_limit} s; raise time_limit or do less", final=True)


def is_reachable(root: str, mounted: Iterable[str]) -> bool:
    """Whether workers reach the store: it is on S3, or lies in a folder that is mounted under the same path."""
    return root.startswith("s3://") or any(Path(root).is_relative_to(path) for path in mounted)


@dataclass(frozen=True)
class Found:
    """A worker at its place: its name there, the place's own id, which no other ever has, its attempt's name in the store,
    whether it has ended."""

    name: str
    id: str
    attempt: str
    ended: bool = False


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


class RemoteLauncher(Launcher):
    """The contract that the Docker and the Kubernetes launcher fulfil; ``place`` names the kind in messages."""

    place: str
    #: Seconds between two looks at a worker.
    interval = 1.0
    #: Seconds for which a service that does not answer is asked again.
    patience = 600.0
    #: Where a person reads that it does not answer.
    say: Callable[[str], None] = staticmethod(lambda text: print(text, file=sys.stderr))

    @abstractmethod
    def find(self, name: str) -> Found | None:
        """The worker of this name, if there is one."""

    @abstractmethod
    def create(self, job: Job, name: str, attempt: str, environment: dict[str, str], run_id: str) -> None:
        """Make it. Raises AlreadyThereError when another one has the name, ``dagster.Failure`` when it can't be made.

        Called again after a lost answer, it finds its own attempt there and is content.
        """

    def begin(self, job: Job, found: Found) -> None:
        """Do what :meth:`create` leaves to do; also for an adopted worker, whose creator may have died in between."""

    @abstractmethod
    def delete(self, found: Found, wait: bool = True) -> None:
        """Stop and remove this one, and no other of its name, with all that belongs to it; return when that is gone.

        An absent one is no error. ``wait=False`` only asks for it.
        """

    @abstractmethod
    def workers(self) -> list[Found]:
        """Every worker of this project there."""

    @abstractmethod
    def look(self, job: Job, found: Found) -> Status:
        """How it does now."""

    @abstractmethod
    def follow(self, found: Found, log: Log, stop: threading.Event) -> None:
        """Feed its output from the first line into ``log`` until it ends or ``stop`` is set; runs in a thread."""

    @abstractmethod
    def is_passing(self, error: Exception) -> bool:
        """Whether a failed call is worth repeating: the service was away, busy or restarted."""

    def patiently(self, call: Callable[[], T], seconds: float | None = None) -> T:
        """Repeat a call while its failures are passing ones, for ``seconds`` at most (None: ``patience``)."""
        seconds = self.patience if seconds is None else seconds
        began, pause, told = time.monotonic(), 1.0, 0.0
        while True:
            try:
                return call()
            except Exception as error:
                now = time.monotonic()
                if not self.is_passing(error) or now > began + seconds:
                    raise
                if not told or now - told > 60:
                    told = now
                    why = redact(str(error))[:300]
                    self.say(f"{self.place}: no answer ({type(error).__name__}: {why}); asked again until there is one")
            time.sleep(pause)
            pause = min(pause * 2, 10.0)

    def check(self, job: Job) -> None:
        """Refuse what cannot work there; ``dagster.Failure`` says what to change."""

    def run(self, context: dg.AssetExecutionContext, job: Job) -> None:
        """Adopt or create, follow to the end, and leave nothing behind but what the store keeps."""
        self.say = context.log.warning
        self.check(job)
        blobs = open_blobs(job.task["root"])
        name, instance, run_id = worker_name(job), context.instance, context.run.run_id
        found = self.patiently(lambda: self.find(name))
        if found and found.ended:
            self._bury(job, found, blobs)
            found = None
        if found is None and job.made():  # by a worker that ended a moment ago
            context.log.info(f"{job.name}: was made by another run's worker meanwhile")
            return
        adopting = found is not None
        attempt = found.attempt if found else new_attempt()
        watch(instance, run_id, name, attempt)  # before there is a worker that nobody would know of
        prefix = message_prefix(job, attempt)
        with open_pipes_session(
            context=context,
            context_injector=StoreContextInjector(blobs, prefix, adopting),
            message_reader=StoreMessageReader(blobs, prefix),
            extras=job.task,
        ) as session:
            with self._taken_along(context, job, name, attempt):
                if found is None:
                    found = self._create(job, name, attempt, dict(session.get_bootstrap_env_vars()), run_id)
                worker = found
                self.patiently(lambda: self.begin(job, worker))
                said = f"adopted {self.place} {name}, which still runs" if adopting else f"started {self.place} {name}"
                context.log.info(f"{job.name}: {said}")
            status = self._watch(context, job, worker, blobs, prefix)
        if status.state == "failed":
            if not job.made():
                left = self.patiently(lambda: self.find(name))
                if left and left.id == worker.id and not left.ended:  # it would wait for its image, or for a lost peer
                    self._clear(left)
                raise dg.Failure(f"{job.name}: {status.news}", allow_retries=not status.final)
            context.log.info(f"{job.name}: its artifact stands ({status.news})")
        self._clear(worker)

    def _create(self, job: Job, name: str, attempt: str, environment: dict[str, str], run_id: str) -> Found:
        try:
            self.patiently(lambda: self.create(job, name, attempt, environment, run_id))
        except AlreadyThereError:
            raise dg.Failure(
                f"{job.name}: another run started {self.place} {name} at the same moment; run this again to adopt it"
            ) from None
        found = self.patiently(lambda: self.find(name))
        if found is None or found.attempt != attempt:
            raise dg.Failure(f"{job.name}: {self.place} {name} was deleted as soon as it was made; run this again")
        return found

    def _clear(self, worker: Found) -> None:
        """Delete what is not needed any more. What is in its way costs nobody a result."""
        try:
            self.patiently(lambda: self.delete(worker))
        except Exception as error:
            self.say(f"{self.place} {worker.name} is left over: {redact(str(error))}")

    def _bury(self, job: Job, ended: Found, blobs: Blobs) -> None:
        """Tell how a worker ended that nobody may have watched, keep its output and make room for the next."""
        status = self.patiently(lambda: self.look(job, ended))
        key = f"{message_prefix(job, ended.attempt)}/log.txt"
        log, stop = Log(shown=False), threading.Event()
        follower = self._follower(ended, log, stop)
        follower.start()
        follower.join(30)
        stop.set()
        self._keep(log, blobs, key)
        if status.state == "failed":
            where = f"{blobs.root}/{key}"
            self.say(f"{job.name}: an earlier {self.place} of this name had ended: {status.news}. Its log is {where}")
        self.patiently(lambda: self.delete(ended))

    def _follower(self, worker: Found, log: Log, stop: threading.Event) -> threading.Thread:
        return threading.Thread(target=self.follow, args=(worker, log, stop), daemon=True)

    def _keep(self, log: Log, blobs: Blobs, key: str) -> None:
        try:
            log.keep(blobs, key)
        except Exception as error:
            self.say(f"the log could not be kept as {key}: {redact(str(error))}")
        finally:
            log.close()

    def _watch(self, context: dg.AssetExecutionContext, job: Job, worker: Found, blobs: Blobs, prefix: str) -> Status:
        log, stop = Log(), threading.Event()
        status = Status("failed", "The worker said nothing about its state")
        follower = self._follower(worker, log, stop)
        try:
            with self._taken_along(context, job, worker.name, worker.attempt):
                follower.start()
                for status in self._states(context, job, worker):
                    if status.news:
                        context.log.info(f"{job.name}: {status.news}")
                # A worker that never began, or was taken away, need not have an end to follow to.
                if not status.said_all:
                    follower.join(30)
            if status.state == "failed" and not status.said_all:
                status = replace(status, news=f"{status.news}. {quote(list(log.tail))}")
            return status
        finally:
            stop.set()
            if follower.ident:
                follower.join(5)
            self._keep(log, blobs, f"{prefix}/log.txt")

    @contextmanager
    def _taken_along(self, context: dg.AssetExecutionContext, job: Job, name: str, attempt: str) -> Iterator[None]:
        """Where this run ends in here, before its worker does, a cancelled one takes the worker along."""
        try:
            yield
        except dg.Failure:  # the launcher's own words on a worker that it could not make
            raise
        except BaseException:
            try:
                self._leave(context, job, name, attempt)
            except Exception as error:  # what ended the run is said first; a sweep finds the worker
                self.say(
                    f"{self.place} {name} may be left over until the sensor sweep_workers deletes it: {redact(str(error))}"
                )
            raise

    def _leave(self, context: dg.AssetExecutionContext, job: Job, name: str, attempt: str) -> None:
        """Delete the worker of a run that was cancelled, unless others wait for it; leave it alone otherwise."""
        # A cancel comes twice, as the run's status and as a signal: one must not stop what the other began.
        with capture_interrupts():
            if not cancelled(context):
                print(f"{job.name}: {self.place} {name} is left alone; a re-run adopts it", file=sys.stderr)
                return
            if waiting := others(context.instance, context.run.run_id, name, attempt):
                print(f"{job.name}: {self.place} {name} goes on for run {', '.join(waiting)}", file=sys.stderr)
                return
            worker = self.patiently(lambda: self.find(name), LEAVING_SECONDS)
            if worker is None or worker.attempt != attempt:
                return
            self.patiently(lambda: self.delete(worker, wait=False), LEAVING_SECONDS)
        self.patiently(lambda: self.delete(worker), LEAVING_SECONDS)

    def _states(self, context: dg.AssetExecutionContext, job: Job, worker: Found) -> Iterator[Status]:
        """The worker's states as they change; the last one says how it ended."""
        last: Status | None = None
        asked = time.monotonic()
        while last is None or last.state in ("waiting", "running"):
            status = self.patiently(lambda: self.look(job, worker))
            if status != last:
                yield status
            last = status
            if status.state in ("waiting", "running"):
                time.sleep(self.interval)
                if time.monotonic() - asked > CANCEL_SECONDS:
                    asked = time.monotonic()
                    _end_if_cancelled(context)


def _end_if_cancelled(context: dg.AssetExecutionContext) -> None:
    """A step in a pod of its own gets no signal when its run is cancelled: where lost runs are resumed, Dagster's executor
    leaves the steps alone whatever ended it."""
    try:
        over = cancelled(context)
    except Exception:  # its database is away, which is no reason to end
        return
    if over:
        raise dg.DagsterExecutionInterruptedError("the run was cancelled")
