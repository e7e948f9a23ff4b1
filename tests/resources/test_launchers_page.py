"""The example of docs/launchers.md is run as it stands there, with processes of this machine and with an adopted worker."""

import importlib
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import dagster as dg
import pytest

from resources.launchers import launcher_in_force
from tests.house.places import REPOSITORY
from tests.resources.process_place import ProcessPlace

PAGE = (REPOSITORY / "docs" / "launchers.md").read_text("utf-8")
FILES = dict(re.findall(r"^```python (\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The page's definitions, imported from files that hold what stands on it."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, "utf-8")
    monkeypatch.setenv("LIVECC_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("LIVECC_LAUNCHER", raising=False)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{REPOSITORY}")
    monkeypatch.setattr("dagster._core.pipes.utils.WAIT_FOR_LOGS_AFTER_EXECUTION_INTERVAL", 0)
    yield importlib.import_module("my_definitions")
    sys.modules.pop("my_definitions", None)


def run(example: ModuleType, launcher: Any) -> dg.ExecuteInProcessResult:
    return dg.materialize(
        [example.word_count],
        partition_key="second",
        resources={"launcher": launcher},
        instance=dg.DagsterInstance.ephemeral(),
        raise_on_error=False,
    )


def test_the_page_holds_an_asset_and_its_worker_in_few_lines() -> None:
    assert set(FILES) == {"my_worker.py", "my_definitions.py"}
    assert sum(len(text.splitlines()) for text in FILES.values()) < 40


def test_its_definitions_are_valid_and_load_no_client_library(
    example: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    dg.Definitions.validate_loadable(example.defs)
    monkeypatch.setenv("LIVECC_LAUNCHER", "kubernetes")
    monkeypatch.setenv("KUBECONFIG", "/no/such/file")
    assert isinstance(launcher_in_force(), dg.PipesClient)


@pytest.mark.parametrize("where", ["local", "elsewhere"])
def test_the_asset_returns_what_its_worker_reported(where: str, example: ModuleType, tmp_path: Path) -> None:
    launcher = launcher_in_force() if where == "local" else ProcessPlace(tmp_path / "place")
    result = run(example, launcher)
    assert result.success
    (event,) = result.get_asset_materialization_events()
    made = event.step_materialization_data.materialization
    assert (made.metadata["words"].value, (made.tags or {})["dagster/data_version"]) == (3, "3")
    assert [(one.check_name, one.passed) for one in result.get_asset_check_evaluations()] == [("has_words", True)]


def test_its_worker_is_adopted(example: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = ProcessPlace(tmp_path / "place")
    look = place.look

    def dies(job: Any, found: Any) -> Any:
        monkeypatch.setattr(place, "look", look)
        raise KeyboardInterrupt

    monkeypatch.setattr(place, "look", dies)
    assert not run(example, place).success
    assert run(example, place).success
    assert len(place.created) == 1 and place.created == place.deleted
