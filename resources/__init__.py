"""With what: Dagster's side of the store, the launchers and MLflow."""

from resources.artifacts import Artifacts
from resources.livecc import LiveCC
from resources.mlflow import MLflow

RESOURCES = {"livecc": LiveCC(mlflow=MLflow()), "artifacts": Artifacts()}
