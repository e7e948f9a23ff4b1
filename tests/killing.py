"""Kills a step in the middle of its work and lets a second attempt finish it; a helper of the stages' tests."""

import random
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from livecc_assets.runtime.task import Task
from livecc_assets.store.artifact import Artifact
from livecc_assets.store.store import Store
from tests.artifacts import finished


class Killed(BaseException):
    """Stands for a SIGKILL: nobody handles it, and the test gives the writer no chance to tidy up."""


class Work:
    """What was computed, item by item: a test's model tells it of each. It kills at the item that is one too many."""

    def __init__(self) -> None:
        self.done: list[Any] = []
        self.most: int | None = None

    def __call__(self, item: Any) -> None:
        """Before an item is computed."""
        if self.most is not None and len(self.done) >= self.most:
            raise Killed
        self.done.append(item)

    def again(self, most: int | None = None) -> list[Any]:
        """Begin anew; what was done before."""
        done, self.done, self.most = self.done, [], most
        return done


def parts_of(store: Store, asset: str) -> list[str]:
    """Keys of an asset's parts."""
    return [item.key for item in store.blobs.listed(f"{asset}/") if "/parts/" in item.key]


def resumed_alike(
    step: Callable[[Task], None], work: Work, tasks: Callable[[str], tuple[Store, Task]], seed: int, loss: int = 0
) -> tuple[Artifact, Artifact]:
    """(artifact of an attempt that nobody disturbed, that of two of which the first was killed at a random item).

    ``tasks`` gives the store and a new task, by the store's name. What is computed twice is at most a twentieth, or ``loss``
    items where inference takes so many together.
    """
    store, task = tasks("whole")
    step(task)
    whole = finished(task, store)
    everything = work.again()
    most = random.Random(seed).randrange(2, len(everything))
    work.again(most)
    store, task = tasks("killed")
    with pytest.raises(Killed):
        step(task)
    assert store.at(store.place(task.asset, task.partition, task.input_key)) is None
    before = work.again()
    store, task = tasks("killed")
    step(task)
    made, after = finished(task, store), work.again()
    assert set(before) | set(after) == set(everything), "all was computed"
    twice = _both(before, after)
    allowed = max(1, len(everything) // 20, loss)
    assert len(twice) <= allowed, f"killed at {most} of {len(everything)}: {twice} was computed twice"
    assert made.data_version == whole.data_version
    assert _same(made) == _same(whole)
    assert parts_of(store, task.asset) == []
    return whole, made


def _both(one: Iterable[Any], other: Iterable[Any]) -> list[Any]:
    left = list(other)
    return [item for item in one if item in left]


def _same(artifact: Artifact) -> dict[str, Any]:
    """Its manifest without names of attempts, and times."""
    about = vars(artifact.manifest) | {
        "files": [(file.name, file.size, file.sha256) for file in artifact.manifest.files]
    }
    timed = {"seconds_taken", "times_real_time", "latency_p50", "latency_p95", "latency_worst", "real_time_factor"}
    timed |= {"synchrony", "intervals"}
    metadata = {key: value for key, value in artifact.manifest.metadata.items() if key not in timed}
    return {key: value for key, value in about.items() if key not in {"attempt", "created", "seconds"}} | {
        "metadata": metadata
    }
