"""A tick of a sensor or schedule that fails while secrets are about keeps none of them: in its error, its log, its runs."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import boto3
import dagster as dg
import pytest
from botocore.config import Config

from livecc_assets.core import retry
from livecc_assets.graph.settings import load_settings
from tests.jobs.code_server import TickError, persistent_instance, schedule_tick, sensor_tick
from tests.security.searching import leaks, where

PASSWORD, KEY = "s3 pass/0123456789abcdef", "pl/anted+secret=access/key"
SECRETS = {"AWS_ENDPOINT_URL": PASSWORD, "AWS_SECRET_ACCESS_KEY": KEY}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The state folder of a deployment whose S3 is away; its address holds a password."""
    monkeypatch.setenv("LIVECC_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://someone:{quote(PASSWORD, safe='')}@127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "someone")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEY)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("LIVECC_ROOT", "s3://artefacts/livecc")
    monkeypatch.setenv("LIVECC_INBOX", "s3://videos/in")
    monkeypatch.setattr(retry, "PAUSES", ())
    real = boto3.client

    def hurried(*arguments, **options):
        options["config"] = options.get("config", Config()).merge(Config(retries={"total_max_attempts": 1}))
        return real(*arguments, **options)

    monkeypatch.setattr(boto3, "client", hurried)
    return tmp_path / "home"


@pytest.fixture
def instance(home: Path) -> Iterator[dg.DagsterInstance]:
    with persistent_instance(home) as made:
        yield made


def _watching(instance: dg.DagsterInstance) -> str:
    """The cursor of a sensor that sees the end of a re-curation."""
    run = dg.DagsterRun(job_name="curate", tags={"livecc/recurate": "2026-11-23"}, status=dg.DagsterRunStatus.STARTED)
    instance.run_storage.add_run(run)
    instance.report_run_failed(run)
    return '{"followed": {}}'


TICKS: dict[str, Callable[[dg.DagsterInstance], object]] = {
    "new_batches": lambda instance: sensor_tick(instance, "new_batches"),
    "select_after_recurate": lambda instance: sensor_tick(instance, "select_after_recurate", _watching(instance)),
    "recurate": lambda instance: schedule_tick(instance, "recurate"),
    "reselect": lambda instance: schedule_tick(instance, "reselect"),
}


@pytest.mark.parametrize("name", TICKS)
def test_the_error_of_a_tick_names_the_remedy_and_no_secret(
    name: str, instance: dg.DagsterInstance, home: Path
) -> None:
    with pytest.raises(TickError) as caught:
        TICKS[name](instance)
    said = str(caught.value)
    assert "nothing answers at http://[secret]@127.0.0.1:9" in said
    assert where(SECRETS.values(), [said.encode()]) == set()
    (home / "dagster" / "tick.txt").write_text(said)
    assert leaks(home, SECRETS) == []


def test_a_warning_of_a_tick_keeps_no_secret(
    instance: dg.DagsterInstance, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox = home / "inbox"
    (inbox / "drop").mkdir(parents=True)
    (inbox / "drop" / "v.mp4").write_bytes(b"1")
    monkeypatch.setenv("LIVECC_INBOX", str(inbox))
    monkeypatch.setenv("LIVECC_ROOT", str(home / "artefacts"))
    load_settings().store().claim()
    first = sensor_tick(instance, "new_batches")
    monkeypatch.setenv("LIVECC_INBOX_SETTLED", "0")
    # The name is taken by a batch whose address tells a secret, and the warning quotes it.
    (home / "artefacts" / "_batches").mkdir(parents=True)
    taken = {"uri": f"s3://me:{quote(PASSWORD, safe='')}@videos"}
    (home / "artefacts" / "_batches" / "drop.json").write_text(json.dumps(taken))
    sensor_tick(instance, "new_batches", first.cursor)
    (home / "artefacts" / "_batches" / "drop.json").unlink()
    kept = "".join(path.read_text() for path in (home / "dagster").rglob("*.err"))
    assert "drop of the inbox is passed over" in kept
    assert leaks(home, SECRETS) == []
