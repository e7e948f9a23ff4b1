"""Adoption, messages, failures and cancelling of workers that run elsewhere, with detached processes as the elsewhere."""

import time

import dagster as dg
import pytest

import resources.livecc
from resources.launchers import Job, Needs
from resources.launchers.remote import message_prefix, worker_name
from tests.graph.conftest import memoised, world  # noqa: F401
from tests.resources.process_place import ProcessPlace


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


def task(**changes) -> dict:
    return {"root": "r", "asset": "doubled", "partition": "a", "input_key": "k", "replaces": None} | changes


def test_a_workers_name_is_a_label_and_changes_with_what_it_computes():
    name = worker_name(Job("j", "m", task()))
    assert name == worker_name(Job("another run", "m", task()))
    others = [task(root="s"), task(partition="b"), task(input_key="l"), task(replaces="etag"), task(asset="picked")]
    assert len({name, *(worker_name(Job("j", "m", other)) for other in others)}) == 6
    long = worker_name(Job("j", "m", task(asset="a_very_long_name_of_an_asset_" * 3)))
    assert len(long) <= 63 and "_" not in long


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


def die_once(place, monkeypatch, then=lambda: None):
    """The first look at the worker ends the orchestrator; later ones are as ever."""
    look = place.look
    calls = []

    def once(job, name):
        calls.append(name)
        if len(calls) == 1:
            then()
            raise _DiedError
        return look(job, name)

    monkeypatch.setattr(place, "look", once)


def test_a_worker_outlives_its_orchestrator_and_the_next_run_adopts_it(world, place, monkeypatch):  # noqa: F811
    world.batch("a", [1, 2])
    (world.home / "pause.txt").write_text("6")
    die_once(place, monkeypatch)
    assert not world.run("numbers", "doubled", partition="a").success
    result = world.run("numbers", "doubled", partition="a")
    assert result.success and "adopted process" in logged(world, result)
    assert place.created == place.deleted and len(place.created) == 1
    assert world.calls().count("doubled") == 1, "the work was not done twice"
    assert "2/2" in logged(world, result), "the worker's messages are replayed from the first"


def test_cancelling_the_run_deletes_the_worker(world, place, monkeypatch):  # noqa: F811
    world.batch("a", [1])

    def cancel():
        (run,) = world.instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]))
        world.instance.report_run_canceling(run)

    die_once(place, monkeypatch, cancel)
    assert not world.run("numbers", "doubled", partition="a").success
    assert place.deleted == place.created and len(place.created) == 1


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


def test_prefixes_of_attempts_differ():
    job = Job("j", "m", task(), Needs())
    assert message_prefix(job, "one") != message_prefix(job, "two")
