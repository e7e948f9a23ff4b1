"""Dagster's side of MLflow: checkpoints, scores and latencies are recorded as they are materialised, with links both ways."""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import dagster as dg

from livecc_assets.graph.settings import Settings
from livecc_assets.store.artifact import Artifact
from livecc_assets.store.manifest import Upstream
from livecc_assets.store.store import Store
from resources.tracking import WORKSPACE, Checkpoint, Dataset, Recorded, Score, Tracker

#: Assets that are trainings, and the name of their stage in MLflow.
STAGES = {"livecc_base": "base", "livecc_instruct": "instruct"}
SCORE_SUFFIX = "_score"
#: Assets whose metadata hold measurements of the model, and which of them become metrics beside its scores (method 3.7).
MEASURED = {"livesports_commentary": ("latency_p50", "latency_p95", "latency_worst", "real_time_factor")}
#: File of a checkpoint artifact that holds one JSON object per logged step.
CURVE = "training_log.jsonl"
DAGSTER_UI = "http://127.0.0.1:3000"
_QUESTIONS = ("livesports_questions", "livesports_events")


class MLflow(dg.ConfigurableResource):
    """Records trainings and scores; see ``resources.tracking`` for what becomes what.

    A server that is away fails no step: the metadata then carry ``mlflow_warning``, and materialising the asset again
    (a no-op for the artifact) records what was missed. What was recorded once is remembered under
    ``LIVECC_HOME/mlflow-recorded``, so that a no-op asks no server.
    """

    workspace: str = WORKSPACE
    dagster_url: str = ""

    def record(
        self, context: dg.AssetExecutionContext, artifact: Artifact, experiment: str, settings: Settings, store: Store
    ) -> dict[str, dg.MetadataValue]:
        """Record one materialisation of ``experiment``; metadata for its page, empty for other kinds of asset."""
        asset = artifact.asset
        if asset not in STAGES and asset not in MEASURED and not asset.endswith(SCORE_SUFFIX):
            return {}
        tracker = Tracker.at(settings.home, workspace=self.workspace)
        receipt = settings.home / "mlflow-recorded" / f"{asset}.{experiment}.{artifact.manifest.input_key}.json"
        recorded = _remembered(receipt, tracker, artifact)
        if recorded is None:
            page = self.dagster_url or os.environ.get("LIVECC_DAGSTER_UI") or DAGSTER_UI
            run_url = f"{page.rstrip('/')}/runs/{context.run.run_id}"
            if asset in STAGES:
                recorded = _training(tracker, artifact, experiment, store, run_url)
            else:
                recorded = _scores(tracker, artifact, experiment, store)
            if recorded is None:
                return {}
            if recorded.warning:
                context.log.warning(recorded.warning)
            else:
                _remember(receipt, tracker, artifact, recorded)
        return _metadata(recorded)


def _training(tracker: Tracker, artifact: Artifact, experiment: str, store: Store, run_url: str) -> Recorded:
    manifest = artifact.manifest
    # A stage that trains nothing carries the files of the model before it, whose curve is not its own.
    trained = manifest.config.get("train", True) and CURVE in artifact.names
    curve = artifact.path(CURVE) if trained else ()
    datasets = [_dataset(store, pin, "training") for pin in manifest.upstream]
    return tracker.record_training(_checkpoint(store, artifact, experiment), manifest.config, datasets, curve, run_url)


def _scores(tracker: Tracker, artifact: Artifact, experiment: str, store: Store) -> Recorded | None:
    """Scores go to the run of the model they were measured on; None without a score or a checkpoint among the ancestors."""
    pins = list(_ancestors(store, artifact))
    model = next((store.at(_place(store, pin)) for pin in pins if pin.asset in STAGES), None)
    if model is None:
        return None
    data = next((pin for name in _QUESTIONS for pin in pins if pin.asset == name), None)
    rows = _measured(artifact) if artifact.asset in MEASURED else _scored(artifact)
    if not rows and artifact.asset in MEASURED:
        return None
    benchmark = artifact.asset.removesuffix(SCORE_SUFFIX)
    # No link to the Dagster run: the run in MLflow is the training's and keeps pointing at the training's page.
    return tracker.record_scores(
        _checkpoint(store, model, experiment), benchmark, rows, _dataset(store, data, "evaluation") if data else None
    )


def _scored(artifact: Artifact) -> list[Score]:
    """The rows of a score table."""
    names = ("metric", "value", "subset", "low", "high", "n")
    return [Score(*(row[name] for name in names)) for row in artifact.rows()]


def _measured(artifact: Artifact) -> list[Score]:
    """The measurements that the artifact's metadata hold; what was not measured is left out."""
    found = artifact.manifest.metadata
    return [Score(name, found[name]) for name in MEASURED[artifact.asset] if found.get(name) is not None]


def _ancestors(store: Store, artifact: Artifact) -> Iterator[Upstream]:
    """Upstream pins, nearest first. The walk stops at checkpoints: what those read is not the benchmark's."""
    level, seen = [artifact], set()
    while level:
        pins = [pin for one in level for pin in one.manifest.upstream if _place(store, pin) not in seen]
        seen |= {_place(store, pin) for pin in pins}
        yield from pins
        found = [store.at(_place(store, pin)) for pin in pins if pin.asset not in STAGES]
        level = [one for one in found if one is not None]


def _place(store: Store, pin: Upstream) -> str:
    return store.place(pin.asset, pin.partition, pin.input_key)


def _dataset(store: Store, pin: Upstream, context: str) -> Dataset:
    return Dataset(f"{pin.asset}[{pin.partition}]", pin.data_version, f"{store.root}/{_place(store, pin)}", context)


def _checkpoint(store: Store, artifact: Artifact, experiment: str) -> Checkpoint:
    manifest = artifact.manifest
    uri = f"{store.root}/{store.place(artifact.asset, artifact.partition, manifest.input_key)}"
    return Checkpoint(experiment, STAGES[artifact.asset], manifest.input_key, artifact.data_version, uri)


def _remembered(receipt: Path, tracker: Tracker, artifact: Artifact) -> Recorded | None:
    """The links of an earlier recording, unless it went elsewhere, was of other content, or its database is gone."""
    if not receipt.is_file() or (tracker.database and not tracker.database.is_file()):
        return None
    found = json.loads(receipt.read_text("utf-8"))
    if found["uri"] != tracker.address or found["data_version"] != artifact.data_version:
        return None
    return Recorded(**found["recorded"])


def _remember(receipt: Path, tracker: Tracker, artifact: Artifact, recorded: Recorded) -> None:
    receipt.parent.mkdir(parents=True, exist_ok=True)
    staged = receipt.with_suffix(f".{os.getpid()}")
    found = {"uri": tracker.address, "data_version": artifact.data_version, "recorded": asdict(recorded)}
    staged.write_text(json.dumps(found), "utf-8")
    staged.replace(receipt)


def _metadata(recorded: Recorded) -> dict[str, dg.MetadataValue]:
    metadata: dict[str, dg.MetadataValue] = {}
    if recorded.run_url:
        metadata["mlflow_run"] = dg.MetadataValue.url(recorded.run_url)
    elif recorded.run_id:
        metadata["mlflow_run"] = dg.MetadataValue.text(recorded.run_id)
    if recorded.model_url:
        metadata["mlflow_model"] = dg.MetadataValue.url(recorded.model_url)
    if recorded.warning:
        metadata["mlflow_warning"] = dg.MetadataValue.text(recorded.warning)
    return metadata
