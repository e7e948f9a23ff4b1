"""Old runs go with their events and logs; what they made, and what a person cancelled, is remembered."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from jobs.conditions import _cancelled
from jobs.history import purge_runs
from livecc_assets.core.errors import UserError
from livecc_assets.orchestration import history
from livecc_assets.orchestration.history import old_runs, run_days

PARTITIONS = dg.DynamicPartitionsDefinition(name="toys")


@dg.asset(partitions_def=PARTITIONS)
def toy(context: dg.AssetExecutionContext) -> None:
    context.log.info("at work")
    if context.partition_key == "bad":
        raise ValueError("no")


@dg.asset
def alone() -> None: ...


@dg.job
def chores() -> None: ...


def with_partitions(instance: dg.DagsterInstance) -> dg.DagsterInstance:
    instance.add_dynamic_partitions("toys", ["a", "b", "bad"])
    return instance


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield with_partitions(made)


@pytest.fixture
def on_disk(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """As people have it: SQLite files, and logs beside them."""
    quiet = {"telemetry": {"enabled": False}}
    with dg.DagsterInstance.local_temp(str(tmp_path), overrides=quiet) as made:
        yield with_partitions(made)


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred days after."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + timedelta(days=100)

    monkeypatch.setattr(history, "datetime", Clock)


def made(instance: dg.DagsterInstance, partition: str | None = "a") -> str:
    asset = toy if partition else alone
    return dg.materialize([asset], instance=instance, partition_key=partition, raise_on_error=False).run_id


def left(instance: dg.DagsterInstance) -> set[str]:
    return {run.run_id for run in instance.get_runs()}


@pytest.mark.usefixtures("later")
def test_a_run_whose_partition_was_made_again_goes_with_its_events_and_files(
    on_disk: dg.DagsterInstance, tmp_path: Path
) -> None:
    old, new = made(on_disk), made(on_disk)
    assert {path.suffix for path in tmp_path.rglob(f"*{old}*")} == {"", ".db"}
    assert [run.run_id for run in old_runs(on_disk, 90, delete=True)] == [old]
    assert left(on_disk) == {new}
    assert not list(tmp_path.rglob(f"*{old}*")) and list(tmp_path.rglob(f"*{new}*"))
    assert on_disk.get_materialized_partitions(toy.key) == {"a"}


@pytest.mark.usefixtures("later")
def test_a_run_that_last_made_something_stays_whatever_its_age(instance: dg.DagsterInstance) -> None:
    kept = {made(instance, "a"), made(instance, "b"), made(instance, None)}
    assert not list(old_runs(instance, 90, delete=True))
    assert left(instance) == kept


@pytest.mark.usefixtures("later")
def test_the_last_failure_stays_and_those_before_it_go(instance: dg.DagsterInstance) -> None:
    first, last = made(instance, "bad"), made(instance, "bad")
    assert [run.run_id for run in old_runs(instance, 90, delete=True)] == [first]
    assert left(instance) == {last}


@pytest.mark.usefixtures("later")
def test_what_a_person_cancelled_stays_cancelled(instance: dg.DagsterInstance) -> None:
    job = dg.Definitions(assets=[toy], jobs=[dg.define_asset_job("toys", [toy])]).resolve_job_def("toys")
    tags = {"dagster/partition": "a"}
    run = instance.create_run_for_job(job, tags=tags, status=dg.DagsterRunStatus.STARTED)
    instance.report_run_canceled(run)
    assert _cancelled(instance, toy.key) == {"a"}
    assert not list(old_runs(instance, 90, delete=True))
    assert _cancelled(instance, toy.key) == {"a"}


def test_young_runs_and_those_that_go_on_stay(instance: dg.DagsterInstance) -> None:
    runs = {made(instance), made(instance)}
    assert not list(old_runs(instance, 1, delete=True)) and left(instance) == runs


@pytest.mark.usefixtures("later")
def test_a_run_that_has_yet_to_end_stays_and_one_without_assets_goes(instance: dg.DagsterInstance) -> None:
    goes_on = instance.create_run_for_job(chores, status=dg.DagsterRunStatus.STARTED).run_id
    over = chores.execute_in_process(instance=instance).run_id
    assert [run.run_id for run in old_runs(instance, 90, delete=True)] == [over]
    assert left(instance) == {goes_on}


@pytest.mark.usefixtures("later")
def test_without_delete_they_are_only_named(instance: dg.DagsterInstance) -> None:
    old, new = made(instance), made(instance)
    assert [(run.run_id, run.ended.date()) for run in old_runs(instance, 90)] == [(old, datetime.now(UTC).date())]
    assert left(instance) == {old, new}


@pytest.mark.usefixtures("later")
def test_more_runs_than_a_page_holds_all_go(instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "_PAGE", 2)
    runs = [made(instance) for _ in range(6)]
    assert {run.run_id for run in old_runs(instance, 90, delete=True)} == set(runs[:-1])


@pytest.mark.usefixtures("later")
def test_the_job_deletes_them_and_says_how_many(instance: dg.DagsterInstance) -> None:
    for _ in range(2):
        made(instance)
    result = purge_runs.execute_in_process(instance=instance)
    assert "1 runs of over 90 days deleted" in [entry.user_message for entry in instance.all_logs(result.run_id)]


@pytest.mark.parametrize("said", ["0", "-1", "soon", "1.5", "99999", "９０"])
def test_a_number_of_days_that_is_none_is_one_line(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVECC_RUN_DAYS", said)
    with pytest.raises(UserError, match=f"LIVECC_RUN_DAYS={said}: write after how many days"):
        run_days()
