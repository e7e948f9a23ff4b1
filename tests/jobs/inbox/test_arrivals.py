"""A folder of the inbox arrives: when it is taken, as what it is registered, and what the sensor says until then."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from jobs.inbox import tick as ticking
from livecc_assets.core.errors import UserError
from livecc_assets.graph.settings import load_settings
from livecc_assets.orchestration.batches import write_selection
from livecc_assets.store.registry import retire
from tests.jobs.inbox_ticks import Ticks, close, drop


def test_a_folder_is_asked_for_once_and_not_looked_at_until_its_run_has_read_it(ticks: Ticks, folder: Path) -> None:
    for name in ("a", "b", "c"):
        drop(folder, name)
    assert ticks.tick() == []
    assert ticks.tick() == ["a", "b", "c"]
    assert ticks.keys == ["new-batch:a", "new-batch:b", "new-batch:c"]
    assert (ticks.tick(), ticks.looked_at) == ([], [])
    assert (ticks.sweep(), ticks.looked_at) == ([], [])
    assert ticks.says == "nothing new in the inbox"


# -- when it is complete -------------------------------------------------------------------------------------------------


def test_a_writer_that_pauses_for_a_minute_is_not_taken_half_written(ticks: Ticks, folder: Path) -> None:
    video = drop(folder, "a") / "v.mp4"
    assert ticks.tick() == []
    assert [ticks.tick(30), ticks.tick(30)] == [[], []]
    video.write_bytes(b"22")
    assert ticks.tick(30) == []
    assert ticks.says == "waiting: a (its files change)"
    assert ticks.tick(30) == []
    assert ticks.says == "waiting: a (settles in 60 s)"
    assert [ticks.tick(30), ticks.tick(29)] == [[], []]
    assert ticks.tick(1) == ["a"]


def test_how_long_a_folder_must_rest_is_a_setting(ticks: Ticks, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drop(folder, "a")
    monkeypatch.setenv("LIVECC_INBOX_SETTLED", "300")
    assert [ticks.tick(), ticks.tick(299)] == [[], []]
    assert ticks.tick(1) == ["a"]
    drop(folder, "b")
    monkeypatch.setenv("LIVECC_INBOX_SETTLED", "0")
    assert ticks.tick(1) == ["b"]
    monkeypatch.setenv("LIVECC_INBOX_SETTLED", "soon")
    with pytest.raises(UserError, match=r"^LIVECC_INBOX_SETTLED=soon: write for how many seconds"):
        ticks.tick()


def test_the_times_of_the_files_themselves_say_nothing(ticks: Ticks, folder: Path) -> None:
    os.utime(drop(folder, "a") / "v.mp4", (1_000_000, 1_000_000))  # as after cp -p
    assert [ticks.tick(), ticks.tick(60)] == [[], []]
    assert ticks.tick(30) == ["a"]


@pytest.mark.parametrize("marker", ["_SUCCESS", "_COMPLETE"])
def test_a_completion_marker_ends_the_wait_at_once(ticks: Ticks, folder: Path, marker: str) -> None:
    for name in ("a", "b"):
        drop(folder, name)
    (folder / "a" / marker).touch()
    (folder / "b" / "deep").mkdir()
    (folder / "b" / "deep" / marker).touch()  # says that this folder is complete, not the batch
    assert ticks.tick() == ["a"]
    (folder / "marked").mkdir()
    (folder / "marked" / marker).touch()
    assert ticks.tick(30) == []
    assert ticks.says == "waiting: b (settles in 60 s), marked (no files in it yet)"


def test_a_clock_that_is_set_back_starts_the_wait_anew(ticks: Ticks, folder: Path) -> None:
    drop(folder, "a")
    assert [ticks.tick(), ticks.tick(-3600), ticks.tick(89)] == [[], [], []]
    assert ticks.tick(1) == ["a"]


def test_a_tick_names_what_waits_cleanly_and_not_without_end(ticks: Ticks, folder: Path) -> None:
    drop(folder, "a\x1b[31m")
    for number in range(12):
        drop(folder, f"drop-{number:02}")
    ticks.tick()
    assert ticks.says.startswith("waiting: a\\x1b[31m (settles in 90 s), drop-00 (settles in 90 s), ")
    assert ticks.says.endswith("drop-08 (settles in 90 s) and 3 more")


def test_a_name_that_is_not_utf_8_is_passed_over_and_the_others_are_not(ticks: Ticks, folder: Path) -> None:
    os.mkdir(os.fsencode(folder) + b"/caf\xe9")
    drop(folder, "b")
    ticks.tick()
    assert ticks.tick() == ["b"]


# -- as what it is registered --------------------------------------------------------------------------------------------


def test_a_batch_gets_a_selection_of_its_own_as_ingest_gives_it(ticks: Ticks, folder: Path, tmp_path: Path) -> None:
    drop(folder, "a")
    ticks.tick()
    assert ticks.tick() == ["a"]
    by_hand = load_settings(tmp_path / "other")
    write_selection(by_hand, "a")
    file = load_settings().home / "selections" / "a.yaml"
    assert file.read_text() == (by_hand.home / "selections" / "a.yaml").read_text()
    assert [one.name for one in file.parent.iterdir()] == ["a.yaml"]
    made = load_settings().selections["a"]
    assert made.live_cc is not None and made.live_cc.batches == ["a"]


def test_a_selection_that_somebody_wrote_stays_as_it_is(ticks: Ticks, folder: Path) -> None:
    drop(folder, "a")
    own = load_settings().home / "selections" / "a.yaml"
    own.parent.mkdir(parents=True)
    own.write_text("profile: sample\nlive_cc: {batches: [a]}\n")
    ticks.tick()
    assert ticks.tick() == ["a"]
    assert own.read_text() == "profile: sample\nlive_cc: {batches: [a]}\n"


def test_a_folder_named_like_a_shipped_selection_is_passed_over(
    ticks: Ticks, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in ("b", "sample"):
        drop(folder, name)
    ticks.tick()
    assert ticks.tick() == ["b"]
    said = capfd.readouterr().err
    assert "sample of the inbox is passed over" in said and "a selection of this name ships" in said
    assert ticks.store.batches() == ["b"]
    assert not (load_settings().home / "selections" / "sample.yaml").exists()


def test_a_selection_that_cannot_be_written_does_not_keep_the_batch_out(ticks: Ticks, folder: Path) -> None:
    drop(folder, "a")
    home = load_settings().home
    home.mkdir()
    (home / "selections").touch()  # a file where the folder should be
    ticks.tick()
    assert ticks.tick() == ["a"]


def test_the_category_is_that_of_the_environment_and_without_one_there_is_none(
    ticks: Ticks, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(folder, "a")
    ticks.tick()
    assert ticks.tick() == ["a"]
    monkeypatch.setenv("LIVECC_INBOX_CATEGORY", "Sports")
    drop(folder, "b")
    ticks.tick()
    assert ticks.tick() == ["b"]
    assert ticks.store.batch("a") == {"uri": str(folder / "a"), "captions": "optional"}
    assert ticks.store.batch("b") == {"uri": str(folder / "b"), "captions": "optional", "category": "Sports"}


def test_a_batch_that_is_retired_does_not_come_back_when_dagster_has_forgotten_it(ticks: Ticks, folder: Path) -> None:
    drop(folder, "a")
    ticks.tick()
    assert ticks.tick() == ["a"]
    retire(ticks.store.blobs, "a")
    ticks.instance.delete_dynamic_partition("source_batch", "a")
    assert [ticks.sweep(), ticks.tick(), ticks.sweep()] == [[], [], []]


# -- which folders are looked at -----------------------------------------------------------------------------------------


def test_a_local_folder_is_seen_at_once_whatever_its_name(ticks: Ticks, folder: Path) -> None:
    drop(folder, "m")
    ticks.tick()
    ticks.tick()
    drop(folder, "a")
    ticks.tick()
    assert ticks.looked_at == ["a"]
    assert ticks.tick() == ["a"]


def test_empty_and_hidden_folders_are_let_be_and_one_taken_away_is_forgotten(ticks: Ticks, folder: Path) -> None:
    (folder / "empty").mkdir()
    drop(folder, ".hidden")
    drop(folder, "_drafts")
    drop(folder, "gone")
    ticks.tick()
    (folder / "gone" / "v.mp4").unlink()
    (folder / "gone").rmdir()
    assert ticks.tick() == []
    assert ticks.tick() == []
    assert list(json.loads(ticks.cursor or "")["waiting"]) == ["empty"]
    (folder / "empty" / "v.mp4").write_bytes(b"1")
    assert ticks.tick() == []
    assert ticks.tick() == ["empty"]


def test_a_tick_stops_in_time_and_the_next_goes_on(ticks: Ticks, folder: Path) -> None:
    for number in range(5):
        drop(folder, f"drop-{number}")
    ticks.tick()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ticking, "TICK_SECONDS", -1)
        assert (ticks.tick(), ticks.looked_at) == ([], [])
    assert ticks.says.startswith("waiting: drop-0 (not looked at yet), ")
    assert len(ticks.tick()) == 5


def test_a_batch_that_was_registered_by_a_tick_cut_short_gets_its_partition(ticks: Ticks, folder: Path) -> None:
    drop(folder, "a")
    ticks.store.register_batch("a", {"uri": str(folder / "a"), "captions": "optional"})
    ticks.tick()
    assert ticks.tick() == ["a"]


@pytest.mark.parametrize("next_tick", [Ticks.tick, Ticks.sweep], ids=["tick", "sweep"])
def test_a_batch_whose_tick_died_before_its_run_was_noted_is_curated_all_the_same(
    ticks: Ticks, folder: Path, next_tick: Callable[[Ticks], list[str]]
) -> None:
    drop(folder, "a")
    ticks.tick()
    noted = ticks.cursor
    assert ticks.tick() == ["a"]
    ticks.cursor = noted  # Dagster added the partition and died: neither the run nor the new cursor was kept
    assert next_tick(ticks) == ["a"]
    assert (ticks.tick(), ticks.sweep(), ticks.looked_at) == ([], [], [])


def test_a_batch_that_was_ingested_by_hand_is_let_be(ticks: Ticks, folder: Path) -> None:
    drop(folder, "a")
    ticks.store.register_batch("a", {"uri": str(folder / "a"), "captions": "required"})
    ticks.instance.add_dynamic_partitions("source_batch", ["a"])
    assert [ticks.tick(), ticks.tick(), ticks.sweep()] == [[], [], []]
    assert json.loads(ticks.cursor or "")["waiting"] == {}


def test_a_batch_that_is_ingested_by_hand_while_its_folder_waits_is_let_be(ticks: Ticks, folder: Path) -> None:
    drop(folder, "a")
    ticks.tick()
    ticks.store.register_batch("a", {"uri": str(folder / "a"), "captions": "required"})
    ticks.instance.add_dynamic_partitions("source_batch", ["a"])
    assert [ticks.tick(), ticks.tick(), ticks.sweep()] == [[], [], []]
    assert json.loads(ticks.cursor or "")["waiting"] == {}


def test_a_name_that_stands_for_other_videos_holds_nobody_up(ticks: Ticks, folder: Path, tmp_path: Path) -> None:
    ticks.store.register_batch("a", {"uri": str(tmp_path), "captions": "optional"})
    drop(folder, "a")
    drop(folder, "b")
    ticks.tick()
    assert ticks.tick() == ["b"]


def test_an_inbox_that_is_gone_is_named_with_the_remedy(ticks: Ticks, folder: Path) -> None:
    drop(folder, "a")
    ticks.tick()
    shutil.rmtree(folder)
    with pytest.raises(UserError, match="no such folder; create it"):
        ticks.tick()


def test_a_folder_that_may_not_be_listed_is_passed_over_and_the_others_are_not(
    ticks: Ticks, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(folder, "closed")
    drop(folder, "open")
    close("closed", monkeypatch)
    ticks.tick()
    assert ticks.tick() == ["open"]
