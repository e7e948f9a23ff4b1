"""What was made of a retired batch goes a month later, where nothing that stands was made from it."""

import os
import time
from pathlib import Path

import pyarrow as pa
import pytest

from livecc_assets.store import Store, lease, registry, retirement
from livecc_assets.store.artifact import Artifact
from livecc_assets.store.retirement import RETIRED_DAYS, collect_retired
from tests.artifacts import new_store, write

DAY = 86400.0
SCHEMA = pa.schema([("value", pa.int64())])
ASSETS = ["words", "clips"]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Batches a and b: words, clips made from them, and one selection of both. The selection's name is a batch's."""
    made = new_store(tmp_path)
    for name in ("a", "b"):
        made.register_batch(name, {"uri": f"/{name}"})
        clips = chain(made, name, "k1")
        if name == "b":
            table(made, "live_cc", "a", "k1", clips)
    return made


def table(store: Store, asset: str, partition: str, key: str, *upstream: Artifact) -> Artifact:
    return write(store, asset, partition, [{"value": 1}], SCHEMA, upstream=upstream, key=key)


def chain(store: Store, batch: str, key: str) -> Artifact:
    return table(store, "clips", batch, key, table(store, "words", batch, key))


def retire(store: Store, name: str, days_ago: float = RETIRED_DAYS + 1) -> None:
    registry.retire(store.blobs, name)
    then = time.time() - days_ago * DAY
    os.utime(Path(store.root, "_retired", name), (then, then))


def collected(store: Store, delete: bool = True) -> set[str]:
    found = collect_retired(store, ASSETS, RETIRED_DAYS * DAY, delete)
    return {"/".join(item.key.split("/")[:3]) for item in found}


def test_everything_of_a_batch_goes_from_which_nothing_else_was_made(store: Store) -> None:
    retire(store, "a")
    assert collected(store) == {
        "words/a/k1", "words/a/_current.json", "clips/a/k1", "clips/a/_current.json"
    }  # fmt: skip
    assert not list(store.blobs.listed("words/a/")) and not list(store.blobs.listed("clips/a/"))
    assert store.current("words", "b") and store.current("clips", "b")
    assert store.current("live_cc", "a"), "a selection may have a batch's name"
    assert store.batch("a") and store.retired() == {"a"}


def test_what_a_selection_was_made_from_stays_with_all_that_it_was_made_from(store: Store) -> None:
    retire(store, "b")
    chain(store, "b", "k2")
    assert collected(store) == {
        "words/b/k2", "clips/b/k2", "words/b/_current.json", "clips/b/_current.json"
    }  # fmt: skip
    assert store.at("words/b/k1") and store.at("clips/b/k1")
    assert store.pointer("words", "b") is None


def test_a_pointer_to_what_stays_stays(store: Store) -> None:
    retire(store, "b")
    assert collected(store) == set()
    assert store.current("clips", "b")


def test_a_batch_that_was_retired_lately_or_brought_back_or_never_retired_loses_nothing(store: Store) -> None:
    assert collected(store) == set()
    retire(store, "a", RETIRED_DAYS - 1)
    assert collected(store) == set()
    retire(store, "a")
    registry.bring_back(store.blobs, "a")
    assert collected(store) == set()
    assert store.current("words", "a")


def test_a_batch_that_is_brought_back_while_manifests_are_read_loses_nothing(store: Store, monkeypatch) -> None:
    retire(store, "a")
    needed = retirement._needed
    monkeypatch.setattr(retirement, "_needed", lambda *told: (needed(*told), registry.bring_back(store.blobs, "a"))[0])
    assert collected(store) == set() and store.current("words", "a")


def test_without_delete_it_is_only_named(store: Store) -> None:
    retire(store, "a")
    assert collected(store, delete=False) == collected(store, delete=False) != set()
    assert store.current("words", "a")


def test_what_a_living_writer_works_at_stays(store: Store) -> None:
    retire(store, "a")
    writer = store.write("words", "a", "k3", SCHEMA, code_version="1", config={}, upstream=[])
    assert [item for item in store.blobs.listed("words/a/k3/") if lease.alive(item, time.time())]
    assert "words/a/k3" not in collected(store)
    writer.add({"value": 1})
    writer.commit()
    assert store.at("words/a/k3")


def test_whoever_is_killed_in_the_middle_leaves_nothing_that_counts_as_an_artifact(store: Store, monkeypatch) -> None:
    retire(store, "a")
    deleted: list[str] = []

    def dies(key: str, before=store.blobs.delete) -> None:
        if len(deleted) == 2:
            raise KeyboardInterrupt
        deleted.append(key)
        before(key)

    monkeypatch.setattr(store.blobs, "delete", dies)
    with pytest.raises(KeyboardInterrupt):
        collected(store)
    assert [key.rpartition("/")[2] for key in deleted] == ["_current.json", "manifest.json"]
    assert store.at("words/a/k1") is None and list(store.blobs.listed("words/a/k1/"))


def test_a_damaged_manifest_keeps_nobody_else_from_going(store: Store) -> None:
    retire(store, "a")
    store.blobs.put("live_cc/a/k1/manifest.json", b"")
    store.blobs.put("words/a/k1/manifest.json", b"{")
    assert {"words/a/k1", "clips/a/k1"} <= collected(store)
