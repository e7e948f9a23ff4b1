"""MLflow: one run per (experiment, stage), one model per checkpoint, scores tied to it, and no training lost."""

import json
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import dagster as dg
import pyarrow as pa
import pytest

from livecc_assets.core.errors import UserError
from livecc_assets.graph.settings import Settings
from livecc_assets.store.artifact import Artifact
from livecc_assets.store.manifest import Upstream
from livecc_assets.store.store import Store
from resources.mlflow import MLflow
from resources.tracking import Checkpoint, Dataset, Recorded, Score, Tracker, flatten, read_curve, server_command

CHECKPOINT = Checkpoint("sample-streaming", "instruct", "0123456789abcdef", "d" * 16, "/artefacts/livecc_instruct/x")
PARAMS = {"learning_rate": 5e-4, "video": {"fps": 2.0, "pixels": [1, 2]}, "init_model": "embedded:tiny-qwen2-vl"}
DATA = [Dataset("live_whisperx[sample]", "a" * 64, "/artefacts/live_whisperx/sample/k")]
EVENTS = Dataset("livesports_events[all]", "b" * 16, "/artefacts/livesports_events/all/k", "evaluation")
CURVE = [
    {"step": step, "time": 1_800_000_000 + step, "loss": 3.0 - step / 100, "phase": "train"} for step in range(120)
]
SCORES = [
    Score("win_rate", 61.0, low=55.0, high=67.0, n=40),
    Score("win_rate", 50.0, subset="football"),
    Score("position_gap", None),
    Score("event_f1", float("nan")),
]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty MLflow database; making one takes seconds, so tests copy it."""
    home = tmp_path_factory.mktemp("mlflow")
    Tracker.at(home, env={})._connect().search_experiments()
    return home / "mlflow.db"


@pytest.fixture
def tracker(database: Path, tmp_path: Path) -> Tracker:
    home = tmp_path / "home"
    home.mkdir()
    (home / "mlflow.db").write_bytes(database.read_bytes())
    return Tracker.at(home, env={})


def runs(tracker: Tracker) -> list:
    client = tracker._connect()
    return client.search_runs([client.get_experiment_by_name(tracker.workspace).experiment_id])


def models(tracker: Tracker) -> list:
    client = tracker._connect()
    return client.search_logged_models([client.get_experiment_by_name(tracker.workspace).experiment_id])


def train(tracker: Tracker, checkpoint: Checkpoint = CHECKPOINT) -> Recorded:
    return tracker.record_training(checkpoint, PARAMS, DATA, CURVE, "http://127.0.0.1:3000/runs/one")


def test_a_training_is_recorded_whole(tracker: Tracker) -> None:
    recorded = train(tracker)
    assert recorded.warning is None
    [run] = runs(tracker)
    assert run.info.run_name == "sample-streaming instruct"
    assert run.info.status == "FINISHED"
    assert run.data.params == flatten(PARAMS)
    history = tracker._connect().get_metric_history(run.info.run_id, "loss")
    assert [(point.step, point.value, point.timestamp) for point in sorted(history, key=lambda point: point.step)] == [
        (row["step"], row["loss"], row["time"] * 1000) for row in CURVE
    ]
    [dataset] = run.inputs.dataset_inputs
    assert dataset.dataset.name == "live_whisperx[sample]"
    assert json.loads(dataset.dataset.source)["data_version"] == "a" * 64
    assert run.data.tags["livecc.data_version"] == CHECKPOINT.data_version


def test_the_checkpoint_is_one_model_that_names_its_artifact(tracker: Tracker) -> None:
    recorded = train(tracker)
    [model] = models(tracker)
    assert model.model_id == recorded.model_id
    assert model.source_run_id == recorded.run_id
    assert model.status == "READY"
    assert model.params == flatten(PARAMS)
    assert model.tags["livecc.uri"] == CHECKPOINT.uri
    assert model.tags["livecc.data_version"] == CHECKPOINT.data_version


def test_links_go_both_ways(tracker: Tracker) -> None:
    recorded = train(tracker)
    [run] = runs(tracker)
    assert recorded.run_url == f"http://127.0.0.1:5000/#/experiments/{run.info.experiment_id}/runs/{run.info.run_id}"
    assert recorded.model_url is not None
    assert recorded.model_url.endswith(f"/models/{recorded.model_id}")
    assert run.data.tags["livecc.dagster_run"] == "http://127.0.0.1:3000/runs/one"
    assert "(http://127.0.0.1:3000/runs/one)" in run.data.tags["mlflow.note.content"]
    assert models(tracker)[0].tags["livecc.dagster_run"] == "http://127.0.0.1:3000/runs/one"


def test_recording_again_adds_nothing(tracker: Tracker) -> None:
    first = train(tracker)
    tracker.record_scores(CHECKPOINT, "livesports_cc", SCORES, EVENTS)
    again = train(Tracker(tracker.uri, tracker.artifacts, ui=tracker.ui))  # as a later process would
    tracker.record_scores(CHECKPOINT, "livesports_cc", SCORES, EVENTS)
    assert again == first
    assert len(runs(tracker)) == len(models(tracker)) == 1
    client = tracker._connect()
    assert len(client.get_metric_history(first.run_id, "loss")) == len(CURVE)
    assert len(client.get_metric_history(first.run_id, "livesports_cc/win_rate")) == 1


def test_another_stage_experiment_or_key_is_another_run(tracker: Tracker) -> None:
    others = [
        replace(CHECKPOINT, stage="base"),
        replace(CHECKPOINT, experiment="sample-blind"),
        replace(CHECKPOINT, input_key="f" * 16),
    ]
    ids = {tracker.record_training(each, {}).run_id for each in [CHECKPOINT, *others]}
    assert len(ids) == 4
    assert len({model.model_id for model in models(tracker)}) == 4


def test_scores_are_metrics_of_the_model_on_the_dataset(tracker: Tracker) -> None:
    train(tracker)
    recorded = tracker.record_scores(CHECKPOINT, "livesports_cc", SCORES, EVENTS)
    assert recorded.warning is None
    [model] = models(tracker)
    assert {metric.key: (metric.value, metric.dataset_name) for metric in model.metrics} == {
        "livesports_cc/win_rate": (61.0, EVENTS.name),
        "livesports_cc/win_rate/low": (55.0, EVENTS.name),
        "livesports_cc/win_rate/high": (67.0, EVENTS.name),
        "livesports_cc/win_rate/n": (40.0, EVENTS.name),
        "livesports_cc/win_rate/football": (50.0, EVENTS.name),
    }
    [run] = runs(tracker)
    assert run.data.metrics["livesports_cc/win_rate"] == 61.0  # and beside the curve on the run's own page


def test_a_new_judgement_replaces_the_score_and_keeps_the_old_in_its_history(tracker: Tracker) -> None:
    tracker.record_scores(CHECKPOINT, "livesports_cc", SCORES)
    recorded = tracker.record_scores(CHECKPOINT, "livesports_cc", [Score("win_rate", 70.0)])
    [run] = runs(tracker)
    assert run.data.metrics["livesports_cc/win_rate"] == 70.0
    assert len(tracker._connect().get_metric_history(recorded.run_id, "livesports_cc/win_rate")) == 2


def test_experiments_stand_side_by_side(tracker: Tracker) -> None:
    values = {"sample-streaming": 60.0, "sample-blind": 20.0, "sample-no-context": 55.0}
    for name, value in values.items():
        checkpoint = replace(CHECKPOINT, experiment=name)
        train(tracker, checkpoint)
        tracker.record_scores(checkpoint, "livesports_cc", [Score("event_f1", value)], EVENTS)
    shown = {model.name: {metric.key: metric.value for metric in model.metrics} for model in models(tracker)}
    assert shown == {f"{name}-instruct": {"livesports_cc/event_f1": value} for name, value in values.items()}
    assert {run.info.run_name: run.data.metrics["livesports_cc/event_f1"] for run in runs(tracker)} == {
        f"{name} instruct": value for name, value in values.items()
    }


def test_scores_recorded_before_their_training_end_in_the_same_run(tracker: Tracker) -> None:
    """The server was away during the training and came back for the evaluation."""
    scored = tracker.record_scores(CHECKPOINT, "livesports_cc", SCORES)
    trained = train(tracker)
    assert (trained.run_id, trained.model_id) == (scored.run_id, scored.model_id)
    assert models(tracker)[0].params == flatten(PARAMS)


def test_processes_that_record_at_once_make_one_run(tracker: Tracker) -> None:
    def record(_: int) -> Recorded:
        return Tracker(tracker.uri, tracker.artifacts).record_training(CHECKPOINT, PARAMS)

    with ThreadPoolExecutor(4) as pool:
        recorded = list(pool.map(record, range(4)))
    assert [each.warning for each in recorded] == [None] * 4
    assert len({each.run_id for each in recorded}) == len(runs(tracker)) == 1


class _Failing(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/health" else 500)
        self.end_headers()

    do_POST = do_GET  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        return


@pytest.fixture
def failing_server() -> Iterator[str]:
    """A tracking server that is up and answers every question with an error."""
    server = HTTPServer(("127.0.0.1", 0), _Failing)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def test_a_server_that_is_down_costs_seconds_and_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    started = time.monotonic()
    recorded = train(Tracker(f"http://user:secret@127.0.0.1:{port}"))
    assert time.monotonic() - started < 60
    assert recorded.run_id is None
    assert recorded.warning is not None
    assert "did not take the record" in caplog.text
    assert "secret" not in caplog.text


def test_a_server_that_accepts_and_is_silent_costs_seconds() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        started = time.monotonic()
        recorded = train(Tracker(f"http://127.0.0.1:{silent.getsockname()[1]}"))
        assert time.monotonic() - started < 60
    assert recorded.warning is not None
    assert "no answer" in recorded.warning


def test_a_server_that_fails_costs_a_bounded_time(failing_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "MLFLOW_HTTP_REQUEST_TIMEOUT"):
        monkeypatch.delenv(name, raising=False)
    started = time.monotonic()
    recorded = train(Tracker(failing_server))
    assert time.monotonic() - started < 180
    assert recorded.warning is not None


def test_a_damaged_database_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_text("this is not a database")
    recorded = train(Tracker.at(tmp_path, env={}))
    assert recorded.warning is not None
    assert "not a database" in recorded.warning


def test_the_tracking_uri_of_the_environment_wins(tmp_path: Path) -> None:
    assert Tracker.at(tmp_path, env={}).uri == f"sqlite:///{tmp_path.resolve()}/mlflow.db"
    served = Tracker.at(tmp_path, env={"MLFLOW_TRACKING_URI": "http://tracking:5000"})
    assert (served.uri, served.ui, served.artifacts) == ("http://tracking:5000", "http://tracking:5000", None)


def test_hyper_parameters_are_flattened_to_names_mlflow_takes() -> None:
    flat = flatten(
        {"a": {"b": {"c": 1}, "empty": {}}, "list": [1, "x"], "none": None, "text": "as is", "odd:key": True}
    )
    assert flat == {
        "a.b.c": "1",
        "a.empty": "{}",
        "list": '[1, "x"]',
        "none": "null",
        "text": "as is",
        "odd_key": "true",
    }


def test_a_half_written_last_line_of_a_curve_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "training_log.jsonl"
    path.write_text('{"step": 1, "loss": 2.0}\n\n{"loss": 1.0}\n{"step": 2, "lo')
    assert list(read_curve(path)) == [{"step": 1, "loss": 2.0}]
    path.write_text('{"step": 1\n{"step": 2}\n')
    with pytest.raises(UserError, match="line 1"):
        list(read_curve(path))


def test_the_server_command_serves_this_home_without_pickles_and_jobs(tmp_path: Path) -> None:
    command = server_command(tmp_path, 5123)
    assert f"sqlite:///{tmp_path.resolve()}/mlflow.db" in command.argv
    assert command.argv[command.argv.index("--port") + 1] == "5123"
    assert command.env["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] == "false"
    assert command.env["MLFLOW_ALLOW_PICKLE_DESERIALIZATION"] == "false"


# -- Dagster's side ---------------------------------------------------------------------------------------------------

SCORE_TABLE = pa.schema(
    [("metric", pa.string()), ("subset", pa.string()), ("value", pa.float64()), ("low", pa.float64()), ("high", pa.float64()),
     ("n", pa.int32()), ("note", pa.string())]
)  # fmt: skip


def pin(artifact: Artifact) -> Upstream:
    manifest = artifact.manifest
    return Upstream(manifest.asset, manifest.partition, manifest.input_key, artifact.data_version)


def written(
    store: Store, asset: str, partition: str, upstream: list[Artifact], rows: list[dict] | None = None, **files: Path
) -> Artifact:
    """An artifact as a step would leave it."""
    schema = SCORE_TABLE if rows is not None else None
    writer = store.write(
        asset,
        partition,
        "key",
        schema,
        code_version="1",
        config={"learning_rate": 0.1},
        upstream=[pin(one) for one in upstream],
    )
    for row in rows or []:
        writer.add(row)
    for name, path in files.items():
        writer.add_file(path, name.replace("__", "."))
    writer.commit()
    found = store.at(store.place(asset, partition, "key"))
    assert found is not None
    return found


@pytest.fixture
def settings(tracker: Tracker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return Settings(tmp_path / "home", str(tmp_path / "artefacts"), tmp_path / "no-profile.yaml")


@pytest.fixture
def checkpoint(settings: Settings, tmp_path: Path) -> Artifact:
    store = settings.store()
    (tmp_path / "log").write_text("\n".join(json.dumps(row) for row in CURVE))
    (tmp_path / "weights").write_bytes(b"weights")
    selected = written(store, "live_whisperx", "sample", [], weights=tmp_path / "weights")
    return written(store, "livecc_instruct", "shared", [selected], training_log__jsonl=tmp_path / "log")


def record(
    artifact: Artifact, settings: Settings, experiment: str = "sample-streaming"
) -> Mapping[str, dg.MetadataValue]:
    """Record inside a real Dagster run, which a link back needs; the metadata of its materialisation."""

    @dg.asset
    def recorded(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        return dg.MaterializeResult(metadata=MLflow().record(context, artifact, experiment, settings, settings.store()))

    [materialisation] = dg.materialize([recorded]).asset_materializations_for_node("recorded")
    return materialisation.metadata


def test_a_checkpoint_asset_gets_links_and_its_run_gets_curve_and_data(
    settings: Settings, checkpoint: Artifact, tracker: Tracker
) -> None:
    metadata = record(checkpoint, settings)
    assert isinstance(metadata["mlflow_run"], dg.UrlMetadataValue)
    assert isinstance(metadata["mlflow_model"], dg.UrlMetadataValue)
    [run] = runs(tracker)
    assert run.data.params == {"learning_rate": "0.1"}
    assert run.data.metrics["loss"] == pytest.approx(CURVE[-1]["loss"])
    assert [each.dataset.name for each in run.inputs.dataset_inputs] == ["live_whisperx[sample]"]


def test_a_score_finds_the_checkpoint_it_was_measured_on(
    settings: Settings, checkpoint: Artifact, tracker: Tracker, tmp_path: Path
) -> None:
    store = settings.store()
    events = written(store, "livesports_events", "all", [], weights=tmp_path / "weights")
    commentary = written(
        store, "livesports_commentary", "sample-streaming", [checkpoint, events], weights=tmp_path / "weights"
    )
    row = {"metric": "event_f1", "subset": "all", "value": 61.0, "low": None, "high": None, "n": 40, "note": None}
    score = written(
        store,
        "livesports_cc_score",
        "sample-streaming",
        [commentary, events],
        [row, row | {"value": None, "metric": "gap"}],
    )
    trained = record(checkpoint, settings)
    scored = record(score, settings)
    assert scored["mlflow_model"] == trained["mlflow_model"]
    [model] = models(tracker)
    assert {(metric.key, metric.value, metric.dataset_name) for metric in model.metrics} == {
        ("livesports_cc/event_f1", 61.0, "livesports_events[all]"),
        ("livesports_cc/event_f1/n", 40.0, "livesports_events[all]"),
    }


def test_experiments_that_share_a_checkpoint_have_a_run_each(
    settings: Settings, checkpoint: Artifact, tracker: Tracker
) -> None:
    record(checkpoint, settings, "sample-streaming")
    record(checkpoint, settings, "sample-no-context")
    assert {run.info.run_name for run in runs(tracker)} == {"sample-streaming instruct", "sample-no-context instruct"}


def test_a_no_op_asks_no_server(settings: Settings, checkpoint: Artifact, monkeypatch: pytest.MonkeyPatch) -> None:
    first = record(checkpoint, settings)
    monkeypatch.setattr(Tracker, "record_training", lambda *_, **__: pytest.fail("MLflow was asked"))
    assert record(checkpoint, settings) == first


def test_what_was_missed_is_recorded_when_the_server_is_back(
    settings: Settings, checkpoint: Artifact, tracker: Tracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{port}")
    away = record(checkpoint, settings)
    assert set(away) == {"mlflow_warning"}
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    assert "mlflow_run" in record(checkpoint, settings)
    assert len(runs(tracker)) == 1


def test_a_deleted_database_is_filled_again(
    settings: Settings, checkpoint: Artifact, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(checkpoint, settings)
    (settings.home / "mlflow.db").unlink()
    anew = Recorded("a-new-run", "a-new-model", "http://127.0.0.1:5000/new")
    monkeypatch.setattr(Tracker, "record_training", lambda *_, **__: anew)
    assert record(checkpoint, settings)["mlflow_run"] == dg.MetadataValue.url("http://127.0.0.1:5000/new")


def test_other_assets_are_not_recorded(settings: Settings, tmp_path: Path, checkpoint: Artifact) -> None:
    other = written(settings.store(), "caption_clips", "one", [], weights=tmp_path / "weights")
    assert record(other, settings) == {}
