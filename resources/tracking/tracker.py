"""The tracker: records trainings and scores, and turns what the store refuses into a warning."""

import logging
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from livecc_assets.core.redaction import redact
from resources.tracking.connection import UnreachableError, bounded, errors_of_a_store, only_writer, probe
from resources.tracking.finding import model_id_of, run_of, workspace_id
from resources.tracking.metrics import curve_metrics, read_curve, score_metrics
from resources.tracking.names import WORKSPACE, flatten, without_password
from resources.tracking.records import Checkpoint, Dataset, Recorded, Score
from resources.tracking.server import MLFLOW_UI
from resources.tracking.writing import close, log_datasets, log_metrics, log_params

_log = logging.getLogger(__name__)


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
            page = without_password(override) if override.startswith("http") else None
            return cls(override, workspace=workspace, ui=ui or page)
        home = home.resolve()
        return cls(f"sqlite:///{home}/mlflow.db", (home / "mlflow-artifacts").as_uri(), workspace, ui or MLFLOW_UI)

    @property
    def address(self) -> str:
        """Where the records go, without the password that the address may hold."""
        return without_password(self.uri)

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
            log_params(self._connect(), run, flatten(params))
            log_datasets(self._connect(), run.info.run_id, datasets)
            log_metrics(
                self._connect(),
                run.info.run_id,
                curve_metrics(run, read_curve(curve) if isinstance(curve, Path) else curve),
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

            log_datasets(self._connect(), run.info.run_id, [dataset] if dataset else [])
            about = {"dataset_name": dataset.name, "dataset_digest": dataset.digest} if dataset else {}
            now, known = int(time.time() * 1000), run.data.metrics
            changed = [(key, value) for key, value in score_metrics(benchmark, scores) if known.get(key) != value]
            log_metrics(
                self._connect(),
                run.info.run_id,
                (Metric(key, value, now, 0, model_id=model_id, **about) for key, value in changed),
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
            errors = errors_of_a_store()
            probe(self.uri)
            with bounded(), only_writer(self.database):
                client = self._connect()
                run = run_of(client, workspace_id(client, self.workspace, self.artifacts), checkpoint)
                recorded = self._links(run, model_id_of(client, run, checkpoint, params, dagster_url))
                write(run, str(recorded.model_id))
                close(client, run, checkpoint, dagster_url)
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

    def _connect(self) -> Any:
        if self._client is None:
            from mlflow import MlflowClient

            logging.getLogger("alembic").setLevel(logging.WARNING)  # or it prints each of 50 migrations
            self._client = MlflowClient(tracking_uri=self.uri)
        return self._client

    def _links(self, run: Any, model_id: str) -> Recorded:
        run_id = run.info.run_id
        if self.ui is None:
            return Recorded(run_id, model_id)
        page = f"{self.ui.rstrip('/')}/#/experiments/{run.info.experiment_id}"
        return Recorded(run_id, model_id, f"{page}/runs/{run_id}", f"{page}/models/{model_id}")
