"""Finished rows outlive their writer: kept as they come, served as they were, gone with the commit."""

# ruff: noqa: F811 (fixtures of another file are asked for by name)
import math
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from livecc_assets.core.errors import PassingError
from livecc_assets.store import Rejected, Store, garbage, parts
from livecc_assets.store.garbage import collect
from livecc_assets.store.parts import Parts, mark
from livecc_assets.store.verify import verify
from tests.store.test_artifacts import root, rows, s3, store, writer  # noqa: F401

FILTERED = Rejected("b", "filtered", "no_speech", "silence \ud800", "v")


def stored(store: Store) -> list[str]:
    return sorted(item.key for item in store.blobs.listed("words/") if "/parts/" in item.key)


def new_parts(store: Store, total: int = 40, **options: Any) -> Parts:
    return Parts(store.blobs, "words/batch-a/k1/parts/first", total, **options)


def test_rows_come_back_exactly_as_they_were_whatever_they_hold(store: Store) -> None:
    floats = [0.1, 1 / 3, -0.0, 5e-324, math.inf, float(np.float32(0.7)), 2**60 / 3]
    made: list[Any] = [{"a": floats, "b": None, "c": [{"start": 1.5, "word": "Tor! ⚽ \n\r\x85\u2028"}]}, FILTERED]
    one = new_parts(store)
    one.keep(mark(0, "x"), 1, made)
    one.keep(mark(1, "y"), 1, [])
    one.flush()
    again = new_parts(store)
    assert again.found == 2
    found = again.take(mark(0, "x"))
    assert found == made and repr(found) == repr(made)
    assert again.take(mark(1, "y")) == [], "an item without a row is finished, too"
    assert again.take(mark(0, "x")) is None, "it is served once"
    assert again.take(mark(2, "z")) is None


def test_numbers_of_numpys_are_kept_without_loss(store: Store) -> None:
    one = new_parts(store)
    one.keep(mark(0, 0), 1, [{"a": np.float32(0.1), "b": np.int64(7), "c": np.bool_(True)}])
    one.flush()
    found = new_parts(store).take(mark(0, 0))
    assert found == [{"a": float(np.float32(0.1)), "b": 7, "c": True}]


def test_a_stretch_is_served_only_where_it_stood_and_for_what_it_was_made_from(store: Store) -> None:
    one = new_parts(store)
    one.keep(mark(3, [{"clip_id": "a"}]), 1, [{"n": 1}])
    one.flush()
    for other in (mark(4, [{"clip_id": "a"}]), mark(3, [{"clip_id": "b"}]), mark(3, [{"clip_id": "a"}, {}])):
        assert new_parts(store).take(other) is None
    assert new_parts(store).take(mark(3, [{"clip_id": "a"}])) == [{"n": 1}]


