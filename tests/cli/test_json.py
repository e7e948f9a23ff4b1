"""With --json standard output holds one object; whatever else is said goes to standard error."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from livecc_assets.cli.main import main
from livecc_assets.orchestration import runs


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the jobs that were run; none of them does anything."""
    done: list[str] = []

    def run_job(
        defs: object, instance: object, name: str, partition: str | None = None, *_: object, **__: object
    ) -> runs.Outcome:
        done.append(name)
        return runs.Outcome(name, partition, ["a"], [], [], 1.0)

    @contextlib.contextmanager
    def instance(settings: object) -> Iterator[None]:
        yield None

    for name in ("LIVECC_HOME", "LIVECC_ROOT", "LIVECC_PROFILE"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setattr(runs, "run_job", run_job)
    monkeypatch.setattr(runs, "open_instance", instance)
    return done


def test_select_says_on_standard_error_what_it_lists_first(jobs: list[str], tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["--home", str(tmp_path), "select", "sample", "--json"])
    assert jobs == ["livesports", "select"]
    assert json.loads(result.stdout)["job"] == "select"
    assert result.stderr.startswith("livesports: made 1")


def test_without_json_a_job_tells_people_everything_on_standard_output(jobs: list[str], tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["--home", str(tmp_path), "select", "sample"])
    assert [line.split(":")[0] for line in result.stdout.splitlines()] == ["livesports", "select sample"]
    assert result.stderr == ""


def test_status_prints_one_document(tmp_path: Path, jobs: list[str]) -> None:
    status = CliRunner().invoke(main, ["--home", str(tmp_path), "status", "--json"])
    assert {tuple(line) for line in json.loads(status.stdout)} == {("asset", "partition", "state", "why")}
    assert status.stderr == ""
