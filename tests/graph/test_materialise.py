"""What happens when a step is materialised, through real Dagster runs and a real worker process."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from threading import Timer

import pytest

from livecc_assets.graph.plan import MissingInputError, make_plan
from livecc_assets.graph.status import partition_statuses
from tests.waiting import until


def failure(result) -> str:
    (event,) = [event for event in result.all_events if event.is_step_failure]
    data = event.step_failure_data
    if data.user_failure_data:
        return data.user_failure_data.description
    error = data.error
    while error.cause is not None:
        error = error.cause
    return error.message


def test_a_worker_process_makes_an_artifact_with_lineage(world) -> None:
    world.batch("a", [1, 2, 3])
    assert world.run("numbers", "doubled", partition="a").success
    found = world.store.current("doubled", "a")
    assert [row["value"] for row in found.rows()] == [2, 4, 6]
    (pin,) = found.manifest.upstream
    source = world.store.current("numbers", "a")
    assert (pin.asset, pin.data_version) == ("numbers", source.data_version)


def test_materialising_what_stands_recomputes_nothing_and_says_so(world, memoised) -> None:
    world.batch("a", [1, 2, 3])
    world.run("numbers", "doubled", partition="a")
    assert world.calls() == ["numbers", "doubled"]
    again = world.run("numbers", "doubled", partition="a")
    assert again.success
    assert world.calls() == []
    assert memoised(again, "numbers")
    assert memoised(again, "doubled")


def test_a_forced_run_computes_again_what_it_names_and_nothing_else(world) -> None:
    world.batch("a", [1, 2, 3])
    world.run("numbers", "doubled", partition="a")
    world.calls()
    world.run("numbers", "doubled", partition="a", tags={"livecc/force": "doubled"})
    assert world.calls() == ["doubled"]
    world.run("numbers", "doubled", partition="a", tags={"livecc/force": "true"})
    assert world.calls() == ["numbers", "doubled"]


def test_a_threshold_changed_there_and_back_is_served_from_the_store(world, memoised) -> None:
    world.batch("a", [1, 2, 3])
    world.run("numbers", "doubled", partition="a")
    for at_least, rows in ((4, 2), (6, 1), (4, 2)):
        world.selection(["a"], at_least)
        result = world.run("picked", partition="sample")
        assert result.success
        assert world.store.current("picked", "sample").count == rows
    assert world.calls() == ["numbers", "doubled", "picked", "picked"]
    assert memoised(result, "picked")


def test_equal_output_of_a_new_code_version_stops_the_cascade(world) -> None:
    world.batch("a", [1, 2, 3])
    world.run("numbers", "doubled", partition="a")
    world.calls()
    world.steps["numbers"] = replace(world.steps["numbers"], version="2")
    world.run("numbers", "doubled", partition="a")
    assert world.calls() == ["numbers"]


def test_changed_input_reaches_only_its_own_batch_and_the_selection(world) -> None:
    world.batch("a", [1, 2, 3])
    world.batch("b", [4, 5])
    world.selection(["a", "b"], 0)
    for name in ("a", "b"):
        world.run("numbers", "doubled", partition=name)
    world.run("picked", partition="sample")
    world.calls()
    world.batch("b", [4, 5, 6])
    for name in ("a", "b"):
        world.run("numbers", "doubled", partition=name)
    world.run("picked", partition="sample")
    assert world.calls() == ["numbers", "doubled", "picked"]
    assert world.store.current("picked", "sample").count == 6


def test_a_batch_with_too_many_errors_fails_its_check_and_holds_up_nobody_else(world) -> None:
    world.batch("good", [1, 2, 3])
    world.batch("bad", [1, None, None])
    world.selection(["bad", "good"], 0)
    assert world.run("numbers", "doubled", partition="good").success
    bad = world.run("numbers", "doubled", partition="bad")
    (check,) = bad.get_asset_check_evaluations()
    assert not check.passed
    assert check.partition == "bad"
    assert world.store.current("numbers", "bad").manifest.reasons == {"error:broken": 2}
    assert world.store.current("doubled", "bad") is None, "what is downstream of the failed check must not run"
    result = world.run("picked", partition="sample")
    assert result.success
    found = world.store.current("picked", "sample")
    assert {row["batch"] for row in found.rows()} == {"good"}
    assert "bad" in found.manifest.metadata["left_out"]


def test_no_rejected_row_is_lost(world) -> None:
    world.batch("a", [1, 2, None, 3])
    world.selection(["a"], 5)
    world.run("numbers", "doubled", partition="a")
    world.run("picked", partition="sample")
    numbers, picked = world.store.current("numbers", "a"), world.store.current("picked", "sample")
    assert [(row["kind"], row["reason"]) for row in numbers.rejected()] == [("error", "broken")]
    assert [row["id"] for row in picked.rejected()] == ["v1", "v2"]
    assert picked.count + picked.manifest.rejected == numbers.count


def test_a_crashed_worker_fails_the_step_with_the_end_of_its_output(world) -> None:
    world.batch("a", [1])
    (world.home / "trouble.txt").write_text("the disk is made of cheese")
    result = world.run("numbers", "doubled", partition="a")
    assert not result.success
    assert "exit code 1" in failure(result)
    assert "the disk is made of cheese" in failure(result)
    assert world.store.current("doubled", "a") is None
    (world.home / "trouble.txt").unlink()
    world.calls()
    assert world.run("numbers", "doubled", partition="a").success
    assert world.calls() == ["doubled"], "a re-run redoes only what has no manifest"


def test_a_missing_input_names_what_to_make_first(world) -> None:
    world.batch("a", [1])
    with pytest.raises(MissingInputError, match=r"doubled\[a\] needs numbers\[a\]"):
        make_plan(world.steps["doubled"], world.settings, world.store, "a")


def test_status_tells_current_stale_missing_and_why(world) -> None:
    world.batch("a", [1, 2])
    world.selection(["a"], 0)
    world.run("numbers", "doubled", partition="a")
    world.run("picked", partition="sample")

    def states() -> dict[str, tuple[str, str]]:
        found = partition_statuses(world.steps.values(), world.settings, world.store)
        return {one.asset: (one.state, one.why) for one in found}

    assert {state for state, _ in states().values()} == {"current"}
    world.selection(["a"], 3)
    assert states()["picked"] == ("stale", "config changed: at_least")
    world.batch("a", [1, 2, 3])
    assert states()["numbers"][0] == "stale"
    world.run("numbers", partition="a")
    assert states()["doubled"] == ("stale", "upstream changed: numbers[a]")
    world.batch("b", [1])
    found = partition_statuses(world.steps.values(), world.settings, world.store)
    assert ("numbers", "b", "missing") in {(one.asset, one.partition, one.state) for one in found}


ORCHESTRATOR = """
import json, os, sys
sys.path.insert(0, {here!r})
import toy, time
from pathlib import Path
def numbers(task):
    task.writer.add({{"video_id": "v", "value": 1}})
    task.writer._rows.gather()
    task.writer._rows.groups(last=True)
    print("writing", flush=True)
    time.sleep(60)
