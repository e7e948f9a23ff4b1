"""The worker's side of the launcher contract: a program that reads artifacts, writes one and reports over Pipes.

A stage's ``worker.py`` maps asset names to mains and ends with ``run(MAINS)``. The launcher passes the task as
Pipes extras (see :class:`Task`), so that the same program runs in a subprocess, a container or a pod.
"""

import importlib
import os
import signal
import sys
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from dagster_pipes import PipesContext, PipesEnvVarParamsLoader, open_dagster_pipes

from livecc_assets.core.errors import EXIT_PASSING_ERROR, EXIT_USER_ERROR, PassingError, UserError
from livecc_assets.core.redaction import redact
from livecc_assets.runtime.messages import (
    SilentWriter,
    StoreContextLoader,
    StoreMessageWriter,
    in_store,
    is_lead,
    opened,
)
from livecc_assets.runtime.progress import Progress
from livecc_assets.store.artifact import Artifact
from livecc_assets.store.manifest import Upstream
from livecc_assets.store.store import Store
from livecc_assets.store.videos import Videos
from livecc_assets.store.writer import Writer


class Task:
    """What one worker has to do: ``asset``, its ``config``, pinned ``inputs`` and the ``writer`` of its artifact."""

    def __init__(
        self,
        asset: str,
        config: dict[str, Any],
        home: Path,
        inputs: dict[str, list[Artifact]],
        writer: Writer,
        input_key: str,
        report: Callable[[str], None] | None = None,
    ) -> None:
        self.asset, self.config, self.home, self.inputs, self.writer = asset, config, home, inputs, writer
        self.input_key = input_key
        self.partition: str = writer._about["partition"]
        self._progress = Progress(f"{asset}[{self.partition}]", report)

    @cached_property
    def videos(self) -> Videos:
        """Where the videos of rows lie now; those without a batch in the folder that the config calls ``videos``."""
        return Videos(self.writer.blobs, self.config.get("videos") or "")

    def progress(self, done: int, total: int | None = None, message: str = "", **metrics: float) -> None:
        """Report how far the work is; shown live in the terminal and on the Dagster run page (rate-limited)."""
        self._progress(done, total, message, **metrics)


def open_inputs(store: Store, upstream: list[Upstream]) -> dict[str, list[Artifact]]:
    """The pinned upstream artifacts by asset name."""
    inputs: dict[str, list[Artifact]] = {}
    for pin in upstream:
        found = store.at(store.place(pin.asset, pin.partition, pin.input_key))
        if found is None or found.data_version != pin.data_version:
            raise RuntimeError(
                f"{pin.asset}/{pin.partition}/{pin.input_key} changed since this step began; run it again"
            )
        inputs.setdefault(pin.asset, []).append(found)
    return inputs


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


def run(mains: Mapping[str, Callable[[Task], None]]) -> NoReturn:
    """Entry point of every worker: do the task that the launcher passed, commit the artifact, report its place.

    A UserError ends it with one line and EXIT_USER_ERROR, by which the launcher knows that a retry would be in vain; a
    PassingError, for which it would not, with EXIT_PASSING_ERROR.
    """
    signal.signal(signal.SIGTERM, _stop)
    try:
        with open_dagster_pipes(**_ways()) as pipes:
            _perform(mains, pipes)
    except UserError as error:
        print(f"livecc: {redact(str(error))}", file=sys.stderr)
        raise SystemExit(EXIT_PASSING_ERROR if isinstance(error, PassingError) else EXIT_USER_ERROR) from None
    leave()


def _ways() -> dict[str, Any]:
    """How context and messages travel: through files of this machine (Dagster's default) or the artifact store."""
    params = PipesEnvVarParamsLoader()
    remote = params.is_dagster_pipes_process() and in_store(params.load_messages_params())
    ways: dict[str, Any] = {"context_loader": StoreContextLoader()} if remote else {}
    if not is_lead():
        ways["message_writer"] = SilentWriter()
    elif remote:
        ways["message_writer"] = StoreMessageWriter()
    return ways


def _perform(mains: Mapping[str, Callable[[Task], None]], pipes: PipesContext) -> None:
    job = pipes.extras
    upstream = [Upstream(**pin) for pin in job["upstream"]]
    home = Path(job["home"])
    store = opened(lambda: Store(job["root"], home / "cache"))
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
        mains[job["asset"]](task)
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
