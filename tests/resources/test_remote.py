"""Adoption, messages, failures and cancelling of workers that run elsewhere, with detached processes as the elsewhere."""

import os
import re
import signal
import time
from dataclasses import replace
from typing import Any

import dagster as dg
import pytest
from dagster._core.execution.plan.objects import ErrorSource

import resources.livecc
from resources.launchers import Job
from resources.launchers.following import Follower
from resources.launchers.identity import message_prefix, worker_name
from resources.launchers.status import Status
from resources.launchers.watchers import tag
from tests.graph.conftest import memoised, world  # noqa: F401
from tests.resources.process_place import ProcessPlace, ServiceAwayError
from tests.waiting import until


@pytest.fixture
def place(tmp_path, monkeypatch):
    made = ProcessPlace(tmp_path / "place")
    monkeypatch.setattr(resources.livecc, "make_launcher", lambda options: made)
    # A Pipes session whose worker did not say goodbye waits this many seconds for last words.
    monkeypatch.setattr("dagster._core.pipes.utils.WAIT_FOR_LOGS_AFTER_EXECUTION_INTERVAL", 0)
    return made


def why(result) -> str:
    (event,) = [event for event in result.all_events if event.is_step_failure]
    return event.step_failure_data.user_failure_data.description


def logged(world, result) -> str:  # noqa: F811
    return "\n".join(entry.user_message for entry in world.instance.all_logs(result.run_id))


def job(name: str = "j", **changes: Any) -> Job:
    work: dict[str, Any] = {"asset": "doubled", "partition": "a", "key": "k", "root": "r"} | changes
    return Job(name, "m", **work)


def test_a_workers_name_is_a_label_and_changes_with_what_it_computes():
    name = worker_name(job())
    assert name == worker_name(job("another run"))
    others = [job(root="s"), job(partition="b"), job(key="l"), job(asset="picked")]
    assert len({name, *map(worker_name, others)}) == 5
    for asset in ("a_very_long_name_of_an_asset_" * 3, "Mine/Of several.Parts_"):
        assert re.fullmatch("[a-z]([a-z0-9-]{0,61}[a-z0-9])", worker_name(job(asset=asset)))


def test_each_attempt_has_a_folder_of_its_own_whatever_asset_partition_and_key_are_called():
    assert message_prefix(job(), "one") == "_messages/doubled/a/k/one"
    odd = [job(asset="a/b"), job(partition=""), job(partition="../x"), job(partition=".."), job(key="k" * 300)]
    folders = [message_prefix(one, "one").split("/") for one in odd]
    assert all(len(folder) == 5 and not {"", ".", ".."} & set(folder) for folder in folders)
    assert max(len(part) for folder in folders for part in folder) <= 120
    assert message_prefix(job(key="k" * 300), "one") != message_prefix(job(key="k" * 301), "one")


def test_messages_context_and_log_travel_through_the_store(world, place):  # noqa: F811
    world.batch("a", [1, 2, 3])
    result = world.run("numbers", "doubled", partition="a")
    assert result.success
    assert [row["value"] for row in world.store.current("doubled", "a").rows()] == [2, 4, 6]
    assert "started process livecc-doubled-" in logged(world, result)
    assert place.deleted == place.created, "an ended worker is cleared away"
    kept = [one.key for one in world.store.blobs.listed("_messages/")]
    assert any(key.endswith("context.json") for key in kept) and any("messages-000001" in key for key in kept)


def test_a_failed_worker_tells_its_code_and_its_last_lines_and_its_log_is_kept(world, place):  # noqa: F811
    world.batch("a", [1])
    (world.home / "trouble.txt").write_text("a telling reason")
    result = world.run("numbers", "doubled", partition="a")
    assert "exit code 1" in why(result) and "a telling reason" in why(result)
    (log,) = [one.key for one in world.store.blobs.listed("_messages/") if one.key.endswith("log.txt")]
    assert b"a telling reason" in world.store.blobs.get(log)[0]


def test_a_worker_that_failed_is_replaced_by_the_next_run(world, place):  # noqa: F811
    world.batch("a", [1])
    (world.home / "trouble.txt").write_text("once")
    world.run("numbers", "doubled", partition="a")
    (world.home / "trouble.txt").unlink()
    assert world.run("numbers", "doubled", partition="a").success
    assert len(place.created) == 2 and place.created[0] == place.created[1]


class _DiedError(BaseException):
    """The orchestrator's end."""


def die_once(place, monkeypatch, then=lambda: None, then_open=None):
    """The first look at the worker ends the orchestrator; later ones are as ever, and open the worker's gate."""
    look = place.look
    calls = []

    def once(job, name):
        calls.append(name)
        if len(calls) == 1:
            then()
            raise _DiedError
        if then_open:
            then_open.unlink(missing_ok=True)
        return look(job, name)

    monkeypatch.setattr(place, "look", once)


