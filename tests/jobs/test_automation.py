"""A new batch is carried as far as the selections and no further; shown on the real graph with recorded events."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from jobs import conditions, sensors
from livecc_assets.definitions import defs
from livecc_assets.orchestration.declare import ERROR_SHARE
from livecc_assets.orchestration.partitions import DEFINITIONS
from livecc_assets.orchestration.steps import BATCH_ASSETS, BY_ASSET


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    monkeypatch.setenv("LIVECC_HOME", str(tmp_path))
    # Nothing is in the store here: every selection counts as one that a run would change.
    monkeypatch.setattr(conditions, "to_be_made", lambda step, partitions, *_: set(partitions))
    with dg.DagsterInstance.ephemeral() as made:
        yield made


class Daemon:
    """Evaluates the automation conditions tick by tick, and stands in for the runs that they ask for."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self.instance, self.cursor = instance, None

    def tick(self) -> set[tuple[str, str | None]]:
        result = dg.evaluate_automation_conditions(defs=defs, instance=self.instance, cursor=self.cursor)
        self.cursor = result.cursor
        found: set[tuple[str, str | None]] = set()
        for key in defs.resolve_asset_graph().get_all_asset_keys():
            found |= {(key.to_user_string(), partition) for partition in result.get_requested_partitions(key)}
        return found

    def made(self, asset: str, partition: str | None, version: str, passed: bool = True) -> None:
        """A run of the asset with nothing in it but its events: Dagster ties a check to the materialisation of its run."""
        partitions = DEFINITIONS[BY_ASSET[asset].partitioned_by]
        check = dg.AssetCheckSpec(ERROR_SHARE, asset=asset, blocking=True, partitions_def=partitions)

        @dg.asset(name=asset, partitions_def=partitions, check_specs=[check])
        def stand_in() -> dg.MaterializeResult:
            result = dg.AssetCheckResult(passed=passed)
            return dg.MaterializeResult(data_version=dg.DataVersion(version), check_results=[result])

        dg.materialize([stand_in], instance=self.instance, partition_key=partition, raise_on_error=False)

    def begin(self, batch: str, passed: bool = True) -> None:
        """What the first step of a batch's own run does."""
        self.instance.add_dynamic_partitions("source_batch", [batch])
        self.made("yt_cc_source", batch, f"yt_cc_source-{batch}-1", passed)

    def run_of(self, batch: str) -> dg.DagsterRun:
        """A run of all assets of a batch, which has begun."""
        job, tags = defs.resolve_job_def("curate"), {"dagster/partition": batch}
        return self.instance.create_run_for_job(job, tags=tags, status=dg.DagsterRunStatus.STARTED)

    def until_quiet(
        self, fail: set[tuple[str, str | None]] | None = None, version: str = "1"
    ) -> list[tuple[str, str | None]]:
        """Tick and make what is asked for (all but ``fail``) until nothing more is asked for."""
        order: list[tuple[str, str | None]] = []
        for _ in range(30):
            wanted = self.tick()
            if not wanted:
                return order
            for asset, partition in sorted(wanted, key=str):
                order.append((asset, partition))
                if (asset, partition) not in (fail or set()):
                    self.made(asset, partition, f"{asset}-{partition}-{version}")
        raise AssertionError(f"automation never came to rest: {order[-5:]}")


def test_a_new_batch_goes_as_far_as_the_selections_and_no_further(instance: dg.DagsterInstance) -> None:
    daemon = Daemon(instance)
    assert daemon.tick() == set(), "nothing is asked for before there is a batch"
    daemon.begin("a")
    asked = daemon.until_quiet()
    assert {asset for asset, _ in asked} == {*BATCH_ASSETS, "live_cc", "live_whisperx"} - {"yt_cc_source"}
    for asset, _ in asked:
        first = next(place for place, (name, _) in enumerate(asked) if name == asset)
        for upstream in BY_ASSET[asset].upstream:
            if upstream in BATCH_ASSETS[1:] and BY_ASSET[asset].partitioned_by == "batch":
                assert any(name == upstream for name, _ in asked[:first]), f"{asset} before {upstream}"


def test_a_batch_that_was_registered_is_left_to_its_own_run(instance: dg.DagsterInstance) -> None:
    daemon = Daemon(instance)
    daemon.tick()
    instance.add_dynamic_partitions("source_batch", ["a"])
    assert daemon.tick() == set()
    run = daemon.run_of("a")
    assert daemon.tick() == set()
    daemon.made("yt_cc_source", "a", "1")
    assert daemon.tick() == set(), "the run makes what is below it"
    instance.report_run_failed(run)
    assert {asset for asset, _ in daemon.tick()} >= {"caption_words", "spoken_words"}, "a crash is made up for"


