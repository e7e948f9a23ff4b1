"""Fixtures that every part shares."""

import os
import shutil
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest
import tenacity.nap

REPOSITORY = Path(__file__).resolve().parent.parent

# The graph's partitions are read from the state folder when it is first imported; a developer's own selections and
# experiments must not become part of what is tested.
os.environ["LIVECC_HOME"] = tempfile.mkdtemp(prefix="livecc-tests-")
for _name in ("LIVECC_ROOT", "LIVECC_PROFILE", "LIVECC_INBOX", "DAGSTER_HOME"):
    os.environ.pop(_name, None)


def pytest_unconfigure() -> None:
    shutil.rmtree(os.environ["LIVECC_HOME"], ignore_errors=True)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds between tries, which are noted and not waited for."""
    noted: list[float] = []
    monkeypatch.setattr(tenacity.nap, "time", SimpleNamespace(sleep=noted.append))
    return noted


def _shared(name: str) -> Path:
    folder = Path(os.environ.get("LIVECC_SHARED", REPOSITORY.parent / "shared")) / name
    if not folder.is_dir():
        pytest.skip(f"conformance data {folder.name}/ is not beside the checkout (set LIVECC_SHARED)")
    return folder


@pytest.fixture(scope="session")
def golden() -> Path:
    """Folder of golden vectors made by running the published code."""
    return _shared("golden")


@pytest.fixture(scope="session")
def media() -> Path:
    """Folder of short real videos and speech."""
    return _shared("media")
