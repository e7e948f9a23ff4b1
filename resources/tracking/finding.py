"""Runs and LoggedModels are found again before they are made, whichever asset comes first."""

import re
from collections.abc import Mapping
from typing import Any

from resources.tracking.connection import UnreachableError
from resources.tracking.names import DAGSTER, DATA_VERSION, flatten, identity, place
from resources.tracking.records import Checkpoint

#: Opens the workspace on runs and models instead of on pages for language-model applications.
_KIND = {"mlflow.experimentKind": "custom_model_development"}


def workspace_id(client: Any, name: str, artifacts: str | None) -> str:
    """Id of MLflow's own "experiment"; ``artifacts`` is its artifact root when it has to be made."""
    found = client.get_experiment_by_name(name)
    if found is None:
        return client.create_experiment(name, artifact_location=artifacts, tags=_KIND)
    if found.lifecycle_stage == "deleted":
        remedy = f"mlflow experiments restore -x {found.experiment_id}"
        raise UnreachableError(f"its experiment {name!r} is deleted; run: {remedy}")
    return found.experiment_id


def run_of(client: Any, workspace: str, checkpoint: Checkpoint) -> Any:
    """The run of the checkpoint's (experiment, stage, input key)."""
    tags = identity(checkpoint)
    clause = " and ".join(f"tags.`{name}` = '{value}'" for name, value in tags.items())
    # The oldest wins, so that racers on a server settle on one run from then on.
    found = client.search_runs([workspace], clause, max_results=1, order_by=["attributes.start_time ASC"])
    name = f"{checkpoint.experiment} {checkpoint.stage}"
    return found[0] if found else client.create_run(workspace, tags=tags, run_name=name)


def model_id_of(
    client: Any, run: Any, checkpoint: Checkpoint, params: Mapping[str, Any], dagster_url: str | None
) -> str:
    """The LoggedModel of the checkpoint: its weights stay in the artifact store, MLflow holds the link."""
    from mlflow.entities import LoggedModelOutput

    run_id, workspace = run.info.run_id, run.info.experiment_id
    clause = f"attributes.source_run_id = '{run_id}' and tags.`{DATA_VERSION}` = '{checkpoint.data_version}'"
    found = client.search_logged_models([workspace], clause, max_results=1)
    if found:
        model = found[0]
        missing = {key: value for key, value in flatten(params).items() if key not in model.params}
        if missing:
            client.log_model_params(model.model_id, missing)
    else:
        model = client.create_logged_model(
            workspace,
            name=re.sub(r"[/:.%\"']", "-", f"{checkpoint.experiment}-{checkpoint.stage}"),
            source_run_id=run_id,
            tags=identity(checkpoint) | place(checkpoint) | {"mlflow.model.isExternal": "true"},
            params=flatten(params),
            model_type="checkpoint",
        )
    if model.status != "READY":  # new, or left so by a process that was killed here
        client.log_outputs(run_id, [LoggedModelOutput(model.model_id, step=0)])
        client.finalize_logged_model(model.model_id, "READY")
    if dagster_url and model.tags.get(DAGSTER) != dagster_url:
        client.set_logged_model_tags(model.model_id, {DAGSTER: dagster_url})
    return model.model_id
