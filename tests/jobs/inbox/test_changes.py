"""A batch of the inbox whose files change is curated again: once for each change, and not when it is retired or gone."""

import os
import shutil
from pathlib import Path

import dagster as dg
import pytest

from jobs.inbox import tick as ticking
from livecc_assets.source import folders, moving
from livecc_assets.store.registry import bring_back, retire
from tests.jobs.inbox_ticks import Ticks, close, drop


@pytest.fixture
def a(ticks: Ticks, folder: Path) -> Path:
    """The folder of a batch that was curated; its file carries an old time, as after ``cp -p``."""
    os.utime(drop(folder, "a") / "v.mp4", (1_000_000, 1_000_000))
    ticks.curated("a")
    return folder / "a"


def _asks_once(ticks: Ticks) -> bool:
    """Whether the change is seen at the next tick and asked for when it has settled, within two minutes."""
    early = [ticks.tick(30), ticks.tick(30), ticks.tick(30)]
    return early == [[], [], []] and ticks.tick(30) == ["a"]


def _asked_and_read(ticks: Ticks) -> list[str]:
    """The keys of the run that a change is asked for with, which reads it."""
    assert _asks_once(ticks)
    keys = ticks.keys
    ticks.run("a", dg.DagsterRunStatus.SUCCESS, keys[0])
    ticks.read("a")
    return keys


def test_a_batch_that_stays_as_it_was_read_asks_for_nothing(ticks: Ticks, a: Path) -> None:
    assert ticks.three() == []
    assert ticks.looked_at == ["a"]
    assert ticks.says == "nothing new in the inbox"


def test_a_later_file_is_curated_within_three_minutes(ticks: Ticks, a: Path) -> None:
    (a / "w.mp4").write_bytes(b"22")
    assert _asks_once(ticks)
    assert [key.rpartition(":")[0] for key in ticks.keys] == [f"changed-batch:a:{folders.listing_digest(str(a))}"]
    ticks.read("a")
    assert ticks.three() == []


def test_an_altered_file_and_one_that_is_taken_away_are_curated_too(ticks: Ticks, a: Path) -> None:
    (a / "v.mp4").write_bytes(b"2")  # as long as before
    (a / "v.srt").write_bytes(b"3")
    assert _asks_once(ticks)
    ticks.read("a")
    (a / "v.srt").unlink()
    assert _asks_once(ticks)
    ticks.read("a")
    assert ticks.three() == []


def test_a_writer_that_pauses_holds_up_the_run_of_a_change(ticks: Ticks, a: Path) -> None:
    (a / "w.mp4").write_bytes(b"22")
    assert [ticks.tick(30), ticks.tick(30), ticks.tick(30)] == [[], [], []]
    assert ticks.says == "waiting: a (settles in 30 s)"
    (a / "w.mp4").write_bytes(b"2222")
    assert ticks.tick(30) == []
    assert ticks.says == "waiting: a (its files change)"
    assert [ticks.tick(30), ticks.tick(59)] == [[], []]
    assert ticks.tick(1) == ["a"]


def test_a_completion_marker_of_before_does_not_vouch_for_a_later_file(ticks: Ticks, folder: Path) -> None:
    (drop(folder, "a") / "_SUCCESS").touch()
    assert ticks.tick() == ["a"]
    ticks.read("a")
    (folder / "a" / "w.mp4").write_bytes(b"22")
    assert ticks.tick(30) == []
    assert ticks.tick(90) == ["a"]


def test_a_marker_that_comes_or_goes_is_no_change(ticks: Ticks, a: Path) -> None:
    (a / "_SUCCESS").touch()
    assert ticks.three() == []
    (a / "_SUCCESS").unlink()
    assert ticks.three() == []


def test_a_second_change_is_asked_for_like_the_first(ticks: Ticks, a: Path) -> None:
    keys = []
    for content in (b"22", b"333"):
        (a / "w.mp4").write_bytes(content)
        keys += _asked_and_read(ticks)
    assert len(set(keys)) == 2


def test_files_that_change_and_change_back_are_asked_for_each_time(ticks: Ticks, a: Path) -> None:
    kept, keys = a.parent.parent / "kept.mp4", []
    shutil.copy2(a / "v.mp4", a / "w.mp4")
    ticks.read("a")
    for _ in range(2):
        (a / "w.mp4").rename(kept)
        keys += _asked_and_read(ticks)
        kept.rename(a / "w.mp4")
        keys += _asked_and_read(ticks)
    assert len(set(keys)) == 4


def test_a_change_that_is_undone_before_it_settles_asks_for_nothing(ticks: Ticks, a: Path) -> None:
    (a / "w.mp4").write_bytes(b"22")
    assert ticks.tick(30) == []
    (a / "w.mp4").unlink()
    assert ticks.three() == []
    assert ticks.says == "nothing new in the inbox"


@pytest.mark.parametrize(
    "status", [dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTED], ids=["created", "started"]
)
def test_while_a_run_of_the_batch_goes_on_nothing_is_asked_and_afterwards_it_is(
    ticks: Ticks, a: Path, status: dg.DagsterRunStatus
) -> None:
    ticks.run("b", status)
    earlier = ticks.run("a", status)
    (a / "w.mp4").write_bytes(b"22")
    assert ticks.three() == []
    assert ticks.says == "waiting: a (an earlier run of it goes on)"
    ticks.instance.report_run_failed(earlier)
    assert ticks.tick(30) == ["a"]


