"""Modules that lie in the folder where a command is started are imported by nobody."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.media.film import make
from tests.traps import imported, set_trap


@pytest.fixture
def trap(tmp_path: Path) -> Path:
    return set_trap(tmp_path)


def environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LIVECC_", "DAGSTER_", "PYTHON"))}
    return kept | {"OMP_NUM_THREADS": "1"}


def livecc(trap: Path, *arguments: str, program: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    program = program or (str(Path(sys.executable).with_name("livecc")),)
    command = [*program, "--home", str(trap.parent / "home"), *arguments]
    return subprocess.run(command, cwd=trap, env=environment(), capture_output=True, text=True, timeout=600)


def test_the_trap_catches_a_program_that_looks_into_the_current_folder(trap: Path) -> None:
    done = subprocess.run([sys.executable, "-c", "import yaml"], cwd=trap, env=environment(), capture_output=True)
    assert done.returncode == 1
    assert imported(trap) == ["yaml"]


@pytest.mark.live
def test_a_batch_is_registered_curated_and_looked_at_beside_them(trap: Path) -> None:
    make(trap / "film.mp4", seconds=2)
    assert livecc(trap, "ingest", ".", "--batch", "a").returncode == 0
    done = livecc(trap, "curate", "a")
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert "yt_cc_source" in livecc(trap, "status", "--all", program=(sys.executable, "-m", "livecc_assets")).stdout
    assert imported(trap) == []
