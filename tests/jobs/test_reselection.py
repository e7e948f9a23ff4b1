"""When the last batch of a re-curation has ended, however it ended, the selections follow: once, and again if it must be."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from jobs import reselection
from jobs.schedules import TICK
from tests.jobs.code_server import MONDAY, persistent_instance, sensor_tick

WEEK = MONDAY.isoformat()
ENDS = {
    dg.DagsterRunStatus.SUCCESS: dg.DagsterEventType.RUN_SUCCESS,
    dg.DagsterRunStatus.FAILURE: dg.DagsterEventType.RUN_FAILURE,
    dg.DagsterRunStatus.CANCELED: dg.DagsterEventType.RUN_CANCELED,
}


class Daemon:
    """An instance with runs of a re-curation, and the ticks of the sensor on it."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self.instance, self.cursor, self.said = instance, None, None

    def run(self, job: str = "curate", tick: str | None = WEEK) -> dg.DagsterRun:
        tags = {TICK: tick} if tick else {}
        made = dg.DagsterRun(job_name=job, tags=tags, status=dg.DagsterRunStatus.STARTED)
        self.instance.run_storage.add_run(made)
        return made

    def end(self, run: dg.DagsterRun, how: dg.DagsterRunStatus = dg.DagsterRunStatus.SUCCESS) -> None:
        time.sleep(0.002)  # ends are told apart by their time
        self.instance.report_dagster_event(dg.DagsterEvent(ENDS[how].value, run.job_name), run.run_id)
        assert self.instance.get_run_by_id(run.run_id).status == how  # type: ignore[union-attr]

    def tick(self) -> list[dg.RunRequest]:
        found = sensor_tick(self.instance, "select_after_recurate", self.cursor)
        self.cursor, self.said = found.cursor, found.skip_message
        return list(found.run_requests or [])


@pytest.fixture
def daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Daemon]:
    monkeypatch.setenv("LIVECC_HOME", str(tmp_path))
    with persistent_instance(tmp_path) as instance:
        made = Daemon(instance)
        assert made.tick() == []
        yield made


@pytest.mark.parametrize("how", ENDS)
def test_the_last_batch_of_a_recuration_wakes_the_selections_however_it_ended(
    daemon: Daemon, how: dg.DagsterRunStatus
) -> None:
    first, last = daemon.run(), daemon.run()
    daemon.end(first)
    assert daemon.tick() == []
    assert daemon.said == "1 batches of the re-curation are still running"
    daemon.end(last, how)
    (asked,) = daemon.tick()
    assert (asked.job_name, asked.partition_key, asked.tags[TICK]) == ("select", "sample", WEEK)
    assert daemon.tick() == []


@pytest.mark.parametrize("how", ENDS)
def test_a_recuration_of_one_batch_is_over_when_that_has_ended(daemon: Daemon, how: dg.DagsterRunStatus) -> None:
    daemon.end(daemon.run(), how)
    assert len(daemon.tick()) == 1


def test_batches_that_end_together_wake_the_selections_once(daemon: Daemon) -> None:
    for run in [daemon.run() for _ in range(4)]:
        daemon.end(run, dg.DagsterRunStatus.SUCCESS if run.run_id < "8" else dg.DagsterRunStatus.FAILURE)
    assert len(daemon.tick()) == 1
    assert daemon.tick() == []


def test_a_batch_that_is_run_again_wakes_the_selections_again(daemon: Daemon) -> None:
    daemon.end(daemon.run(), dg.DagsterRunStatus.FAILURE)
    (before,) = daemon.tick()
    again = daemon.run()
    assert daemon.tick() == []
    daemon.end(again)
    (after,) = daemon.tick()
    assert after.run_key != before.run_key, "Dagster would take it for the one that it has started"
    assert daemon.tick() == []


def test_a_tick_that_was_lost_asks_for_the_same_runs_again(daemon: Daemon) -> None:
    daemon.end(daemon.run())
    kept = daemon.cursor
    (first,) = daemon.tick()
    daemon.cursor = kept
    (second,) = daemon.tick()
    assert first.run_key == second.run_key, "or the selection would be made twice"


def test_two_runs_never_make_selections_at_the_same_time(daemon: Daemon) -> None:
    daemon.end(daemon.run())
    assert len(daemon.tick()) == 1
    selecting = daemon.run("select")
    daemon.end(daemon.run())
    assert daemon.tick() == []
    assert daemon.said == "1 selections of a re-curation are still being made"
    daemon.end(selecting)
    assert len(daemon.tick()) == 1


def test_two_recurations_that_ended_meanwhile_ask_for_a_selection_once(daemon: Daemon) -> None:
    earlier = "2026-11-16T03:00:00+00:00"
    daemon.end(daemon.run(tick=earlier))
    daemon.end(daemon.run())
    assert [asked.tags[TICK] for asked in daemon.tick()] == [WEEK]
    assert daemon.tick() == []


def test_one_recuration_does_not_wait_for_the_end_of_another(daemon: Daemon) -> None:
    daemon.run(tick="2026-11-30T03:00:00+00:00")
    daemon.end(daemon.run())
    assert [asked.tags[TICK] for asked in daemon.tick()] == [WEEK]


def test_runs_that_people_start_wake_nobody(daemon: Daemon) -> None:
    daemon.end(daemon.run(tick=None))
    daemon.end(daemon.run("select"))
    assert daemon.tick() == []
    assert "no batch of a re-curation has ended" in str(daemon.said)


def test_only_the_newest_recurations_are_watched(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reselection, "WATCHED", 2)
    weeks = [f"2026-11-{day:02}T03:00:00+00:00" for day in (2, 9, 16)]
    for week in weeks:
        daemon.end(daemon.run(tick=week))
    assert len(daemon.tick()) == 1
    assert set(json.loads(daemon.cursor or "")["followed"]) == set(weeks[1:])
    daemon.end(daemon.run(tick=weeks[0]))
    assert daemon.tick() == []


@pytest.mark.parametrize(
    "cursor",
    [
        None,
        '{"__class__": "RunStatusSensorCursor", "record_id": 7, "record_timestamp": null, "update_timestamp": null}',
    ],
    ids=["none", "of the sensor's earlier form"],
)
def test_a_sensor_that_is_switched_on_leaves_alone_what_has_ended_by_then(daemon: Daemon, cursor: str | None) -> None:
    daemon.end(daemon.run())
    going_on = daemon.run()
    daemon.cursor = cursor
    assert daemon.tick() == []
    assert "left to reselect" in str(daemon.said)
    daemon.end(going_on)
    assert len(daemon.tick()) == 1
