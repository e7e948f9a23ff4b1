"""Launchers are Dagster's Pipes clients: an asset of somebody else dispatches a worker and returns what it reported."""

from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from resources.launchers import Launcher, Needs, make_launcher
from resources.launchers.docker import DockerLauncher
from resources.launchers.kubernetes import KubernetesLauncher
from resources.launchers.local import LocalLauncher
from resources.launchers.status import Status
from resources.launchers.watchers import tag
from tests.resources.process_place import ProcessPlace
from tests.waiting import until

MODULE = "tests.resources.user_worker"


class Desk:
    """Somebody else's Dagster: one asset, its worker's options and the runs of it."""

    def __init__(self, folder: Path, launcher: Launcher) -> None:
        self.instance, self.launcher = dg.DagsterInstance.ephemeral(), launcher
        self.calls, self.gate = folder / "calls.txt", folder / "gate.txt"
        self.returned: list[dg.PipesClientCompletedInvocation] = []

    def asset(self, **options: Any) -> dg.AssetsDefinition:
        extras = {"calls": str(self.calls), "gate": str(self.gate)} | options.pop("extras", {})
        partitions = dg.StaticPartitionsDefinition(options.pop("partitions")) if "partitions" in options else None
        specs = [dg.AssetCheckSpec("sound", asset=["mine", "report"])] if options.pop("checked", True) else None

        @dg.asset(key=["mine", "report"], partitions_def=partitions, check_specs=specs)
        def report(context: dg.AssetExecutionContext, launcher: dg.ResourceParam[Launcher]) -> dg.MaterializeResult:
            self.returned.append(launcher.run(context=context, module=MODULE, extras=extras, **options))
            return self.returned[-1].get_materialize_result()

        return report

    def run(self, partition: str | None = None, **options: Any) -> dg.ExecuteInProcessResult:
        return dg.materialize(
            [self.asset(**options)],
            instance=self.instance,
            resources={"launcher": self.launcher},
            partition_key=partition,
            raise_on_error=False,
        )

    def logged(self, result: dg.ExecuteInProcessResult) -> str:
        return "\n".join(entry.user_message for entry in self.instance.all_logs(result.run_id))

    def started(self) -> list[str]:
        return self.calls.read_text().split() if self.calls.exists() else []


@pytest.fixture
def desk_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LIVECC_HOME", str(tmp_path / "home"))
    # A Pipes session whose worker did not say goodbye waits this many seconds for last words.
    monkeypatch.setattr("dagster._core.pipes.utils.WAIT_FOR_LOGS_AFTER_EXECUTION_INTERVAL", 0)
    return lambda launcher: Desk(tmp_path, launcher)


@pytest.fixture
def place(tmp_path: Path) -> ProcessPlace:
    return ProcessPlace(tmp_path / "place")


@pytest.fixture
def desk(desk_with, place: ProcessPlace) -> Desk:
    return desk_with(place)


def materialized(result: dg.ExecuteInProcessResult) -> dg.AssetMaterialization:
    (event,) = result.get_asset_materialization_events()
    return event.step_materialization_data.materialization


def checks(result: dg.ExecuteInProcessResult) -> list[tuple[str, bool]]:
    return [(one.check_name, one.passed) for one in result.get_asset_check_evaluations()]


def why(result: dg.ExecuteInProcessResult) -> str:
    (event,) = [event for event in result.all_events if event.is_step_failure]
    told = event.step_failure_data.user_failure_data
    assert told and told.description
    return told.description


