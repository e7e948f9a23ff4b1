"""MLflow's side of the graph: one run per (experiment, stage), one LoggedModel per checkpoint, scores on that model.

Everything is found again before it is made: the same (experiment, stage, input key) always ends in the same run and
the same LoggedModel, whichever step comes first and however often it is repeated. So a tracking server that is away
loses no training: ``record_training`` and ``record_scores`` then return a warning instead of raising, and the next
materialisation of either asset records what was missed.

mlflow is imported inside the functions (it takes seconds, and the code location must load without it). Only
``MlflowClient`` is used: no active run, no global tracking URI, no patching.
"""

import json
import logging
import math
import os
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from livecc_assets.core.errors import UserError
from livecc_assets.core.redaction import redact

_log = logging.getLogger(__name__)

WORKSPACE = "livecc"  # MLflow's own "experiment", the page that holds the runs of all our experiments
MLFLOW_UI = "http://127.0.0.1:5000"
#: Names of the tags that say what a run or a model is; runs are searched by the first three.
EXPERIMENT, STAGE, INPUT_KEY, DATA_VERSION, URI, DAGSTER = (
    "livecc.experiment",
    "livecc.stage",
    "livecc.input_key",
    "livecc.data_version",
    "livecc.uri",
    "livecc.dagster_run",
)
#: What a tracking server may cost at most: MLflow's own default waits minutes and tries seven times.
LIMITS = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",  # the links are on the asset's page
}
#: Opens the workspace on runs and models instead of on pages for language-model applications.
_KIND = {"mlflow.experimentKind": "custom_model_development"}
_PROBE_SECONDS = 3.0
_BATCH_METRICS, _BATCH_PARAMS = 1000, 100  # what one request may hold
_LOCK_SECONDS = 120.0  # another process may be creating the database, which takes a minute on a slow disk


@dataclass(frozen=True)
class Checkpoint:
    """The artifact behind a model: what names it in MLflow and where its weights are."""

    experiment: str
    stage: str
    input_key: str
    data_version: str
    uri: str


@dataclass(frozen=True)
class Dataset:
    """A dataset artifact by name, version and place; ``context`` is "training" or "evaluation"."""

    name: str
    data_version: str
    uri: str
    context: str = "training"

    @property
    def digest(self) -> str:
        """MLflow keeps at most 36 characters of a digest; the full data version is a tag of the run."""
        return self.data_version[:36]


@dataclass(frozen=True)
class Recorded:
    """Where a recording can be looked at. With a ``warning`` it did not reach the server, wholly or in part."""

    run_id: str | None = None
    model_id: str | None = None
    run_url: str | None = None
    model_url: str | None = None
    warning: str | None = None


@dataclass(frozen=True)
class Score:
    """One number of a benchmark. ``subset`` "all" (or "") is the whole benchmark; what is None is not logged."""

    metric: str
    value: float | None
    subset: str = "all"
    low: float | None = None
    high: float | None = None
    n: int | None = None


class ServerCommand(NamedTuple):
    """How ``livecc ui`` starts MLflow: the command line and what it adds to the environment."""

    argv: list[str]
    env: dict[str, str]


