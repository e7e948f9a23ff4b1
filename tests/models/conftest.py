"""What tests of model folders start from."""

import shutil
from pathlib import Path

import pytest

from livecc_assets.models import embedded


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A sound model folder of the test's own."""
    return Path(shutil.copytree(embedded.locate("tiny-qwen2-vl"), tmp_path / "model"))