from dataclasses import replace
toy.STEPS["numbers"] = replace(toy.STEPS["numbers"], function=numbers)
import dagster as dg
from livecc_assets.orchestration.declare import declare
from resources import RESOURCES
instance = dg.DagsterInstance.ephemeral()
instance.add_dynamic_partitions("source_batch", ["a"])
dg.materialize([declare(step, toy.STEPS) for step in toy.STEPS.values()], selection=["numbers"], partition_key="a",
               instance=instance, resources=RESOURCES)
"""


def test_an_orchestrator_killed_while_it_writes_leaves_the_store_readable_and_the_next_run_resumes(world) -> None:
    world.batch("a", [1, 2])
    here = os.path.dirname(__file__)
    code = textwrap.dedent(ORCHESTRATOR).format(here=here)
    process = subprocess.Popen([sys.executable, "-W", "ignore", "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "writing"
    time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert world.store.current("numbers", "a") is None
    assert world.run("numbers", "doubled", partition="a").success
    assert world.store.current("doubled", "a").count == 2


OTHER_RUN = """
import sys
sys.path.insert(0, {here!r})
import toy
import dagster as dg
from livecc_assets.orchestration.declare import declare
from resources import RESOURCES
instance = dg.DagsterInstance.ephemeral()
instance.add_dynamic_partitions("source_batch", ["a"])
dg.materialize([declare(step, toy.STEPS) for step in toy.STEPS.values()], selection=["doubled"], partition_key="a",
               instance=instance, resources=RESOURCES)
"""


@pytest.mark.live
def test_of_two_equal_runs_the_second_waits_and_serves_what_the_first_made(world, memoised) -> None:
    world.batch("a", [1, 2, 3])
    world.run("numbers", partition="a")
    world.calls()
    gate = world.home / "gate.txt"
    gate.touch()
    other = OTHER_RUN.format(here=os.path.dirname(__file__))
    process = subprocess.Popen([sys.executable, "-W", "ignore", "-c", other])
    until((world.home / "calls.txt").exists, 120, "the first run does not begin")
    opens = Timer(3, gate.unlink)
    opens.start()
    second = world.run("doubled", partition="a")
    opens.join()
    assert process.wait(120) == 0 and second.success
    assert world.calls() == ["doubled"]
    assert memoised(second, "doubled")
    assert any("is being made by run" in line for line in world.logged())
    assert world.store.current("doubled", "a").count == 3
