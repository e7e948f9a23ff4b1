"""What a step is given: its config, its pinned inputs and the writer of its artifact."""

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from livecc_assets.core.shortage import AT
from livecc_assets.runtime.messages import is_lead
from livecc_assets.runtime.progress import Progress
from livecc_assets.runtime.resuming import resumed
from livecc_assets.store.artifact import Artifact
from livecc_assets.store.manifest import Upstream
from livecc_assets.store.parts import SECONDS, SHARE
from livecc_assets.store.rows import Row
from livecc_assets.store.store import Store
from livecc_assets.store.videos import Videos
from livecc_assets.store.writer import Writer

T = TypeVar("T")


class Task:
    """What one step has to do: ``asset``, its ``config``, pinned ``inputs`` and the ``writer`` of its artifact.

    ``home`` is a folder for what may be lost: caches, work that can be resumed.
    """

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

    def resumable(
        self,
        items: Iterable[T],
        compute: Callable[[list[T]], Iterable[Row]],
        total: int,
        message: str,
        together: int = 1,
        at_once: int = 1,
        paid: bool = False,
    ) -> Iterator[Row]:
        """The rows that ``compute`` makes of ``items``, in their order; what an earlier attempt finished is not made again.

        ``compute`` gets the items one by one, or as many ``together`` as share a batch of inference. They are at most one in
        20 of ``total``, so that a kill redoes no more, and the same ones in every attempt: rows may depend on their company,
        and on nothing else that goes before. ``at_once`` calls run in threads. ``paid`` keeps each answer the moment it comes.
        A step calls this once.
        """
        unit = max(1, min(together, total // SHARE))
        parts = self.writer.parts(total, unit, 0.0 if paid else SECONDS, is_lead())
        if parts.found:
            self._progress.resume(parts.found, total)
        done = 0
        try:
            for count, rows in resumed(parts, items, compute, unit, at_once):
                done += count
                self.progress(done, total, message)
                yield from rows
        except Exception as error:
            error.add_note(f"{AT}after {done} of {total} {message}")
            raise


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
