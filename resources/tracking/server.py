"""The MLflow server that ``livecc ui`` starts."""

import sys
from pathlib import Path
from typing import NamedTuple

MLFLOW_UI = "http://127.0.0.1:5000"


class ServerCommand(NamedTuple):
    """How ``livecc ui`` starts MLflow: the command line and what it adds to the environment."""

    argv: list[str]
    env: dict[str, str]


def server_command(home: Path, port: int = 5000, host: str = "127.0.0.1") -> ServerCommand:
    """The MLflow server over this ``LIVECC_HOME``, behind the door (:mod:`resources.tracking.app`).

    It has one worker and no job runner, so it starts in 9 s instead of 40.
    """
    home = home.resolve()
    artifacts = (home / "mlflow-artifacts").as_uri()
    argv = [
        sys.executable,
        "-m",
        "mlflow",
        "server",
        "--app-name",
        "livecc",
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