@dataclass
class Tracker:
    """Writes to one tracking store: a sqlite file (``Tracker.at``) or the server of ``MLFLOW_TRACKING_URI``."""

    uri: str
    artifacts: str | None = None
    workspace: str = WORKSPACE
    ui: str | None = None
    _client: Any = field(default=None, repr=False)

    @classmethod
    def at(cls, home: Path, workspace: str = WORKSPACE, env: Mapping[str, str] = os.environ) -> "Tracker":
        """The tracker of this ``LIVECC_HOME``; ``MLFLOW_TRACKING_URI`` overrides its sqlite file."""
        ui = env.get("LIVECC_MLFLOW_UI")
        if override := env.get("MLFLOW_TRACKING_URI"):
            page = _without_password(override) if override.startswith("http") else None
            return cls(override, workspace=workspace, ui=ui or page)
        home = home.resolve()
        return cls(f"sqlite:///{home}/mlflow.db", (home / "mlflow-artifacts").as_uri(), workspace, ui or MLFLOW_UI)

    @property
    def address(self) -> str:
        """Where the records go, without the password that the address may hold."""
        return _without_password(self.uri)

    @property
    def database(self) -> Path | None:
        """The sqlite file, or None for a server."""
        return Path(self.uri.removeprefix("sqlite:///")) if self.uri.startswith("sqlite:///") else None

    def record_training(
        self,
        checkpoint: Checkpoint,
        params: Mapping[str, Any],
        datasets: Sequence[Dataset] = (),
        curve: Path | Iterable[Mapping[str, Any]] = (),
        dagster_url: str | None = None,
    ) -> Recorded:
        """Log a training: flattened ``params``, ``datasets`` it read, its ``curve`` (rows, or their file), its model.

        A row of the curve is ``{"step": int, "time": seconds since the epoch (optional), name: number, ...}``.
        """

        def write(run: Any, model_id: str) -> None:
            self._log_params(run, flatten(params))
            self._log_datasets(run.info.run_id, datasets)
            self._log_metrics(
                run.info.run_id, _curve_metrics(run, read_curve(curve) if isinstance(curve, Path) else curve)
            )

        return self._recording(checkpoint, params, dagster_url, write)

    def record_scores(
        self,
        checkpoint: Checkpoint,
        benchmark: str,
        scores: Iterable[Score],
        dataset: Dataset | None = None,
        dagster_url: str | None = None,
    ) -> Recorded:
        """Log a benchmark's scores as metrics of the checkpoint's run, tied to its LoggedModel and the data.

        Keys are ``benchmark/metric[/subset]`` with ``/low``, ``/high`` and ``/n`` beside them; values that are not
        finite are left out. Logging the same value again adds nothing.
        """

        def write(run: Any, model_id: str) -> None:
            from mlflow.entities import Metric

            self._log_datasets(run.info.run_id, [dataset] if dataset else [])
            about = {"dataset_name": dataset.name, "dataset_digest": dataset.digest} if dataset else {}
            now, known = int(time.time() * 1000), run.data.metrics
            changed = [(key, value) for key, value in _score_metrics(benchmark, scores) if known.get(key) != value]
            self._log_metrics(
                run.info.run_id, (Metric(key, value, now, 0, model_id=model_id, **about) for key, value in changed)
            )

        return self._recording(checkpoint, {}, dagster_url, write)

    def _recording(
        self,
        checkpoint: Checkpoint,
        params: Mapping[str, Any],
        dagster_url: str | None,
        write: Callable[[Any, str], None],
    ) -> Recorded:
        """Find or make run and model, let ``write`` fill them, close the run; what the store refuses is a warning."""
        recorded = Recorded()
        errors: tuple[type[Exception], ...] = ()
        try:
            errors = self._errors()
            self._probe()
            with _bounded(), self._only_writer():
                run = self._run(self._workspace_id(), checkpoint)
                recorded = self._links(run, self._model_id(run, checkpoint, params, dagster_url))
                write(run, str(recorded.model_id))
                self._close(run, checkpoint, dagster_url)
        except UnreachableError as error:
            return self._warn(recorded, str(error))
        except errors as error:
            return self._warn(recorded, str(error).splitlines()[0] if str(error) else type(error).__name__)
        return recorded

    def _warn(self, recorded: Recorded, reason: str) -> Recorded:
        why = redact(reason)  # the client's errors quote the whole address
        warning = f"MLflow at {self.address} did not take the record ({why}); materialise again to record it"
        _log.warning(warning)
        return Recorded(recorded.run_id, recorded.model_id, recorded.run_url, recorded.model_url, warning)

    @staticmethod
    def _errors() -> tuple[type[Exception], ...]:
        """What a store that is away, full or broken raises; anything else is a defect of ours and stays an error."""
        try:
            with _environment({"MLFLOW_DISABLE_TELEMETRY": "true"}):
                from mlflow.exceptions import MlflowException
        except ModuleNotFoundError as error:
            raise UnreachableError("mlflow is not installed: pip install 'livecc-assets[ui]'") from error
        from filelock import Timeout
        from requests import RequestException
        from sqlalchemy.exc import SQLAlchemyError

        return MlflowException, SQLAlchemyError, RequestException, Timeout, OSError

    def _probe(self) -> None:
        """Ask an HTTP server whether it is there, for at most a few seconds, before the client's own retries begin."""
        if not self.uri.startswith(("http://", "https://")):
            return
        import requests

        try:
            answer = requests.get(f"{self.uri.rstrip('/')}/health", timeout=_PROBE_SECONDS)
        except requests.RequestException as error:
            raise UnreachableError(f"no answer within {_PROBE_SECONDS:g} s: {type(error).__name__}") from error
        if answer.status_code >= 500:
            raise UnreachableError(f"/health answered {answer.status_code}")

    @contextmanager
    def _only_writer(self) -> Iterator[None]:
        """One process at a time on a sqlite file: find-or-create must not race, nor may two create the tables."""
        if self.database is None:
            yield
            return
        from filelock import FileLock

        self.database.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{self.database}.lock", timeout=_LOCK_SECONDS):
            yield

    def _connect(self) -> Any:
        if self._client is None:
            from mlflow import MlflowClient

            logging.getLogger("alembic").setLevel(logging.WARNING)  # or it prints each of 50 migrations
            self._client = MlflowClient(tracking_uri=self.uri)
        return self._client

    def _workspace_id(self) -> str:
        client = self._connect()
        found = client.get_experiment_by_name(self.workspace)
        if found is None:
            return client.create_experiment(self.workspace, artifact_location=self.artifacts, tags=_KIND)
        if found.lifecycle_stage == "deleted":
            remedy = f"mlflow experiments restore -x {found.experiment_id}"
            raise UnreachableError(f"its experiment {self.workspace!r} is deleted; run: {remedy}")
        return found.experiment_id

    def _run(self, workspace_id: str, checkpoint: Checkpoint) -> Any:
        client = self._connect()
        tags = _identity(checkpoint)
        clause = " and ".join(f"tags.`{name}` = '{value}'" for name, value in tags.items())
        # The oldest wins, so that racers on a server settle on one run from then on.
        found = client.search_runs([workspace_id], clause, max_results=1, order_by=["attributes.start_time ASC"])
        name = f"{checkpoint.experiment} {checkpoint.stage}"
        return found[0] if found else client.create_run(workspace_id, tags=tags, run_name=name)

    def _model_id(self, run: Any, checkpoint: Checkpoint, params: Mapping[str, Any], dagster_url: str | None) -> str:
        """The LoggedModel of the checkpoint: its weights stay in the artifact store, MLflow holds the link."""
        from mlflow.entities import LoggedModelOutput

        client = self._connect()
        run_id, workspace_id = run.info.run_id, run.info.experiment_id
        clause = f"attributes.source_run_id = '{run_id}' and tags.`{DATA_VERSION}` = '{checkpoint.data_version}'"
        found = client.search_logged_models([workspace_id], clause, max_results=1)
        if found:
            model = found[0]
            missing = {key: value for key, value in flatten(params).items() if key not in model.params}
            if missing:
                client.log_model_params(model.model_id, missing)
        else:
            model = client.create_logged_model(
                workspace_id,
                name=re.sub(r"[/:.%\"']", "-", f"{checkpoint.experiment}-{checkpoint.stage}"),
                source_run_id=run_id,
                tags=_identity(checkpoint) | _place(checkpoint) | {"mlflow.model.isExternal": "true"},
                params=flatten(params),
                model_type="checkpoint",
            )
        if model.status != "READY":  # new, or left so by a process that was killed here
            client.log_outputs(run_id, [LoggedModelOutput(model.model_id, step=0)])
            client.finalize_logged_model(model.model_id, "READY")
        if dagster_url and model.tags.get(DAGSTER) != dagster_url:
            client.set_logged_model_tags(model.model_id, {DAGSTER: dagster_url})
        return model.model_id

    def _log_params(self, run: Any, params: Mapping[str, str]) -> None:
        """Parameters of a run never change; those that stand already are left as they are."""
        from mlflow.entities import Param

        missing = [Param(key, value) for key, value in params.items() if key not in run.data.params]
        for start in range(0, len(missing), _BATCH_PARAMS):
            self._connect().log_batch(run.info.run_id, params=missing[start : start + _BATCH_PARAMS], synchronous=True)

    def _log_datasets(self, run_id: str, datasets: Sequence[Dataset]) -> None:
        from mlflow.entities import Dataset as DatasetEntity
        from mlflow.entities import DatasetInput, InputTag, RunTag

        inputs = [
            DatasetInput(
                DatasetEntity(
                    each.name, each.digest, "livecc", json.dumps({"uri": each.uri, "data_version": each.data_version})
                ),
                [InputTag("mlflow.data.context", each.context)],
            )
            for each in datasets
        ]
        if inputs:
            self._connect().log_inputs(run_id, inputs)
            tags = [RunTag(f"livecc.data_version.{_key(each.name)}", each.data_version) for each in datasets]
            self._connect().log_batch(run_id, tags=tags, synchronous=True)

    def _log_metrics(self, run_id: str, metrics: Iterable[Any]) -> None:
        waiting = iter(metrics)
        while batch := list(islice(waiting, _BATCH_METRICS)):
            self._connect().log_batch(run_id, metrics=batch, synchronous=True)

    def _close(self, run: Any, checkpoint: Checkpoint, dagster_url: str | None) -> None:
        from mlflow.entities import RunTag

        tags = _place(checkpoint)
        if dagster_url:  # the link back; the note is the run's description on its page, as Markdown
            tags |= {DAGSTER: dagster_url, "mlflow.note.content": f"[Dagster run]({dagster_url})"}
        changed = [RunTag(name, value) for name, value in tags.items() if run.data.tags.get(name) != value]
        if changed:
            self._connect().log_batch(run.info.run_id, tags=changed, synchronous=True)
        if run.info.status != "FINISHED":
            self._connect().set_terminated(run.info.run_id, "FINISHED")

    def _links(self, run: Any, model_id: str) -> Recorded:
        run_id = run.info.run_id
        if self.ui is None:
            return Recorded(run_id, model_id)
        page = f"{self.ui.rstrip('/')}/#/experiments/{run.info.experiment_id}"
        return Recorded(run_id, model_id, f"{page}/runs/{run_id}", f"{page}/models/{model_id}")


