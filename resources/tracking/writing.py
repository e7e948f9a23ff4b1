"""What is written on a run: parameters, datasets, metrics and its end."""

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from resources.tracking.names import DAGSTER, key_of, place
from resources.tracking.records import Checkpoint, Dataset

_BATCH_METRICS, _BATCH_PARAMS = 1000, 100  # what one request may hold


def log_params(client: Any, run: Any, params: Mapping[str, str]) -> None:
    """Parameters of a run never change; those that stand already are left as they are."""
    from mlflow.entities import Param

    missing = [Param(key, value) for key, value in params.items() if key not in run.data.params]
    for start in range(0, len(missing), _BATCH_PARAMS):
        client.log_batch(run.info.run_id, params=missing[start : start + _BATCH_PARAMS], synchronous=True)


def log_datasets(client: Any, run_id: str, datasets: Sequence[Dataset]) -> None:
    """Tie datasets to the run; their full data versions become tags."""
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
        client.log_inputs(run_id, inputs)
        tags = [RunTag(f"livecc.data_version.{key_of(each.name)}", each.data_version) for each in datasets]
        client.log_batch(run_id, tags=tags, synchronous=True)


def log_metrics(client: Any, run_id: str, metrics: Iterable[Any]) -> None:
    """Log metrics, as many at a time as one request may hold."""
    waiting = iter(metrics)
    while batch := list(islice(waiting, _BATCH_METRICS)):
        client.log_batch(run_id, metrics=batch, synchronous=True)


def close(client: Any, run: Any, checkpoint: Checkpoint, dagster_url: str | None) -> None:
    """Tag the run with its weights and its Dagster run, and end it."""
    from mlflow.entities import RunTag

    tags = place(checkpoint)
    if dagster_url:  # the link back; the note is the run's description on its page, as Markdown
        tags |= {DAGSTER: dagster_url, "mlflow.note.content": f"[Dagster run]({dagster_url})"}
    changed = [RunTag(name, value) for name, value in tags.items() if run.data.tags.get(name) != value]
    if changed:
        client.log_batch(run.info.run_id, tags=changed, synchronous=True)
    if run.info.status != "FINISHED":
        client.set_terminated(run.info.run_id, "FINISHED")
