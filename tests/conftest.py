"""Fixtures that every part shares."""

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


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
