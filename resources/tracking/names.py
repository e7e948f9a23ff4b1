"""Names in MLflow: the tags that say what a run or a model is, the keys of parameters and metrics."""

import json
import re
from collections.abc import Mapping
from typing import Any

from resources.tracking.records import Checkpoint

WORKSPACE = "livecc"  # MLflow's own "experiment", the page that holds the runs of all our experiments
#: Names of the tags that say what a run or a model is; runs are searched by the first three.
EXPERIMENT, STAGE, INPUT_KEY, DATA_VERSION, URI, DAGSTER = (
    "livecc.experiment",
    "livecc.stage",
    "livecc.input_key",
    "livecc.data_version",
    "livecc.uri",
    "livecc.dagster_run",
)


def flatten(params: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Nested hyper-parameters as ``a.b.c`` → text; lists and None as JSON, keys reduced to what MLflow allows."""
    flat: dict[str, str] = {}
    for name, value in params.items():
        key = f"{prefix}{key_of(str(name))}"
        if isinstance(value, Mapping) and value:
            flat |= flatten(value, f"{key}.")
        else:
            flat[key] = value if isinstance(value, str) else json.dumps(value, default=str)
    return flat


def identity(checkpoint: Checkpoint) -> dict[str, str]:
    """The tags by which a run is found again."""
    return {EXPERIMENT: checkpoint.experiment, STAGE: checkpoint.stage, INPUT_KEY: checkpoint.input_key}


def place(checkpoint: Checkpoint) -> dict[str, str]:
    """The tags that say which bytes the weights are and where they lie."""
    return {DATA_VERSION: checkpoint.data_version, URI: checkpoint.uri}


def key_of(name: str) -> str:
    """MLflow's names hold letters, digits and ``_-. /`` only."""
    return re.sub(r"[^\w\-. /]", "_", name)[:250]


def without_password(uri: str) -> str:
    """An address fit to be shown."""
    return re.sub(r"//[^/@]*@", "//", uri)
