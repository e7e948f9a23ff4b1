"""The inbox sensor as the daemon runs it, with a clock of its own; a helper of tests."""

from pathlib import Path

import dagster as dg
import pytest

from jobs.inbox import tick as ticking
from jobs.sensors import new_batches
from livecc_assets.core.errors import UserError
from livecc_assets.definitions import defs
from livecc_assets.graph.settings import load_settings
from livecc_assets.source import folders
from livecc_assets.source.schemas import SCHEMAS
from livecc_assets.store.store import Store
from tests.artifacts import write


class Ticks:
    """Cursor and partitions are kept from tick to tick. ``says``: why the last one asked for nothing."""

    def __init__(self, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> None:
        self.instance, self.cursor, self.looked_at, self.says = instance, None, list[str](), ""
        self.keys: list[str] = []
        self._now, self._reads = 1_800_000_000.0, 0
        real = folders.look

        def seen(uri: str, follow_links: bool = False) -> folders.Look:
            self.looked_at.append(uri.rsplit("/", 1)[-1])
            return real(uri, follow_links)

        monkeypatch.setattr(folders, "look", seen)
        monkeypatch.setattr(ticking, "clock", lambda: self._now)

    @property
    def store(self) -> Store:
        return load_settings().store()

    def tick(self, after: float = 90) -> list[str]:
        """Batches that a tick asks to curate, so many seconds after the last one; by default files have settled by then."""
        self._now += after
        self.looked_at.clear()
        context = dg.build_sensor_context(instance=self.instance, cursor=self.cursor, definitions=defs)
        found = new_batches(context)
        assert isinstance(found, dg.SensorResult)
        self.cursor = found.cursor
        for request in found.dynamic_partitions_requests or []:
            self.instance.add_dynamic_partitions("source_batch", list(request.partition_keys))
        self.says = (found.skip_reason and found.skip_reason.skip_message) or ""
        self.keys = [str(request.run_key) for request in found.run_requests or []]
        assert bool(self.says) is not bool(self.keys)
        return [str(request.partition_key) for request in found.run_requests or []]

    def sweep(self) -> list[str]:
        """A tick after ten minutes."""
        return self.tick(600)

    def three(self) -> list[str]:
        """What three ticks in a row ask for."""
        return [name for _ in range(3) for name in self.tick()]

    def read(self, name: str) -> None:
        """What the first step of a run of the batch does: it reads the folder as it is now."""
        self._reads += 1
        about = {"listing": folders.batch_listing(self.store.batch(name))}
        store, key = self.store, f"key-{self._reads}"
        write(store, "yt_cc_source", name, [], SCHEMAS["yt_cc_source"], metadata=about, key=key)
        store.set_current("yt_cc_source", name, store.place("yt_cc_source", name, key), f"run-{self._reads}")

    def run(self, name: str, status: dg.DagsterRunStatus, run_key: str = "") -> dg.DagsterRun:
        """A run of the batch's assets in this state, one that the sensor asked for if ``run_key`` says so."""
        tags = {"dagster/partition": name} | ({"dagster/run_key": run_key} if run_key else {})
        return self.instance.create_run_for_job(defs.resolve_job_def("curate"), tags=tags, status=status)

    def curated(self, *names: str) -> None:
        """Let the sensor find the folders of these names, and their runs read them."""
        self.tick()
        assert self.tick() == list(names)
        for name in names:
            self.read(name)


def drop(place: Path, name: str) -> Path:
    """A folder with one video in the inbox."""
    (place / name).mkdir()
    (place / name / "v.mp4").write_bytes(b"1")
    return place / name


def close(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody list the folder of this name any more."""
    seen = folders.look

    def denied(uri: str, follow_links: bool = False) -> folders.Look:
        if uri.endswith(name):
            raise UserError(f"{uri}: the AWS credentials may not do ListObjectsV2 there; allow it")
        return seen(uri, follow_links)

    monkeypatch.setattr(folders, "look", denied)
