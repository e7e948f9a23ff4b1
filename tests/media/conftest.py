"""The film maker as a fixture."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for the helper modules of this folder's tests


@pytest.fixture(scope="session")
def film() -> ModuleType:
    """Module ``film.py``: makes small real media files."""
    spec = importlib.util.spec_from_file_location("film", Path(__file__).with_name("film.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