class UnreachableError(Exception):
    """The tracking store cannot be used now; the text says why. Ends as a warning, never as a failed step."""


def server_command(home: Path, port: int = 5000, host: str = "127.0.0.1") -> ServerCommand:
    """The MLflow server over this ``LIVECC_HOME``: one worker and no job runner, so it starts in 9 s instead of 40."""
    home = home.resolve()
    artifacts = (home / "mlflow-artifacts").as_uri()
    argv = [
        sys.executable,
        "-m",
        "mlflow",
        "server",
        "--host",
        host,
        "--port",
        str(port),
        "--workers",
        "1",
        "--backend-store-uri",
        f"sqlite:///{home}/mlflow.db",
        "--default-artifact-root",
        artifacts,
    ]
    env = {
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
    }
    return ServerCommand(argv, env)


def flatten(params: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Nested hyper-parameters as ``a.b.c`` → text; lists and None as JSON, keys reduced to what MLflow allows."""
    flat: dict[str, str] = {}
    for name, value in params.items():
        key = f"{prefix}{_key(str(name))}"
        if isinstance(value, Mapping) and value:
            flat |= flatten(value, f"{key}.")
        else:
            flat[key] = value if isinstance(value, str) else json.dumps(value, default=str)
    return flat


def read_curve(path: Path) -> Iterator[dict[str, Any]]:
    """Rows of a training_log.jsonl; a last line that a killed worker left half-written is passed over."""
    lines = path.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines, start=1):
        try:
            row = json.loads(line) if line.strip() else None
        except json.JSONDecodeError as error:
            if number == len(lines):
                return
            raise UserError(f"{path}, line {number}: not JSON ({error.msg}); remove the line or train again") from error
        if row is not None and "step" in row:
            yield row


def _score_metrics(benchmark: str, scores: Iterable[Score]) -> Iterator[tuple[str, float]]:
    for score in scores:
        parts = [benchmark, score.metric] + ([score.subset] if score.subset not in ("", "all") else [])
        key = "/".join(_key(part) for part in parts)
        if score.value is None or not math.isfinite(score.value):
            continue
        for suffix, value in (("", score.value), ("/low", score.low), ("/high", score.high), ("/n", score.n)):
            if value is not None and math.isfinite(value):
                yield key + suffix, float(value)


def _curve_metrics(run: Any, rows: Iterable[Mapping[str, Any]]) -> Iterator[Any]:
    """Points carry the row's own time (or the run's start), so that logging them again makes no second point."""
    from mlflow.entities import Metric

    for row in rows:
        step = int(row["step"])
        stamp = int(float(row["time"]) * 1000) if "time" in row else run.info.start_time + step
        for name, value in row.items():
            if name not in ("step", "time") and _is_number(value):
                yield Metric(_key(name), float(value), stamp, step)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _identity(checkpoint: Checkpoint) -> dict[str, str]:
    """The tags by which a run is found again."""
    return {EXPERIMENT: checkpoint.experiment, STAGE: checkpoint.stage, INPUT_KEY: checkpoint.input_key}


def _place(checkpoint: Checkpoint) -> dict[str, str]:
    return {DATA_VERSION: checkpoint.data_version, URI: checkpoint.uri}


def _key(name: str) -> str:
    """MLflow's names hold letters, digits and ``_-. /`` only."""
    return re.sub(r"[^\w\-. /]", "_", name)[:250]


def _without_password(uri: str) -> str:
    return re.sub(r"//[^/@]*@", "//", uri)


@contextmanager
def _bounded() -> Iterator[None]:
    with _environment({name: value for name, value in LIMITS.items() if name not in os.environ}):
        yield


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
