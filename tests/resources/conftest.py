"""A tracking store for the tests of MLflow."""

from pathlib import Path

import pytest

from resources.tracking import Tracker


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty MLflow database; making one takes seconds, so tests copy it."""
    home = tmp_path_factory.mktemp("mlflow")
    Tracker.at(home, env={})._connect().search_experiments()
    return home / "mlflow.db"


@pytest.fixture
def tracker(database: Path, tmp_path: Path) -> Tracker:
    home = tmp_path / "home"
    home.mkdir()
    (home / "mlflow.db").write_bytes(database.read_bytes())
    return Tracker.at(home, env={})
