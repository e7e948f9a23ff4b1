"""A toy world: two batches of numbers, one selection, Dagster on an instance of its own."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import dagster as dg
import pytest
import yaml

# Read once, with the default profile, before any test points the environment at its own.
from livecc_assets.orchestration import partitions

HERE = Path(__file__).parent


class World:
    """Files of one test's state folder, and the toy assets run against it."""

    def __init__(self, home: Path, toy: ModuleType) -> None:
        self.home, self.toy, self.instance = home, toy, dg.DagsterInstance.ephemeral()
        self.steps: dict[str, Any] = dict(toy.STEPS)

    @property
    def settings(self):
        from livecc_assets.graph.settings import load_settings

        return load_settings()

    @property
    def store(self):
        return self.settings.store()

    def batch(self, name: str, numbers: list[int | None]) -> None:
        folder = self.home / "videos" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "numbers.json").write_text(json.dumps(numbers))
        self.store.register_batch(name, {"uri": str(folder)})
        self.instance.add_dynamic_partitions("source_batch", [name])

    def selection(self, batches: list[str], at_least: int) -> None:
        folder = self.home / "selections"
        folder.mkdir(exist_ok=True)
        text = {"profile": "toy", "live_cc": {"batches": batches, "size": at_least}}
        (folder / "sample.yaml").write_text(yaml.safe_dump(text))

    def assets(self) -> list[dg.AssetsDefinition]:
        from livecc_assets.orchestration.declare import declare

        return [declare(step, self.steps) for step in self.steps.values()]

    def run(self, *names: str, partition: str, tags: dict[str, str] | None = None) -> dg.ExecuteInProcessResult:
        from resources import RESOURCES

        return dg.materialize(
            self.assets(),
            selection=list(names),
            partition_key=partition,
            instance=self.instance,
            resources=RESOURCES,
            tags=tags,
            raise_on_error=False,
        )

    def logged(self) -> list[str]:
        """What steps said in all runs."""
        runs = self.instance.get_runs()
        return [entry.user_message for run in runs for entry in self.instance.all_logs(run.run_id)]

    def calls(self) -> list[str]:
        """Functions called since the last look."""
        path = self.home / "calls.txt"
        found = path.read_text().split() if path.exists() else []
        path.unlink(missing_ok=True)
        return found


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    home = tmp_path / "home"
    home.mkdir()
    profile = tmp_path / "toy.yaml"
    profile.write_text("name: toy\nerror_limit: 0.3\n")
    monkeypatch.setenv("LIVECC_HOME", str(home))
    monkeypatch.setenv("LIVECC_PROFILE", str(profile))
    monkeypatch.delenv("LIVECC_ROOT", raising=False)
    monkeypatch.setenv("LIVECC_RETRIES", "0")  # a failure is told at once; test_retries_and_pools.py has its own number
    monkeypatch.setitem(partitions.DEFINITIONS, "selection", dg.StaticPartitionsDefinition(["sample"]))
    monkeypatch.syspath_prepend(str(HERE))
    monkeypatch.setenv("PYTHONPATH", str(HERE), prepend=os.pathsep)
    import toy

    return World(home, toy)


@pytest.fixture
def memoised() -> Callable[[dg.ExecuteInProcessResult, str], bool]:
    def of(result: dg.ExecuteInProcessResult, asset: str) -> bool:
        (event,) = result.asset_materializations_for_node(asset)
        return bool(event.metadata["memoised"].value)

    return of
