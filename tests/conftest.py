"""Fixtures that every part shares."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import tenacity.nap

from tests.recordings import GOLDEN, Media, not_in_the_repository

# The graph's partitions are read from the state folder when it is first imported; a developer's own selections and
# experiments must not become part of what is tested.
#
# Processes share the tests, one a core, and what they start computes beside them: threads of its own would only be in the way.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["LIVECC_HOME"] = tempfile.mkdtemp(prefix="livecc-tests-")
for _name in (
    "LIVECC_ROOT",
    "LIVECC_PROFILE",
    "LIVECC_INBOX",
    "LIVECC_INBOX_SETTLED",
    "LIVECC_INBOX_CATEGORY",
    "DAGSTER_HOME",
):
    os.environ.pop(_name, None)


def pytest_unconfigure() -> None:
    shutil.rmtree(os.environ["LIVECC_HOME"], ignore_errors=True)


@pytest.fixture(autouse=True)
def _current_folder() -> Iterator[None]:
    """What the `livecc` command tells its children does not outlive a test that called it in this process.

    Without ``monkeypatch``, which would then be undone after the fixtures of every test instead of before them.
    """
    before = os.environ.pop("PYTHONSAFEPATH", None)
    yield
    os.environ.pop("PYTHONSAFEPATH", None)
    if before is not None:
        os.environ["PYTHONSAFEPATH"] = before


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds between tries, which are noted and not waited for."""
    noted: list[float] = []
    monkeypatch.setattr(tenacity.nap, "time", SimpleNamespace(sleep=noted.append))
    return noted


@pytest.fixture(scope="session")
def golden() -> Path:
    """Folder of golden vectors made by running the published code. Its README says what each file is."""
    return GOLDEN


@pytest.fixture(scope="session")
def unlicensed() -> Path:
    """Folder of the authors' files that have no licence and may not be copied: absent in most checkouts."""
    return not_in_the_repository("golden/data").parent


@pytest.fixture(scope="session")
def media() -> Media:
    """Short real videos and speech: ``media / name`` is a path, or skips the test where the file is absent."""
    return Media()