def test_a_kill_at_any_row_loses_at_most_a_twentieth(store: Store) -> None:
    for total, unit in ((40, 1), (40, 2), (7, 1), (100, 3)):
        folder = f"words/batch-a/{total}-{unit}/parts/first"
        one = Parts(store.blobs, folder, total, unit)
        for done in range(unit, total + 1, unit):
            one.keep(mark(done, 0), unit, [{"n": done}] * unit)
            kept = Parts(store.blobs, folder, total, unit).found
            in_work = unit  # what comes next is lost as a whole
            assert done - kept + in_work <= max(1, total // 20)


def test_a_fast_step_of_many_rows_writes_few_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(str(tmp_path / "artefacts"), tmp_path / "cache")
    monkeypatch.setattr(parts.time, "monotonic", lambda: 0.0)
    one = new_parts(store, 100_000)
    for number in range(100_000):
        one.keep(b"%d" % number, 1, [{"n": number}])
    assert len(stored(store)) == 20


def test_a_slow_row_waits_no_longer_than_some_seconds(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(parts.time, "monotonic", lambda: now[0])
    one = new_parts(store, 100_000)
    one.keep(mark(0, 0), 1, [{"n": 0}])
    assert stored(store) == []
    now[0] += parts.SECONDS
    one.keep(mark(1, 0), 1, [{"n": 1}])
    assert new_parts(store, 100_000).found == 2


def test_what_was_paid_for_does_not_wait(store: Store) -> None:
    one = new_parts(store, 100_000, seconds=0)
    for number in range(5):
        one.keep(mark(number, 0), 1, [{"n": number}])
        assert new_parts(store).found == number + 1


def test_many_small_parts_become_one_and_nothing_is_lost_or_counted_twice(tmp_path: Path) -> None:
    store = Store(str(tmp_path / "artefacts"), tmp_path / "cache")
    one = new_parts(store, 100_000, seconds=0)
    for number in range(3 * parts.MERGED + 5):
        one.keep(mark(number, 0), 1, [{"n": number}])
    assert len(stored(store)) == 3 + 5
    again = new_parts(store)
    assert again.found == 3 * parts.MERGED + 5
    assert [again.take(mark(number, 0)) for number in range(3)] == [[{"n": 0}], [{"n": 1}], [{"n": 2}]]


def test_a_kill_between_merging_and_removing_counts_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(str(tmp_path / "artefacts"), tmp_path / "cache")
    one = new_parts(store, 100_000, seconds=0)
    monkeypatch.setattr(store.blobs, "delete", lambda key: None)
    for number in range(parts.MERGED):
        one.keep(mark(number, 0), 1, [{"n": number}])
    assert len(stored(store)) == parts.MERGED + 1
    assert new_parts(store).found == parts.MERGED


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-3], lambda data: data[:40] + b"\0" + data[41:], lambda data: b""]
)
def test_a_damaged_part_is_not_read_and_the_others_are(store: Store, damage: Any) -> None:
    one = new_parts(store, 20)
    one.keep(mark(0, 0), 1, [{"text": "the first of two rows"}])
    one.keep(mark(1, 0), 1, [{"text": "the second"}])
    key = next(key for key in stored(store) if b"first" in _text(store, key))
    found = store.blobs.get(key)
    assert found is not None
    store.blobs.put(key, damage(found[0]))
    again = new_parts(store, 20)
    assert again.found == 1
    assert again.take(mark(0, 0)) is None
    assert again.take(mark(1, 0)) == [{"text": "the second"}]
    again.keep(mark(0, 0), 1, [{"text": "the first of two rows"}])
    assert new_parts(store, 20).found == 2, "the part is whole again"


def _text(store: Store, key: str) -> bytes:
    import zlib

    found = store.blobs.get(key)
    assert found is not None
    return zlib.decompress(found[0])


def test_what_others_put_into_the_folder_is_not_read(store: Store) -> None:
    store.blobs.put("words/batch-a/k1/parts/first/notes.txt", b"0 1 []")
    store.blobs.put("words/batch-a/k1/parts/first/.staged-1-abc", b"half a par")
    assert new_parts(store).found == 0


def test_rows_in_error_are_made_again_for_what_was_in_the_way_may_be_gone(store: Store) -> None:
    one = new_parts(store, 20)
    one.keep(mark(0, 0), 1, [Rejected("a", "error", "unreadable", "the folder is not mounted", "v")])
    one.keep(mark(1, 0), 1, [FILTERED])
    again = new_parts(store, 20)
    assert again.take(mark(0, 0)) is None
    assert again.take(mark(1, 0)) == [FILTERED]