@pytest.mark.parametrize("end", ["report_run_failed", "report_run_canceled"])
def test_a_run_that_failed_or_was_cancelled_is_not_asked_for_again_until_the_files_change(
    ticks: Ticks, a: Path, end: str
) -> None:
    (a / "w.mp4").write_bytes(b"22")
    assert _asks_once(ticks)
    run = ticks.run("a", dg.DagsterRunStatus.STARTED, ticks.keys[0])
    assert ticks.three() == []
    assert ticks.says == "waiting: a (it is being curated)"
    getattr(ticks.instance, end)(run)
    assert ticks.three() == []
    assert ticks.says == "waiting: a (its run ended before its files were read; curate it)"
    (a / "w.mp4").write_bytes(b"333")
    assert _asks_once(ticks)


def test_a_tick_that_died_before_its_run_was_noted_asks_for_the_same_run_again(ticks: Ticks, a: Path) -> None:
    (a / "w.mp4").write_bytes(b"22")
    ticks.tick()
    noted = ticks.cursor
    assert ticks.tick() == ["a"]
    (first,) = ticks.keys
    ticks.cursor = noted
    assert ticks.tick() == ["a"]
    assert ticks.keys == [first], "Dagster starts each key once"


def test_a_retired_batch_asks_for_nothing_until_it_is_brought_back(ticks: Ticks, a: Path) -> None:
    (a / "w.mp4").write_bytes(b"22")
    ticks.tick()  # it waits already
    retire(ticks.store.blobs, "a")
    assert (ticks.three(), ticks.looked_at, ticks.says) == ([], [], "nothing new in the inbox")
    bring_back(ticks.store.blobs, "a")
    assert ticks.tick() == []
    assert ticks.tick() == ["a"]


def test_a_folder_that_is_deleted_or_emptied_asks_for_nothing_and_comes_back_unasked(ticks: Ticks, a: Path) -> None:
    kept = a.parent.parent / "kept"
    shutil.copytree(a, kept)
    (a / "w.mp4").write_bytes(b"22")
    ticks.tick()  # it waits already
    shutil.rmtree(a)
    assert (ticks.three(), ticks.says) == ([], "nothing new in the inbox")
    a.mkdir()
    assert (ticks.three(), ticks.says) == ([], "nothing new in the inbox")
    a.rmdir()
    shutil.copytree(kept, a)
    assert ticks.three() == [], "it is as it was read"


def test_a_batch_that_lies_elsewhere_is_none_of_the_inbox(ticks: Ticks, folder: Path, tmp_path: Path) -> None:
    drop(tmp_path, "a")
    ticks.store.register_batch("a", {"uri": str(tmp_path / "a"), "captions": "optional"})
    ticks.instance.add_dynamic_partitions("source_batch", ["a"])
    ticks.read("a")
    drop(folder, "a")
    (tmp_path / "a" / "w.mp4").write_bytes(b"22")
    assert (ticks.three(), ticks.looked_at) == ([], [])


def test_a_batch_that_moved_into_the_inbox_is_as_it_was_until_its_files_change(
    ticks: Ticks, folder: Path, tmp_path: Path
) -> None:
    drop(tmp_path, "a")
    ticks.store.register_batch("a", {"uri": str(tmp_path / "a"), "captions": "optional"})
    ticks.instance.add_dynamic_partitions("source_batch", ["a"])
    ticks.read("a")
    shutil.copytree(tmp_path / "a", folder / "a", copy_function=shutil.copy)
    moving.move(ticks.store, "a", str(folder / "a"), moving.Comparison(videos=1))
    assert ticks.three() == []
    (folder / "a" / "w.mp4").write_bytes(b"22")
    assert ticks.tick() == []
    assert ticks.tick() == ["a"]


def test_batches_are_looked_at_in_turn_as_far_as_a_ticks_time_goes(
    ticks: Ticks, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["a", "b", "c", "d", "e"]
    for name in names:
        drop(folder, name)
    ticks.curated(*names)
    monkeypatch.setattr(ticking.Tick, "over", property(lambda self: len(ticks.looked_at) >= 2))
    seen = []
    for _ in range(5):
        assert ticks.tick(30) == []
        seen.append("".join(ticks.looked_at))
    assert seen == ["ab", "cd", "ea", "bc", "de"]
    (folder / "d" / "w.mp4").write_bytes(b"22")
    seen.clear()
    for _ in range(5):
        ticks.tick(30)
        seen.append("".join(ticks.looked_at))
    assert seen == ["ab", "cd", "de", "da", "db"], "what is known to change comes first"


def test_a_batch_that_may_not_be_listed_does_not_hold_up_the_others(
    ticks: Ticks, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("closed", "open"):
        drop(folder, name)
    ticks.curated("closed", "open")
    (folder / "open" / "w.mp4").write_bytes(b"22")
    close("closed", monkeypatch)
    ticks.tick()
    assert ticks.tick() == ["open"]
