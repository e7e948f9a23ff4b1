"""Artifacts of a store, written in one call: what a test gives a step to read."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from livecc_assets.runtime.task import Task
from livecc_assets.store.artifact import Artifact
from livecc_assets.store.manifest import Upstream
from livecc_assets.store.rows import Rejected
from livecc_assets.store.store import Store

Rows = Iterable[dict[str, Any] | Rejected]


def new_store(folder: Path) -> Store:
    """An empty store under a test's folder."""
    return Store(str(folder / "artefacts"), folder / "cache")


def pin(artifact: Artifact) -> Upstream:
    """The artifact as the manifest of its reader names it."""
    return Upstream(artifact.asset, artifact.partition, artifact.manifest.input_key, artifact.data_version)


def write(
    store: Store,
    asset: str,
    partition: str,
    rows: Rows,
    schema: pa.Schema | None,
    *,
    upstream: Iterable[Artifact] = (),
    metadata: Mapping[str, Any] | None = None,
    key: str = "key",
) -> Artifact:
    """A committed artifact of these rows, which is made current."""
    writer = store.write(
        asset, partition, key, schema, code_version="1", config={}, upstream=[pin(one) for one in upstream]
    )
    writer.extend(rows)
    writer.metadata |= metadata or {}
    writer.commit()
    place = store.place(asset, partition, key)
    store.set_current(asset, partition, place)
    found = store.at(place)
    assert found is not None
    return found


def task_of(
    store: Store,
    home: Path,
    asset: str,
    partition: str,
    schema: pa.Schema | None,
    config: dict[str, Any],
    inputs: Iterable[Artifact] = (),
) -> Task:
    """A step's task whose writer was not committed yet."""
    by_asset: dict[str, list[Artifact]] = {}
    for one in inputs:
        by_asset.setdefault(one.asset, []).append(one)
    pins = [pin(one) for ones in by_asset.values() for one in ones]
    writer = store.write(asset, partition, "key", schema, code_version="1", config=config, upstream=pins)
    return Task(asset, config, home, by_asset, writer, "key")


def finished(task: Task, store: Store) -> Artifact:
    """The artifact of a task's writer."""
    task.writer.commit()
    found = store.at(store.place(task.asset, task.partition, task.input_key))
    assert found is not None
    return found