def test_equal_writers_at_once_disturb_each_other_in_nothing(store: Store) -> None:
    def work(first: int) -> None:
        one = new_parts(store, 60, seconds=0)
        for number in [*range(first, 60), *range(first)]:
            one.keep(mark(number, 0), 1, [{"n": number}])

    threads = [threading.Thread(target=work, args=(first,)) for first in (0, 0, 30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    again = new_parts(store, 60)
    assert again.found == 60
    assert [again.take(mark(number, 0)) for number in range(60)] == [[{"n": number}] for number in range(60)]


def test_threads_may_keep_at_once(store: Store) -> None:
    one = new_parts(store, 400, seconds=0)

    def work(first: int) -> None:
        for number in range(first, 200, 8):
            one.keep(mark(number, 0), 1, [{"n": number}])

    threads = [threading.Thread(target=work, args=(first,)) for first in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert new_parts(store).found == 200


def test_rows_wait_while_the_store_is_away(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    one, put = new_parts(store, 20), store.blobs.put

    def away(key: str, data: bytes) -> None:
        raise PassingError("nothing answers")

    monkeypatch.setattr(store.blobs, "put", away)
    one.keep(mark(0, 0), 1, [{"n": 0}])
    one.keep(mark(1, 0), 1, [{"n": 1}])
    monkeypatch.setattr(store.blobs, "put", put)
    assert stored(store) == []
    one.keep(mark(2, 0), 1, [{"n": 2}])
    assert new_parts(store).found == 3


def test_a_process_that_does_not_write_reads_all_the_same(store: Store) -> None:
    new_parts(store, 20).keep(mark(0, 0), 1, [{"n": 0}])
    other = new_parts(store, 20, writes=False)
    other.keep(mark(1, 0), 1, [{"n": 1}])
    other.flush()
    assert other.take(mark(0, 0)) == [{"n": 0}]
    assert new_parts(store).found == 1


# -- in a writer -----------------------------------------------------------------------------------------------------------


def test_a_commit_removes_the_parts_and_no_manifest_names_them(store: Store) -> None:
    one = writer(store)
    one.parts(20).keep(mark(0, 0), 1, [{"n": 0}])
    assert len(stored(store)) == 1
    one.extend(rows(3))
    manifest = one.commit()
    assert stored(store) == []
    assert not [file for file in manifest.files if "/parts/" in file.key]


def test_the_loser_of_a_race_removes_its_parts_too(store: Store) -> None:
    first, second = writer(store), writer(store)
    kept = second.parts(20)
    first.extend(rows(1))
    first.commit()
    kept.keep(mark(0, 0), 1, [{"n": 0}])
    second.extend(rows(1))
    second.commit()
    assert stored(store) == []


def test_an_abandoned_writer_leaves_what_it_finished_to_the_next(store: Store) -> None:
    one = writer(store)
    one.parts(1000).keep(mark(0, 0), 1, [{"n": 0}])
    one.abandon()
    assert writer(store).parts(1000).found == 1


def test_parts_make_no_artifact_and_are_none_of_anyones_business(store: Store) -> None:
    one = writer(store)
    one.parts(20).keep(mark(0, 0), 1, [{"n": 0}])
    assert store.at("words/batch-a/k1") is None
    assert store.damage("words/batch-a/k1") is None
    assert store.partitions("words") == []
    assert list(verify(store)) == []
    other = writer(store, "k2")
    other.commit()
    store.set_current("words", "batch-a", "words/batch-a/k2")
    assert store.partitions("words") == ["batch-a"]
    assert [found.wrong for found in verify(store)] == [""]


def test_a_forced_run_is_served_its_own_parts_and_none_of_the_computation_that_it_replaces(store: Store) -> None:
    earlier = writer(store)
    earlier.parts(20).keep(mark(0, 0), 1, [{"n": "of the first run"}])
    twin = writer(store)
    twin.extend(rows(1))
    twin.commit()
    assert len(stored(store)) == 1, "an equal writer is at work yet, or was killed"
    etag = store.etag("words/batch-a/k1")
    forced = writer(store, replaces=etag).parts(20)
    assert forced.take(mark(0, 0)) is None
    forced.keep(mark(0, 0), 1, [{"n": "of the forced run"}])
    resumed = writer(store, replaces=etag)
    assert resumed.parts(20).take(mark(0, 0)) == [{"n": "of the forced run"}]
    resumed.extend(rows(2))
    resumed.commit()
    later = writer(store, replaces=store.etag("words/batch-a/k1")).parts(20)
    assert later.take(mark(0, 0)) is None, "the next forced run begins anew"


def test_a_forced_run_where_nothing_stands_goes_on_where_a_killed_one_ended(store: Store) -> None:
    writer(store).parts(20).keep(mark(0, 0), 1, [{"n": 0}])
    assert writer(store, replaces=store.etag("words/batch-a/k1")).parts(20).take(mark(0, 0)) == [{"n": 0}]


def test_a_second_loop_of_a_step_is_refused_for_its_rows_would_be_taken_for_the_firsts(store: Store) -> None:
    one = writer(store)
    one.parts(20)
    with pytest.raises(RuntimeError, match="one set of parts"):
        one.parts(20)


# -- garbage ---------------------------------------------------------------------------------------------------------------


def test_parts_of_a_dead_writer_go_by_age_and_those_of_a_place_that_is_worked_on_stay(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead, working = writer(store, "k1"), writer(store, "k2")
    for one in (dead, working):
        one.parts(20).keep(mark(0, 0), 1, [{"n": 0}])
    dead.abandon()  # its parts stay, its lease does not
    assert not [item for item in collect(store, older_than=3600, delete=True) if "/parts/" in item.key]
    assert len(stored(store)) == 2
    now, listed = time.time() + 2 * 86400, store.blobs.listed

    def renewed(prefix: str):
        from dataclasses import replace

        for item in listed(prefix):
            yield replace(item, modified=now - 60) if "/lease-" in item.key else item

    monkeypatch.setattr(store.blobs, "listed", renewed)
    monkeypatch.setattr(garbage.time, "time", lambda: now)
    gone = [item.key for item in collect(store, older_than=86400, delete=True) if "/parts/" in item.key]
    assert len(gone) == 1 and "/k1/" in gone[0]
    assert ["/k2/" in key for key in stored(store)] == [True]
