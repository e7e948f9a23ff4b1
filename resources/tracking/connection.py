"""How long a tracking store may keep us, which of its errors become warnings, and one writer at a time."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

#: What a tracking server may cost at most: MLflow's own default waits minutes and tries seven times.
LIMITS = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",  # the links are on the asset's page
}
_PROBE_SECONDS = 3.0
_LOCK_SECONDS = 120.0  # another process may be creating the database, which takes a minute on a slow disk


class UnreachableError(Exception):
    """The tracking store cannot be used now; the text says why. Ends as a warning, never as a failed step."""


def errors_of_a_store() -> tuple[type[Exception], ...]:
    """What a store that is away, full or broken raises; anything else is a defect of ours and stays an error."""
    try:
        with _environment({"MLFLOW_DISABLE_TELEMETRY": "true"}):
            from mlflow.exceptions import MlflowException
    except ModuleNotFoundError as error:
        raise UnreachableError("mlflow is not installed: make install") from error
    from filelock import Timeout
    from requests import RequestException
    from sqlalchemy.exc import SQLAlchemyError

    return MlflowException, SQLAlchemyError, RequestException, Timeout, OSError


def probe(uri: str) -> None:
    """Ask an HTTP server whether it is there, for at most a few seconds, before the client's own retries begin."""
    if not uri.startswith(("http://", "https://")):
        return
    import requests

    try:
        answer = requests.get(f"{uri.rstrip('/')}/health", timeout=_PROBE_SECONDS)
    except requests.RequestException as error:
        raise UnreachableError(f"no answer within {_PROBE_SECONDS:g} s: {type(error).__name__}") from error
    if answer.status_code >= 500:
        raise UnreachableError(f"/health answered {answer.status_code}")


@contextmanager
def only_writer(database: Path | None) -> Iterator[None]:
    """One process at a time on a sqlite file: find-or-create must not race, nor may two create the tables."""
    if database is None:
        yield
        return
    from filelock import FileLock

    database.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{database}.lock", timeout=_LOCK_SECONDS):
        yield


@contextmanager
def bounded() -> Iterator[None]:
    """Inside, the client waits no longer than LIMITS say, where the environment says nothing itself."""
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
