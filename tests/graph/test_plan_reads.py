"""What ``livecc status`` asks of the store: each thing once, however many assets need it."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from livecc_assets.graph import snapshot
from livecc_assets.graph.plan import make_plan
from livecc_assets.graph.snapshot import StoreSnapshot
from livecc_assets.graph.status import partition_statuses
from livecc_assets.models import reference
from livecc_assets.store.blobs import LocalBlobs


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each key was read."""
    found, real = Counter[str](), LocalBlobs.get

    def counted(self: LocalBlobs, key: str) -> Any:
        found[key] += 1
        return real(self, key)

    monkeypatch.setattr(LocalBlobs, "get", counted)
    return found


def _curated(world, *batches: str) -> None:
    for number, name in enumerate(batches):
        world.batch(name, [number, number + 10])
        world.run("numbers", "doubled", partition=name)
    world.selection(list(batches), 0)
    world.run("picked", partition="sample")


def test_no_manifest_or_pointer_is_read_twice_in_one_call(world, reads: Counter[str]) -> None:
    _curated(world, "one", "two", "three")
    reads.clear()
    found = partition_statuses(world.steps.values(), world.settings, world.store)
    assert [one.state for one in found] == ["current"] * 7
    assert len([key for key in reads if key.endswith("manifest.json")]) == 7
    assert {key: times for key, times in reads.items() if times > 1} == {}


def test_the_next_call_sees_what_has_changed_since(world) -> None:
    _curated(world, "one")
    assert {one.state for one in partition_statuses(world.steps.values(), world.settings, world.store)} == {"current"}
    world.batch("one", [5])
    states = {one.asset: one for one in partition_statuses(world.steps.values(), world.settings, world.store)}
    assert states["numbers"].state == "stale"
    assert states["numbers"].why == "model or source files changed"


def test_listings_and_models_are_looked_at_once_and_a_gone_folder_is_told_each_time(
    world, monkeypatch: pytest.MonkeyPatch
) -> None:
    from livecc_assets.core.errors import UserError

    looked: list[str] = []

    def gone(settings, store, partition: str) -> str:
        looked.append(partition)
        raise UserError(f"{partition}: its folder is gone")

    world.batch("one", [1])
    view, step = StoreSnapshot(world.store), world.steps["numbers"]
    step = replace(step, fingerprint=gone)
    for _ in range(2):
        with pytest.raises(UserError, match="one: its folder is gone"):
            make_plan(step, world.settings, view, "one")
    assert looked == ["one"]
    hashed: list[str] = []
    monkeypatch.setattr(reference, "digest", lambda name: hashed.append(name) or f"digest of {name}")
    assert [view.model("hub:a/b"), view.model("hub:a/b")] == ["digest of hub:a/b"] * 2
    assert hashed == ["hub:a/b"]


def test_many_listings_are_asked_for_at_the_same_time(world, monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    together = threading.Barrier(3, timeout=120)

    def listed(settings, store, partition: str) -> str:
        if partition != "batch-0":  # the first is alone
            together.wait()
        return partition

    for number in range(4):
        world.batch(f"batch-{number}", [number])
    step = world.steps["numbers"]
    step = replace(step, fingerprint=listed)
    found = partition_statuses([step], world.settings, world.store)
    assert [(one.partition, one.state) for one in found] == [(f"batch-{n}", "missing") for n in range(4)]


def test_an_object_stores_manifests_are_read_many_at_a_time_and_keep_their_order(
    world, monkeypatch: pytest.MonkeyPatch
) -> None:
    _curated(world, "one", "two")
    view = StoreSnapshot(world.store)
    used: list[int] = []

    class Pool(snapshot.ThreadPoolExecutor):
        def __init__(self, count: int) -> None:
            used.append(count)
            super().__init__(count)

    monkeypatch.setattr(snapshot, "ThreadPoolExecutor", Pool)
    monkeypatch.setattr(StoreSnapshot, "root", property(lambda self: "s3://bucket/prefix"))
    found = view.currents("doubled", ["two", "one", "absent"])
    assert used == [16]
    assert list(found) == ["two", "one", "absent"]
    assert [one.partition if one else None for one in found.values()] == ["two", "one", None]