@pytest.mark.live
def test_what_a_person_cancelled_stays_cancelled_until_it_is_run_again(instance: dg.DagsterInstance) -> None:
    daemon = Daemon(instance)
    daemon.tick()
    daemon.begin("other")
    daemon.until_quiet()
    instance.add_dynamic_partitions("source_batch", ["a"])
    run = daemon.run_of("a")
    daemon.made("yt_cc_source", "a", "1")
    daemon.tick()
    instance.report_run_canceling(run)
    instance.report_run_canceled(run)
    for _ in range(3):
        assert daemon.tick() == set()
    daemon.made("yt_cc_source", "other", "2")
    assert ("caption_words", "other") in daemon.tick(), "other batches are carried on"
    again = daemon.run_of("a")
    daemon.made("caption_words", "a", "1")
    assert not {one for one in daemon.tick() if one[1] == "a"}, "its own run makes the rest"
    instance.report_run_failed(again)
    assert ("caption_clips", "a") in daemon.tick(), "somebody wanted it after all"


def test_a_selection_that_a_run_would_not_change_is_not_asked_for(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    stands = {"live_whisperx"}
    monkeypatch.setattr(conditions, "to_be_made", lambda step, names, *_: set() if step.asset in stands else set(names))
    daemon = Daemon(instance)
    daemon.tick()
    daemon.begin("a")
    asked = {one for one in daemon.until_quiet() if one[0] not in BATCH_ASSETS}
    assert asked == {("live_cc", "sample")}


def test_a_step_that_ended_while_the_conditions_were_gone_through_is_not_asked_for_again(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    daemon = Daemon(instance)
    daemon.tick()
    daemon.begin("a")
    wanted = daemon.tick()
    assert ("caption_words", "a") in wanted
    daemon.made("caption_words", "a", "1")
    # Its run committed the clips a moment ago; to this tick of Dagster's they are missing and nobody makes them.
    monkeypatch.setattr(conditions, "to_be_made", lambda step, names, *_: set(names) - {"a"})
    assert ("caption_clips", "a") not in daemon.tick()


def test_what_nobody_started_by_hand_waits_behind_what_somebody_did() -> None:
    sensor = next(one for one in defs.sensors or () if one.name == "default_automation_condition_sensor")
    assert isinstance(sensor, dg.AutomationConditionSensorDefinition)
    assert int(sensor.run_tags["dagster/priority"]) < 0


def test_a_bad_batch_does_not_hold_up_the_other(instance: dg.DagsterInstance) -> None:
    daemon = Daemon(instance)
    daemon.tick()
    instance.add_dynamic_partitions("source_batch", ["bad"])  # its run failed, or has not begun
    daemon.begin("good")
    asked = daemon.until_quiet()
    assert {partition for asset, partition in asked if asset in BATCH_ASSETS[1:]} == {"good"}
    assert any(asset == "live_cc" for asset, _ in asked)


def test_a_batch_whose_blocking_check_failed_is_carried_on_once_it_passes(instance: dg.DagsterInstance) -> None:
    daemon = Daemon(instance)
    daemon.tick()
    daemon.begin("bad", passed=False)
    daemon.begin("good")
    asked = daemon.until_quiet()
    assert {partition for asset, partition in asked if asset in BATCH_ASSETS} == {"good"}
    assert any(asset == "live_cc" for asset, _ in asked)
    daemon.made("yt_cc_source", "bad", "2")
    assert ("caption_words", "bad") in daemon.tick()


def test_what_stood_before_a_failed_check_is_not_made_again(instance: dg.DagsterInstance) -> None:
    daemon = Daemon(instance)
    daemon.tick()
    daemon.begin("a")
    daemon.until_quiet()
    daemon.made("yt_cc_source", "a", "2", passed=False)
    assert {asset for asset, _ in daemon.tick()} & set(BATCH_ASSETS) == set()


def test_an_equal_rematerialisation_wakes_nobody_and_a_changed_one_does(instance: dg.DagsterInstance) -> None:
    daemon = Daemon(instance)
    daemon.tick()
    daemon.begin("a")
    daemon.until_quiet()
    daemon.made("yt_cc_source", "a", "yt_cc_source-a-1")
    assert daemon.tick() == set()
    daemon.made("yt_cc_source", "a", "yt_cc_source-a-2")
    assert ("caption_words", "a") in daemon.tick()


def test_no_asset_downstream_of_the_selections_has_a_condition() -> None:
    for key in defs.resolve_asset_graph().get_all_asset_keys():
        spec = defs.resolve_asset_graph().get(key)
        if spec.group_name in ("checkpoints", "scores", "instructions", "livesports"):
            assert spec.automation_condition is None, key


def test_without_an_inbox_the_sensor_says_how_to_set_one(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LIVECC_INBOX", raising=False)
    found = sensors.new_batches(dg.build_sensor_context(instance=instance, definitions=defs))
    assert isinstance(found, dg.SkipReason)
    assert "LIVECC_INBOX" in str(found.skip_message)
