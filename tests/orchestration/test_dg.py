"""Dagster's own command line in a checkout: it finds the assets, the jobs and what runs by itself."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from livecc_assets.orchestration.steps import STEPS

CHECKOUT = Path(__file__).resolve().parents[2]
DG = Path(sys.executable).with_name("dg")

pytestmark = pytest.mark.skipif(not DG.is_file(), reason="dagster-dg-cli is not installed")


def dg(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """One call, with homes of its own and nothing told to anybody."""
    home = tmp_path / "dagster"
    home.mkdir(exist_ok=True)
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    env = {name: value for name, value in os.environ.items() if not name.startswith(("LIVECC_", "DAGSTER_", "DG_"))}
    env |= {"HOME": str(tmp_path), "DAGSTER_HOME": str(home), "LIVECC_HOME": str(tmp_path / "livecc")}
    env |= {"DAGSTER_DISABLE_TELEMETRY": "1", "VIRTUAL_ENV": str(Path(sys.prefix))}
    return subprocess.run([DG, *arguments], cwd=CHECKOUT, env=env, capture_output=True, text=True, timeout=300)


@pytest.mark.timeout(400)
def test_dg_lists_every_asset_with_what_it_reads_and_every_job(tmp_path: Path) -> None:
    done = dg(tmp_path, "list", "defs", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assets = {one["asset_key"]: one for one in found["assets"]}
    assert assets.keys() == {step.asset for step in STEPS}
    for step in STEPS:
        assert set(assets[step.asset]["dependency_keys"]) == set(step.upstream)
        assert assets[step.asset]["description"] == step.description
    names = {one["name"] for one in found["jobs"]}
    assert names >= {"curate", "livesports", "select", "instructions", "train", "evaluate", "update_leaderboard"}
    assert {one["name"] for one in found["schedules"]} >= {"recurate", "reselect"}
    assert not (tmp_path / "livecc").exists()  # listing makes no state


@pytest.mark.timeout(400)
def test_dg_finds_nothing_wrong(tmp_path: Path) -> None:
    done = dg(tmp_path, "check", "defs")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "All definitions loaded successfully" in done.stdout + done.stderr
