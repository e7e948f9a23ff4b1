"""A failed run waits for a webhook that is away; shown by ticks of the sensor on a real instance."""

import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from jobs import notify, webhook
from jobs.notify import notify_failures
from livecc_assets.definitions import defs
from tests.jobs.code_server import persistent_instance


class Service:
    """Takes documents; those of the runs in ``errors``, or of all while ``error`` is set, it does not."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.errors = dict[str, Exception]()
        self.told = list[str]()

    def post(self, url: str, document: dict) -> None:
        if error := self.error or self.errors.get(document["run_id"]):
            raise error
        self.told.append(document["run_id"])


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Service:
    made = Service()
    monkeypatch.setattr(notify, "post", made.post)
    monkeypatch.setenv("LIVECC_WEBHOOK_URL", "https://hooks.example.com/services/T0/s3cr3t-path")
    return made


class Sensor:
    """The sensor as the daemon ticks it: a tick that raises leaves the cursor where it was."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self.instance, self.cursor = instance, None
        self.tick()  # the first only notes where the log ends

    def tick(self) -> str:
        """The tick's error, or the empty string."""
        context = dg.SensorEvaluationContext(
            self.instance.get_ref(), None, None, self.cursor, None, None, defs.get_repository_def(), sensor_name="s"
        )
        with context:
            try:
                found = notify_failures.evaluate_tick(context)
            except dg.DagsterError as error:
                return str(error)
        self.cursor = found.cursor
        return "".join(one.error.to_string() for one in found.dagster_run_reactions or [] if one.error)


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    with persistent_instance(tmp_path) as made:
        yield made


def _failed_run(instance: dg.DagsterInstance) -> str:
    run = dg.DagsterRun(job_name="curate", status=dg.DagsterRunStatus.STARTED)
    instance.run_storage.add_run(run)
    instance.report_run_failed(run)
    return run.run_id


def test_a_failure_during_an_outage_is_told_when_the_webhook_is_back(
    instance: dg.DagsterInstance, service: Service
) -> None:
    sensor = Sensor(instance)
    first, second = _failed_run(instance), _failed_run(instance)
    service.error = webhook.AwayError("the webhook answered 503")
    for _ in range(3):
        said = sensor.tick()
        assert "answered 503" in said
        assert first in said
    service.error = None
    assert [sensor.tick(), sensor.tick(), sensor.tick()] == ["", "", ""]
    assert service.told == [first, second]


def test_what_the_webhook_says_when_it_is_away_holds_the_run(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIVECC_WEBHOOK_URL", "http://127.0.0.1:9/services/T0/s3cr3t-path")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(webhook, "PAUSE", 0)
    sensor = Sensor(instance)
    run = _failed_run(instance)
    for said in (sensor.tick(), sensor.tick()):
        assert "gave no answer (ConnectionRefusedError), 3 times; is the service up?" in said
        assert run in said


def test_a_failure_that_nobody_would_hear_for_a_day_makes_way_for_the_next(
    instance: dg.DagsterInstance, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    sensor = Sensor(instance)
    first, second = _failed_run(instance), _failed_run(instance)
    service.errors[first] = webhook.AwayError("the webhook answered 500")
    assert "later tick" in sensor.tick()
    late = time.time() + notify.KEPT_SECONDS
    monkeypatch.setattr(notify.time, "time", lambda: late)
    assert [sensor.tick(), sensor.tick()] == ["", ""]
    assert service.told == [second]


def test_what_the_service_refuses_holds_up_no_other(instance: dg.DagsterInstance, service: Service) -> None:
    sensor = Sensor(instance)
    first, second = _failed_run(instance), _failed_run(instance)
    service.errors[first] = webhook.WebhookError("the webhook answered 400")
    assert "answered 400" in sensor.tick()
    assert sensor.tick() == ""
    assert service.told == [second]