def test_a_worker_outlives_its_orchestrator_and_the_next_run_adopts_it(world, place, monkeypatch):  # noqa: F811
    world.batch("a", [1, 2])
    (world.home / "pause.txt").write_text("3")  # of shorter ones nothing is told
    (world.home / "gate.txt").touch()
    die_once(place, monkeypatch, then_open=world.home / "gate.txt")
    assert not world.run("numbers", "doubled", partition="a").success
    result = world.run("numbers", "doubled", partition="a")
    assert result.success and "adopted process" in logged(world, result)
    assert place.created == place.deleted and len(place.created) == 1
    assert world.calls().count("doubled") == 1, "the work was not done twice"
    assert "2/2" in logged(world, result), "the worker's messages are replayed from the first"


def test_cancelling_the_run_deletes_the_worker(world, place, monkeypatch):  # noqa: F811
    world.batch("a", [1])

    die_once(place, monkeypatch, lambda: cancel_the_run(world))
    assert not world.run("numbers", "doubled", partition="a").success
    assert place.deleted == place.created and len(place.created) == 1


def test_a_run_that_is_cancelled_without_a_signal_deletes_its_worker_too(world, place, monkeypatch):  # noqa: F811
    world.batch("a", [1])
    (world.home / "pause.txt").write_text("60")
    monkeypatch.setattr("resources.launchers.following.CANCEL_SECONDS", 0.2)
    look, told = place.look, []

    def cancelled_meanwhile(job, found):
        if not told:
            told.append(found.name)
            cancel_the_run(world)
        return look(job, found)

    monkeypatch.setattr(place, "look", cancelled_meanwhile)
    assert not world.run("numbers", "doubled", partition="a").success
    assert place.deleted == place.created and len(place.created) == 1


def cancel_the_run(world):  # noqa: F811
    (run,) = world.instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]))
    world.instance.report_run_canceling(run)


def test_a_signal_that_comes_while_a_cancelled_run_ends_does_not_save_its_worker(world, place, monkeypatch):  # noqa: F811
    world.batch("a", [1])

    def interrupted(*_):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.1)
        return []

    monkeypatch.setattr("resources.launchers.leaving.others", interrupted)
    die_once(place, monkeypatch, lambda: cancel_the_run(world))
    assert not world.run("numbers", "doubled", partition="a").success
    assert place.deleted == place.created and len(place.created) == 1


def test_a_run_that_is_cancelled_as_it_begins_to_watch_its_worker_deletes_it(world, place, monkeypatch):  # noqa: F811
    class Interrupted(Follower):
        def start(self):
            cancel_the_run(world)
            raise dg.DagsterExecutionInterruptedError

    world.batch("a", [1])
    monkeypatch.setattr("resources.launchers.following.Follower", Interrupted)
    assert not world.run("numbers", "doubled", partition="a").success
    assert place.deleted == place.created and len(place.created) == 1


def test_a_run_that_is_cancelled_while_its_worker_is_being_made_deletes_it(world, place, monkeypatch):  # noqa: F811
    world.batch("a", [1])

    def cancelled_before(job, found):
        cancel_the_run(world)
        raise _DiedError

    monkeypatch.setattr(place, "begin", cancelled_before)
    assert not world.run("numbers", "doubled", partition="a").success
    assert place.deleted == place.created and len(place.created) == 1


def test_a_run_that_is_cancelled_while_the_last_words_of_a_failed_worker_are_awaited_deletes_what_is_left_of_it(
    world,  # noqa: F811
    place,
    monkeypatch,
):
    world.batch("a", [1])
    (world.home / "pause.txt").write_text("60")
    # As of a Job of several nodes: it has failed, and its other ranks still run.
    monkeypatch.setattr(place, "look", lambda job, found: Status("failed", "a rank was lost"))

    def endless(found, log, stop):
        cancel_the_run(world)
        os.kill(os.getpid(), signal.SIGTERM)
        stop.wait(20)

    monkeypatch.setattr(place, "follow", endless)
    assert not world.run("numbers", "doubled", partition="a").success
    assert place.deleted == place.created and len(place.created) == 1


@pytest.mark.parametrize(
    ("why_not", "words"),
    [(dg.Failure("its pods are still there"), "its pods"), (ServiceAwayError("away"), "no answer")],
)
def test_a_worker_that_cannot_be_deleted_does_not_hide_that_the_run_was_cancelled(
    why_not,
    words,
    world,  # noqa: F811
    place,
    monkeypatch,
):
    world.batch("a", [1])
    monkeypatch.setattr("resources.launchers.leaving.LEAVING_SECONDS", 2.0)  # and not ``patience``

    def refused(found, wait=True):
        raise why_not

    def cancelled_meanwhile(job, found):
        cancel_the_run(world)
        raise dg.DagsterExecutionInterruptedError

    monkeypatch.setattr(place, "delete", refused)
    monkeypatch.setattr(place, "look", cancelled_meanwhile)
    result = world.run("numbers", "doubled", partition="a")
    assert world.instance.get_run_by_id(result.run_id).status == dg.DagsterRunStatus.CANCELED
    (event,) = [event for event in result.all_events if event.is_step_failure]
    assert event.step_failure_data.error_source == ErrorSource.INTERRUPT
    assert words in logged(world, result) and "may be left over" in logged(world, result)


