"""Dagster's side of MLflow: links on the pages, one recording, and no training lost."""

import json
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa
import pytest

from livecc_assets.graph.settings import Settings
from livecc_assets.store.artifact import Artifact
from livecc_assets.store.manifest import Upstream
from livecc_assets.store.store import Store
from resources.mlflow import MLflow
from resources.tracking import Recorded, Tracker
from tests.resources.tracked import CURVE, models, runs

SCORE_TABLE = pa.schema(
    [("metric", pa.string()), ("subset", pa.string()), ("value", pa.float64()), ("low", pa.float64()), ("high", pa.float64()),
     ("n", pa.int32()), ("note", pa.string())]
)  # fmt: skip


def pin(artifact: Artifact) -> Upstream:
    manifest = artifact.manifest
    return Upstream(manifest.asset, manifest.partition, manifest.input_key, artifact.data_version)


def written(
    store: Store,
    asset: str,
    partition: str,
    upstream: list[Artifact],
    rows: list[dict] | None = None,
    metadata: Mapping[str, Any] | None = None,
    **files: Path,
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
    writer.metadata |= metadata or {}
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


def test_the_latencies_of_the_commentary_stand_beside_its_scores(
    settings: Settings, checkpoint: Artifact, tracker: Tracker, tmp_path: Path
) -> None:
    store = settings.store()
    events = written(store, "livesports_events", "all", [], weights=tmp_path / "weights")
    seen = {"latency_p50": 0.17, "latency_p95": 0.4, "latency_worst": 1.5, "real_time_factor": 0.31}
    about = seen | {"seconds_of_video": 90.0, "rule": "corrected", "positions": "train-consistent"}
    commentary = written(
        store,
        "livesports_commentary",
        "sample-streaming",
        [checkpoint, events],
        metadata=about,
        weights=tmp_path / "log",
    )
    row = {"metric": "event_f1", "subset": "all", "value": 61.0, "low": None, "high": None, "n": 40, "note": None}
    record(written(store, "livesports_cc_score", "sample-streaming", [commentary, events], [row]), settings)
    commented = record(commentary, settings)
    assert "mlflow_model" in commented
    [run] = runs(tracker)
    assert {key.removeprefix("livesports_commentary/"): value for key, value in run.data.metrics.items()} == seen | {
        "livesports_cc/event_f1": 61.0,
        "livesports_cc/event_f1/n": 40.0,
    }
    [model] = models(tracker)
    assert {metric.dataset_name for metric in model.metrics} == {"livesports_events[all]"}


def test_a_commentary_that_measured_nothing_is_not_recorded(
    settings: Settings, checkpoint: Artifact, tracker: Tracker, tmp_path: Path
) -> None:
    silent = written(
        settings.store(), "livesports_commentary", "a", [checkpoint], metadata={"rule": "x"}, weights=tmp_path / "log"
    )
    assert record(silent, settings) == {}
    assert tracker._connect().get_experiment_by_name(tracker.workspace) is None, "nothing was opened there"


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
