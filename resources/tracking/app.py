"""MLflow's server behind the project's door: the MLflow app ``livecc`` (``mlflow server --app-name livecc``; pyproject.toml)."""

import os

from starlette.types import ASGIApp

from resources.door import Door, door_from_environment


def create_app() -> ASGIApp:
    """MLflow's ASGI app. The door takes the place of MLflow's own checks.

    Those admit every page of this machine, whatever its port, and every host called like a private address (``10.any.name``);
    and they would refuse the page's own requests wherever it is opened under another name than localhost.
    """
    keys = door_from_environment()
    os.environ["MLFLOW_SERVER_DISABLE_SECURITY_MIDDLEWARE"] = "true"
    from mlflow.server.fastapi_app import app

    return Door(app, **keys)
