"""What runs in CI and before a commit: every gate, with nothing fetched, and a failure of any one of them stops it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from livecc_assets import __version__
from tests.house.places import REPOSITORY

TOOLS = ("ruff check", "ruff format --check", "lint-imports", "pyright")


def test_ci_lints_before_it_tests_and_ends_with_the_cluster_tier() -> None:
    lines = [line for line in (REPOSITORY / ".ci" / "run").read_text("utf-8").splitlines() if line[:1] not in ("", "#")]
    gates = [line for line in lines if line.startswith(("make ", ".ci/twice ")) or line == ".ci/cluster"]
    assert gates == ["make lint", ".ci/twice test", ".ci/twice test-live", ".ci/cluster"] and lines[-1] == gates[-1]
    assert any(line.startswith("wait $! ||") for line in lines), "images that cannot be built fail it, too"


@pytest.mark.parametrize(
    ("first", "second", "code", "runs"),
    [(0, 0, 0, 1), (1, 0, 0, 2), (3, 0, 0, 2), (1, 1, 2, 2), (4, 0, 1, 1)],
    ids=["all pass", "one fails once", "three fail once", "one fails twice", "many fail"],
)
def test_few_failures_are_run_once_more_and_shown(
    tmp_path: Path, first: int, second: int, code: int, runs: int
) -> None:
    (tmp_path / ".ci").mkdir()
    (tmp_path / ".ci" / "twice").write_bytes((REPOSITORY / ".ci" / "twice").read_bytes())
    (tmp_path / "pytest.ini").touch()
    (tmp_path / "Makefile").write_text(f"t:\n\t@{sys.executable} -m pytest -q test_a.py $(PYTEST_ARGS)\n")
    (tmp_path / "test_a.py").write_text(
        "import pathlib, pytest\n"
        "@pytest.mark.parametrize('n', range(6))\n"
        "def test_a(n):\n"
        "    mark = pathlib.Path(f'mark-{n}')\n"
        f"    again = mark.exists()\n    mark.touch()\n    assert n >= ({second} if again else {first})\n"
    )
    done = subprocess.run(["bash", ".ci/twice", "t"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == code, done.stdout + done.stderr
    assert len([line for line in done.stdout.splitlines() if re.match(r"\d+ (passed|failed).* in [0-9]", line)]) == runs
    assert ("test_a[0]" in done.stdout) == (first > 0), "a failure stays in sight"


def test_make_lint_and_the_hooks_run_the_same_tools() -> None:
    said = subprocess.run(["make", "-n", "lint"], cwd=REPOSITORY, capture_output=True, text=True).stdout
    said += (REPOSITORY / "scripts" / "check_types.sh").read_text("utf-8")
    (source,) = yaml.safe_load((REPOSITORY / ".pre-commit-config.yaml").read_text("utf-8"))["repos"]
    assert source["repo"] == "local"
    assert {hook["language"] for hook in source["hooks"]} == {"system"}
    for tool in TOOLS:
        assert tool in said
        assert any(hook["entry"].startswith(f".venv/bin/{tool}") for hook in source["hooks"])


@pytest.mark.parametrize(("failing", "code"), [("none", 0), ("3.11", 1), ("3.12", 1)])
def test_a_type_error_of_either_python_fails_the_check_and_is_shown(tmp_path: Path, failing: str, code: int) -> None:
    fake = tmp_path / "pyright"
    fake.write_text(f'#!/bin/sh\necho "checked as $2"\n[ "$2" != {failing} ]\n')
    fake.chmod(0o755)
    script = REPOSITORY / "scripts" / "check_types.sh"
    done = subprocess.run(["/bin/sh", str(script), str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == code
    assert re.findall(r"^checked as (.*)$", done.stdout, re.M) == ["3.11", "3.12"]


def test_the_changelog_tells_what_this_version_changes() -> None:
    versions = re.findall(r"^## \[(.*?)\]", (REPOSITORY / "CHANGELOG.md").read_text("utf-8"), re.M)
    assert versions[0] == __version__