def test_a_cancelled_run_leaves_the_worker_to_another_run_that_waits_for_it(world, place, monkeypatch):  # noqa: F811
    world.batch("a", [1])
    (world.home / "gate.txt").touch()

    def cancel():
        (worker,) = place.workers()
        tags = {tag(worker.name): worker.attempt}
        cancel_the_run(world)
        world.instance.add_run(dg.DagsterRun("other", "the-other", status=dg.DagsterRunStatus.STARTED, tags=tags))

    die_once(place, monkeypatch, cancel, then_open=world.home / "gate.txt")
    assert not world.run("numbers", "doubled", partition="a").success
    assert place.created and not place.deleted
    result = world.run("numbers", "doubled", partition="a")
    assert result.success and "adopted process" in logged(world, result)


def test_a_worker_that_another_run_cleared_away_has_succeeded_when_its_artifact_stands(world, place, monkeypatch):  # noqa: F811
    world.batch("a", [1])
    look = place.look

    def after_another(job, found):
        until(job.made, 60, "no artifact came")
        place.delete(found)
        return look(job, found)

    monkeypatch.setattr(place, "look", after_another)
    result = world.run("numbers", "doubled", partition="a")
    assert result.success, why(result)
    assert "its artifact stands (it is gone)" in logged(world, result)


def test_a_worker_that_commits_while_it_is_looked_for_is_not_started_again(world, place, monkeypatch):  # noqa: F811
    world.batch("a", [1])
    (world.home / "pause.txt").write_text("6")
    die_once(place, monkeypatch)
    assert not world.run("numbers", "doubled", partition="a").success
    find = place.find

    def slowly(name):
        until(lambda: find(name).ended, 60, "the worker lives on")
        monkeypatch.setattr(place, "find", find)
        return find(name)

    monkeypatch.setattr(place, "find", slowly)
    result = world.run("numbers", "doubled", partition="a")
    assert result.success
    assert "made by another run's worker" in logged(world, result)
    assert place.created == place.deleted and len(place.created) == 1


def test_how_a_worker_ended_that_nobody_watched_is_told_and_its_log_is_kept(world, place, monkeypatch):  # noqa: F811
    world.batch("a", [1])
    (world.home / "trouble.txt").write_text("a telling reason")

    def until_it_ended():
        until(place.has_ended, 60, "the worker lives on")

    die_once(place, monkeypatch, until_it_ended)
    assert not world.run("numbers", "doubled", partition="a").success
    (world.home / "trouble.txt").unlink()
    (ended,) = place.workers()
    result = world.run("numbers", "doubled", partition="a")
    assert result.success
    assert "had ended: The worker ended with exit code 1" in logged(world, result)
    logs = [one.key for one in world.store.blobs.listed("_messages/") if one.key.endswith("log.txt")]
    (kept,) = [key for key in logs if ended.attempt in key]
    assert b"a telling reason" in world.store.blobs.get(kept)[0]


def test_a_failed_run_deletes_its_own_worker_and_no_later_one_of_that_name(world, place, monkeypatch):  # noqa: F811
    world.batch("a", [1])
    (world.home / "pause.txt").write_text("60")
    monkeypatch.setattr(place, "look", lambda job, found: Status("failed", "it was given up", said_all=True))
    find, newer = place.find, []

    def replaced(name):
        found = find(name)
        if place.created and not newer:  # as found after creating it
            newer.append(found)
            return replace(found, id=found.id)
        return replace(found, id="another") if found else None

    monkeypatch.setattr(place, "find", replaced)
    result = world.run("numbers", "doubled", partition="a")
    assert "it was given up" in why(result)
    assert not place.deleted
    place.delete(newer[0])


def test_a_service_that_is_away_for_a_while_costs_nothing(world, place, monkeypatch):  # noqa: F811
    monkeypatch.setattr(time, "sleep", lambda seconds, sleep=time.sleep: sleep(min(seconds, 0.05)))
    place.away = 5
    world.batch("a", [1])
    assert world.run("numbers", "doubled", partition="a").success
    assert len(place.created) == 1


def test_a_service_that_stays_away_is_an_error_in_the_end(world, place, monkeypatch):  # noqa: F811
    place.away, place.patience = 10**9, 0.2
    world.batch("a", [1])
    assert not world.run("numbers", "doubled", partition="a").success
