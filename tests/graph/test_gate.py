"""A batch is carried on only where every blocking check above it has passed, whatever was made below it by hand."""

import json
import shutil

import pytest

from jobs.schedules import stale
from livecc_assets.graph.plan import MissingInputError, make_plan
from livecc_assets.graph.status import PartitionStatus, partition_statuses, to_be_made
from livecc_assets.store.registry import bring_back, retire

#: A third of the rows is in error; the toy profile lets three in ten pass.
BAD = [1, 2, None]


def statuses(world) -> dict[tuple[str, str], PartitionStatus]:
    steps = [world.steps[name] for name in ("numbers", "doubled", "picked")]
    found = partition_statuses(steps, world.settings, world.store)
    return {(one.asset, one.partition): one for one in found}


def test_a_run_stops_at_the_failed_check_and_nothing_below_it_is_asked_for(world) -> None:
    world.batch("bad", BAD)
    world.batch("new", [5])
    result = world.run("numbers", "doubled", partition="bad")
    assert not result.success
    (check,) = result.get_asset_check_evaluations()
    assert check.description == (
        "1 of 3 rows in error, and the profile's error_limit is 0.3: broken ×1 (v?: not a number). "
        "`livecc rejected numbers bad --kind error` lists all. Mend or remove these files, or raise error_limit and run it "
        "with --force"
    )
    found = statuses(world)
    assert found["numbers", "bad"].state == "current"
    assert found["doubled", "bad"].state == "held"
    assert found["doubled", "bad"].why == ("numbers[bad] failed: too many rows in error (livecc rejected numbers bad)")
    assert found["doubled", "new"].state == "blocked", "what can be made is asked for"


def test_a_batch_that_was_carried_on_by_hand_is_left_out_all_the_same(world) -> None:
    world.batch("good", [3])
    world.batch("bad", BAD)
    world.selection(["good", "bad"], at_least=0)
    for batch in ("good", "bad"):
        world.run("numbers", partition=batch)
        assert world.run("doubled", partition=batch, tags={"livecc/force": "doubled"}).success
    plan = make_plan(world.steps["picked"], world.settings, world.store, "sample")
    assert plan.left_out == {"bad": "numbers failed: too many rows in error"}
    assert [pin.partition for pin in plan.upstream] == ["good"]
    result = world.run("picked", partition="sample")
    assert result.success
    assert world.store.current("picked", "sample").manifest.metadata["left_out"] == plan.left_out


def test_a_selection_of_failed_batches_alone_says_which_and_why(world) -> None:
    world.batch("bad", BAD)
    world.selection(["bad"], at_least=0)
    for name in ("numbers", "doubled"):
        world.run(name, partition="bad")
    with pytest.raises(MissingInputError, match="bad: numbers failed: too many rows in error"):
        make_plan(world.steps["picked"], world.settings, world.store, "sample")


def test_a_selection_names_the_failed_check_where_nothing_below_it_was_made(world) -> None:
    world.batch("good", [3])
    world.batch("bad", BAD)
    world.selection(["good", "bad"], at_least=0)
    world.run("numbers", "doubled", partition="good")
    assert not world.run("numbers", "doubled", partition="bad").success
    assert world.store.current("doubled", "bad") is None
    plan = make_plan(world.steps["picked"], world.settings, world.store, "sample")
    assert plan.left_out == {"bad": "numbers failed: too many rows in error"}


def test_mended_videos_let_the_batch_go_on(world) -> None:
    world.batch("a", BAD)
    world.run("numbers", "doubled", partition="a")
    (world.home / "videos" / "a" / "numbers.json").write_text(json.dumps([1, 2]))
    found = statuses(world)
    assert found["numbers", "a"].state == "stale"
    assert world.run("numbers", "doubled", partition="a").success
    assert {one.state for (_, batch), one in statuses(world).items() if batch == "a"} == {"current"}


def test_what_waits_for_a_person_blocks_no_schedule(world, monkeypatch) -> None:
    monkeypatch.setattr("jobs.schedules.STEPS", [world.steps["numbers"], world.steps["doubled"]])
    for name in ("bad", "gone", "new"):
        world.batch(name, BAD if name == "bad" else [7])
    world.run("numbers", "doubled", partition="bad")
    shutil.rmtree(world.home / "videos" / "gone")
    assert set(stale("batch")) == {"new"}
    found = statuses(world)
    assert found["numbers", "gone"].state == "gone" and found["doubled", "gone"].state == "held"
    assert found["doubled", "gone"].why.endswith("the batch's folder is gone")


def test_a_retired_batch_is_asked_for_by_nothing_and_left_out_until_it_is_brought_back(world, monkeypatch) -> None:
    monkeypatch.setattr("jobs.schedules.STEPS", list(world.steps.values())[:2])
    for name in ("a", "b"):
        world.batch(name, [1, 2])
        world.run("numbers", "doubled", partition=name)
    world.selection(["a", "b"], 0)
    world.run("picked", partition="sample")
    retire(world.store.blobs, "a")
    (world.home / "videos" / "a" / "numbers.json").write_text("[1, 2, 3]")
    assert stale("batch") == {}
    found = statuses(world)
    assert {one.state for (_, batch), one in found.items() if batch == "a"} == {"retired"}
    assert found["picked", "sample"].state == "stale"
    world.run("picked", partition="sample")
    picked = world.store.current("picked", "sample")
    assert picked.manifest.metadata["left_out"] == {"a": "retired"}
    assert {row["batch"] for row in picked.rows()} == {"b"}
    assert world.store.current("doubled", "a").count == 2, "what was made of it stays"
    retire(world.store.blobs, "b")
    with pytest.raises(MissingInputError, match=r"none of its batches can be used \(a: retired; b: retired\)"):
        make_plan(world.steps["picked"], world.settings, world.store, "sample")
    bring_back(world.store.blobs, "a")
    assert set(stale("batch")) == {"a"}


def test_a_retired_batch_whose_folder_is_gone_is_retired(world, monkeypatch) -> None:
    world.batch("a", [1])
    shutil.rmtree(world.home / "videos" / "a")
    retire(world.store.blobs, "a")
    assert {one.state for (_, batch), one in statuses(world).items() if batch == "a"} == {"retired"}


def test_only_a_selection_that_would_change_is_to_be_made(world) -> None:
    def found() -> set[str]:
        return to_be_made(world.steps["picked"], ["sample", "nosuch"], world.settings, world.store)

    world.selection(["a"], 0)
    world.batch("a", BAD)
    assert found() == set(), "nothing of it can be used yet"
    world.run("numbers", "doubled", partition="a")
    assert found() == set(), "its one batch is left out"
    (world.home / "videos" / "a" / "numbers.json").write_text("[1, 2]")
    world.run("numbers", "doubled", partition="a")
    assert found() == {"sample"}
    world.run("picked", partition="sample")
    assert found() == set()
    world.batch("b", [3])
    world.run("numbers", "doubled", partition="b")
    assert found() == set(), "it reads no b"
    world.selection(["a", "b"], 0)
    assert found() == {"sample"}