@pytest.mark.parametrize("kind", [LocalLauncher, DockerLauncher, KubernetesLauncher])
def test_every_launcher_is_a_pipes_client_that_is_made_before_anything_is_connected(
    kind: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nobody/listens/here")
    monkeypatch.setenv("KUBECONFIG", "/no/such/kubeconfig")
    launcher = make_launcher({"kind": kind.__name__.removesuffix("Launcher").lower()})
    assert isinstance(launcher, kind) and isinstance(launcher, dg.PipesClient)


@pytest.mark.parametrize("where", ["local", "elsewhere"])
def test_what_a_worker_reports_is_what_the_asset_returns(where: str, desk_with, place: ProcessPlace) -> None:
    desk = desk_with(LocalLauncher() if where == "local" else place)
    result = desk.run(extras={"sound": False})
    assert result.success, why(result)
    made = materialized(result)
    assert made.asset_key == dg.AssetKey(["mine", "report"])
    assert (made.metadata["rows"].value, (made.tags or {})["dagster/data_version"]) == (3, "v1")
    assert checks(result) == [("sound", False)]
    assert list(desk.returned[0].get_custom_messages()) == [{"began": True}]
    if where == "elsewhere":
        (name,) = place.created
        assert made.metadata["livecc/worker"].value == f"process {name}"
        assert name.startswith("livecc-mine-report-") and place.deleted == [name]


def test_an_orchestrator_that_died_leaves_its_worker_to_the_next_run_which_hears_it_from_the_first_word(
    desk: Desk, place: ProcessPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.gate.touch()
    look = place.look
    dies_at_the_first_look(place, monkeypatch)
    assert not desk.run().success
    monkeypatch.setattr(place, "look", lambda job, found: desk.gate.unlink(missing_ok=True) or look(job, found))
    result = desk.run()
    assert result.success and "adopted process" in desk.logged(result)
    assert desk.started() == ["-"], "the work was not done twice"
    assert list(desk.returned[0].get_custom_messages()) == [{"began": True}]
    assert materialized(result).metadata["rows"].value == 3 and checks(result) == [("sound", True)]
    assert place.created == place.deleted and len(place.created) == 1


def dies_at_the_first_look(place: ProcessPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    def look(job: Any, found: Any) -> Status:
        raise KeyboardInterrupt

    monkeypatch.setattr(place, "look", look)


def test_a_worker_that_ended_well_while_nobody_watched_is_not_run_again(
    desk: Desk, place: ProcessPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = place.look
    dies_at_the_first_look(place, monkeypatch)
    assert not desk.run().success
    monkeypatch.setattr(place, "look", look)
    until(place.has_ended, 60, "the worker lives on")
    result = desk.run()
    assert result.success and "which had ended well" in desk.logged(result)
    assert materialized(result).metadata["rows"].value == 3
    assert desk.started() == ["-"]
    assert desk.run().success and desk.started() == ["-", "-"], "a result is taken once"


def test_a_worker_that_failed_while_nobody_watched_is_told_and_replaced(
    desk: Desk, place: ProcessPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = place.look
    dies_at_the_first_look(place, monkeypatch)
    assert not desk.run(extras={"trouble": "no such word"}, key="k").success
    monkeypatch.setattr(place, "look", look)
    until(place.has_ended, 60, "the worker lives on")
    result = desk.run(key="k")
    assert result.success and "had ended: The worker ended with exit code 1" in desk.logged(result)
    assert len(place.created) == 2


@pytest.mark.parametrize(
    "other",
    [{"key": "another"}, {"partition": "b"}, {"root": "elsewhere"}, {"asset": "theirs"}],
    ids=lambda other: next(iter(other)),
)
def test_a_worker_for_other_work_is_not_adopted(
    other: dict[str, str], desk: Desk, place: ProcessPlace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    desk.gate.touch()
    options: dict[str, Any] = {"key": "k", "root": str(tmp_path / "root"), "partitions": ["a", "b"]}
    look = place.look
    dies_at_the_first_look(place, monkeypatch)
    assert not desk.run("a", **options).success
    monkeypatch.setattr(place, "look", look)
    desk.gate.unlink()
    changed = other | ({"root": str(tmp_path / "elsewhere")} if "root" in other else {})
    result = desk.run(changed.pop("partition", "a"), **options | changed)
    assert result.success and "started process" in desk.logged(result)
    assert len(set(place.created)) == 2


def test_without_a_key_other_extras_are_other_work(desk: Desk, place: ProcessPlace) -> None:
    assert desk.run(extras={"version": "v1"}).success
    assert desk.run(extras={"version": "v2"}).success
    assert desk.run(extras={"version": "v2"}).success
    assert place.created[0] != place.created[1] == place.created[2]


def test_a_result_that_another_run_took_first_is_not_lost(
    desk: Desk, place: ProcessPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = place.look

    def after_another(job: Any, found: Any) -> Status:
        until(place.has_ended, 60, "the worker lives on")
        place.delete(found)
        return look(job, found)

    monkeypatch.setattr(place, "look", after_another)
    result = desk.run()
    assert result.success and "its messages are complete (it is gone)" in desk.logged(result)
    assert materialized(result).metadata["rows"].value == 3


def test_a_worker_that_was_taken_away_in_the_middle_is_a_failure(
    desk: Desk, place: ProcessPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.gate.touch()
    look = place.look

    def taken(job: Any, found: Any) -> Status:
        until(desk.started, 60, "the worker never began")
        place.delete(found)
        return look(job, found)

    monkeypatch.setattr(place, "look", taken)
    result = desk.run()
    assert not result.success and "it is gone" in why(result)


def test_a_result_that_stands_needs_no_worker(desk: Desk, place: ProcessPlace) -> None:
    result = desk.run(made=lambda: True, checked=False)
    assert result.success and "was made by another run's worker meanwhile" in desk.logged(result)
    assert materialized(result).metadata == {}
    assert place.created == []


@pytest.mark.parametrize("where", ["local", "elsewhere"])
def test_a_worker_that_fails_fails_the_asset_with_its_last_words(where: str, desk_with, place: ProcessPlace) -> None:
    desk = desk_with(LocalLauncher() if where == "local" else place)
    result = desk.run(extras={"trouble": "a telling reason"})
    assert not result.success
    assert why(result).startswith("mine/report: The worker ended with exit code 1")
    assert "a telling reason" in why(result)


def test_a_worker_of_this_machine_that_is_stuck_is_ended_at_its_time_limit_which_is_named(desk_with) -> None:
    desk = desk_with(LocalLauncher())
    desk.gate.touch()
    result = desk.run(needs=Needs(time_limit=1))
    assert why(result).startswith("mine/report: passed its time limit of 1 s; raise `time_limit` under `needs:`")


def test_a_cancelled_run_takes_the_worker_of_a_users_asset_along_unless_another_waits(
    desk: Desk, place: ProcessPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.gate.touch()
    others: list[dict[str, str]] = []

    def cancelled(job: Any, found: Any) -> Status:
        (run,) = desk.instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]))
        if not others:
            others.append({tag(found.name): found.attempt})
            desk.instance.add_run(
                dg.DagsterRun("other", "the-other", status=dg.DagsterRunStatus.NOT_STARTED, tags=others[0])
            )
        else:
            desk.instance.delete_run("the-other")
        desk.instance.report_run_canceling(run)
        raise dg.DagsterExecutionInterruptedError

    monkeypatch.setattr(place, "look", cancelled)
    assert not desk.run().success
    assert place.created and not place.deleted, "another run waits for it"
    assert not desk.run().success
    assert place.created == place.deleted and len(place.created) == 1


def test_needs_come_from_the_call_else_from_the_launchers_file(desk: Desk, place: ProcessPlace) -> None:
    file = {
        "kind": "local",
        "needs": {"default": {"cpus": 3}, "resources": {"memory": "9Gi"}, "mine/report": {"gpus": 2}},
    }
    place.needs_of = make_launcher(file).needs_of
    seen: list[Needs] = []
    place.check = lambda job: seen.append(job.needs)
    assert desk.run().success
    assert desk.run(needs=Needs(cpus=7)).success
    assert (seen[0].cpus, seen[0].memory, seen[0].gpus) == (3, "9Gi", 2)
    assert seen[1] == Needs(cpus=7)


def test_an_op_dispatches_a_worker_too(desk: Desk, place: ProcessPlace, tmp_path: Path) -> None:
    @dg.op
    def notify(context: dg.OpExecutionContext) -> None:
        done = place.run(context=context, module="tests.resources.op_worker", extras={"to": "you"})
        assert list(done.get_custom_messages()) == [{"told": "you"}]

    @dg.job
    def tell() -> None:
        notify()

    assert tell.execute_in_process(instance=desk.instance).success
    assert place.created[0].startswith("livecc-notify-")
