"""Secrets planted in the environment of a real run are found in nothing that the run leaves behind."""

import base64
import secrets as random
import sqlite3
from pathlib import Path
from urllib.parse import quote

import dagster as dg
import pytest

import resources.livecc
from livecc_assets.graph.settings import load_settings
from livecc_assets.orchestration import partitions
from livecc_assets.orchestration.declare import declare
from livecc_assets.orchestration.runs import open_instance
from resources import RESOURCES
from resources.tracking import Tracker
from tests.resources.process_place import ProcessPlace
from tests.security import planted_graph
from tests.security.searching import leaks

VARIABLES = (
    "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "OPENAI_API_KEY", "LIVECC_API_KEY", "HF_TOKEN", "POSTGRES_PASSWORD",
    "DAGSTER_PG_PASSWORD",
)  # fmt: skip


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment of a deployment, and what in it nobody else may read, by the variable's name."""
    found = {}
    for name in VARIABLES:
        found[name] = f"pl/{random.token_urlsafe(18)}+nt=d"
        monkeypatch.setenv(name, found[name])
    found["AWS_ENDPOINT_URL"] = "s3 pass/" + random.token_hex(8)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://someone:{quote(found['AWS_ENDPOINT_URL'], safe='')}@127.0.0.1:9")
    found["LIVECC_WEBHOOK_URL"] = random.token_hex(12)
    monkeypatch.setenv("LIVECC_WEBHOOK_URL", f"https://hooks.example.com/services/T0/{found['LIVECC_WEBHOOK_URL']}")
    return found


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """An empty MLflow database; making one takes seconds."""
    folder = tmp_path_factory.mktemp("mlflow")
    Tracker.at(folder, env={})._connect().search_experiments()
    return (folder / "mlflow.db").read_bytes()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: bytes) -> Path:
    folder, profile = tmp_path / "home", tmp_path / "toy.yaml"
    folder.mkdir()
    (folder / "mlflow.db").write_bytes(database)
    profile.write_text("name: toy\nerror_limit: 0.6\n")
    monkeypatch.setenv("LIVECC_HOME", str(folder))
    monkeypatch.setenv("DAGSTER_HOME", str(folder / "dagster"))
    monkeypatch.setenv("LIVECC_PROFILE", str(profile))
    monkeypatch.setenv("LIVECC_RETRIES", "0")  # the worker that fails would fail again
    for name in ("LIVECC_ROOT", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setitem(partitions.DEFINITIONS, "experiment", dg.StaticPartitionsDefinition(["small"]))
    (folder / "dagster").mkdir()
    (folder / "dagster" / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    return folder


def run_everything() -> list[bool]:
    """The batch, then the experiment, whose second stage fails; on the persistent instance of the state folder."""
    settings = load_settings()
    settings.store().register_batch("drop", {"uri": "/nowhere"})
    assets = [declare(step, planted_graph.STEPS) for step in planted_graph.STEPS.values()]
    ended = []
    with open_instance(settings) as instance:
        instance.add_dynamic_partitions("source_batch", ["drop"])
        for names, partition in ((["numbers"], "drop"), (["livecc_base", "livecc_instruct"], "small")):
            result = dg.materialize(
                assets,
                selection=names,
                partition_key=partition,
                instance=instance,
                resources=RESOURCES,
                raise_on_error=False,
            )
            ended.append(result.success)
    return ended


def test_a_run_with_a_failing_worker_keeps_no_secret(home: Path, planted: dict[str, str]) -> None:
    assert run_everything() == [True, False]
    store = load_settings().store()
    assert store.current("livecc_base", "small") is not None
    assert_recorded(home / "mlflow.db")
    said = event_log(home)
    assert "cannot go on with" in said and "connecting to http://" in said, "the log keeps what may be said"
    assert "AWS_SECRET_ACCESS_KEY" in said
    assert leaks(home, planted) == []


def test_a_run_with_workers_elsewhere_keeps_no_secret(
    home: Path, planted: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = ProcessPlace(tmp_path / "place")
    monkeypatch.setattr(resources.livecc, "make_launcher", lambda options: place)
    monkeypatch.setattr("dagster._core.pipes.utils.WAIT_FOR_LOGS_AFTER_EXECUTION_INTERVAL", 0)
    assert run_everything() == [True, False]
    kept = {path.name for path in (home / "artefacts" / "_messages").rglob("*") if path.is_file()}
    assert {"context.json", "log.txt", "messages-000001.json"} <= kept
    assert leaks(home, planted) == []


def test_the_search_finds_what_is_there(home: Path) -> None:
    secrets = {"plain": "a secret/with+signs==", "other": "never written down"}
    coded = base64.b64encode(b"user:" + secrets["plain"].encode() + b" and more").decode()
    (home / "coded.txt").write_text(f"Authorization: Basic {coded}")
    (home / "quoted.txt").write_text(f"http://x/?key={quote(secrets['plain'], safe='')}")
    with sqlite3.connect(home / "cells.db") as database:
        database.execute("create table t (body text)")
        database.execute("insert into t values (?)", ["x" * 4000 + secrets["plain"] + "x" * 9000])
    database.close()
    assert leaks(home, secrets) == ["plain in cells.db", "plain in coded.txt", "plain in quoted.txt"]


def event_log(home: Path) -> str:
    """Every event of every run as Dagster's database keeps it."""
    text = []
    for path in (home / "dagster").rglob("*.db"):
        with sqlite3.connect(path) as database:
            names = {name for (name,) in database.execute("select name from sqlite_master where type = 'table'")}
            if "event_logs" in names:
                text += [body for (body,) in database.execute("select event from event_logs")]
        database.close()
    return "\n".join(text)


def assert_recorded(path: Path) -> None:
    """The training is in MLflow's database, so that searching it means something."""
    with sqlite3.connect(path) as database:
        recorded = dict(database.execute("select key, value from params"))
    database.close()
    assert recorded["judge.api_key_env"] == "OPENAI_API_KEY"
