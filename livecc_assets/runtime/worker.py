"""The worker's side of the launcher contract: a program that reads artifacts, writes one and reports over Pipes.

A stage's ``worker.py`` hands its steps to ``run``. The launcher passes the task as Pipes extras (see
``runtime.task.Task``), so that the same program runs in a subprocess, a container or a pod.
"""

import importlib
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from dagster_pipes import PipesContext, PipesEnvVarParamsLoader, open_dagster_pipes

from livecc_assets.core.ending import leave_threads
from livecc_assets.core.errors import EXIT_PASSING_ERROR, EXIT_USER_ERROR, PassingError, UserError
from livecc_assets.core.redaction import redact
from livecc_assets.core.shortage import as_line
from livecc_assets.core.text import printable
from livecc_assets.runtime.messages import (
    SilentWriter,
    StoreContextLoader,
    StoreMessageWriter,
    in_store,
    is_lead,
    open_when_reachable,
)
from livecc_assets.runtime.task import Task, open_inputs
from livecc_assets.store import layout
from livecc_assets.store.manifest import Upstream
from livecc_assets.store.store import Store


def _stop(signum: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + signum)


def leave() -> NoReturn:
    """End a process whose work is done, as a forked child ends: without taking the interpreter apart.

    Threads of a gloo process group release the tensors of their last collective when they get to it. One that does so
    while the interpreter is being taken apart aborts the process, though everything was written.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def run(steps: Mapping[str, Callable[[Task], None]]) -> NoReturn:
    """Entry point of every worker: run the step that the launcher named, commit the artifact, report its place.

    A UserError, or something that ran out, ends it with one line and EXIT_USER_ERROR, by which the launcher knows that a retry
    would be in vain; a PassingError, for which it would not, with EXIT_PASSING_ERROR.
    """
    signal.signal(signal.SIGTERM, _stop)
    try:
        with open_pipes() as pipes:
            _perform(steps, pipes)
    except Exception as error:
        told = as_line(error) or error
        if not isinstance(told, UserError):
            raise
        print(f"livecc: {printable(redact(str(told)))}", file=sys.stderr)
        raise SystemExit(EXIT_PASSING_ERROR if isinstance(told, PassingError) else EXIT_USER_ERROR) from None
    except SystemExit as end:
        leave_threads(end.code if isinstance(end.code, int) else 1)
        raise
    leave()


@contextmanager
def open_pipes() -> Iterator[PipesContext]:
    """``dagster_pipes.open_dagster_pipes`` for a module that any launcher may run.

    Context and messages travel through files of this machine (Dagster's default) or the artifact store, as the launcher
    said. Of several processes under torchrun the first one reports.
    """
    params = PipesEnvVarParamsLoader()
    remote = params.is_dagster_pipes_process() and in_store(params.load_messages_params())
    transport: dict[str, Any] = {"context_loader": StoreContextLoader()} if remote else {}
    if not is_lead():
        transport["message_writer"] = SilentWriter()
    elif remote:
        transport["message_writer"] = StoreMessageWriter()
    with open_dagster_pipes(**transport) as pipes:
        yield pipes


def _perform(steps: Mapping[str, Callable[[Task], None]], pipes: PipesContext) -> None:
    job = pipes.extras
    upstream = [Upstream(**pin) for pin in job["upstream"]]
    home = Path(job["home"])
    store = open_when_reachable(lambda: Store(job["root"], home / "cache"))
    layout.check(store.blobs)
    writer = store.write(
        job["asset"],
        job["partition"],
        job["input_key"],
        importlib.import_module(job["schemas"]).SCHEMAS.get(job["asset"]),
        code_version=job["code_version"],
        config=job["config"],
        upstream=upstream,
        contents=job.get("contents"),
        error_limit=job["error_limit"],
        run_id=job["run_id"],
        replaces=job["replaces"],
    )
    task = Task(
        job["asset"], job["config"], home, open_inputs(store, upstream), writer, job["input_key"], pipes.log.info
    )
    try:
        steps[job["asset"]](task)
    except BaseException:
        writer.abandon()
        raise
    if not is_lead():  # it took part in the work; the first rank writes
        writer.abandon()
        return
    manifest = writer.commit()
    pipes.report_custom_message(
        {
            "artifact": store.place(job["asset"], job["partition"], job["input_key"]),
            "data_version": manifest.data_version,
        }
    )
