"""Dagster's own command line in a checkout: it finds the assets, the jobs and what runs by itself."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from dagster import DagsterInstance

from livecc_assets.cli.main import main
from livecc_assets.orchestration.steps import STEPS
from livecc_assets.store.store import Store
from tests.media.film import make

CHECKOUT = Path(__file__).resolve().parents[2]
DG = Path(sys.executable).with_name("dg")

pytestmark = pytest.mark.skipif(not DG.is_file(), reason="dagster-dg-cli is not installed")


def dg(tmp_path: Path, *arguments: str, home: Path | None = None) -> subprocess.CompletedProcess[str]:
    """One call, with homes of its own and nothing told to anybody."""
    if home is None:
        home = tmp_path / "dagster"
        home.mkdir()
        (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    env = {name: value for name, value in os.environ.items() if not name.startswith(("LIVECC_", "DAGSTER_", "DG_"))}
    env |= {"HOME": str(tmp_path), "DAGSTER_HOME": str(home), "LIVECC_HOME": str(tmp_path / "livecc")}
    env |= {"DAGSTER_DISABLE_TELEMETRY": "1", "VIRTUAL_ENV": str(Path(sys.prefix))}
    return subprocess.run([DG, *arguments], cwd=CHECKOUT, env=env, capture_output=True, text=True, timeout=300)


@pytest.mark.live
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


@pytest.mark.live
@pytest.mark.timeout(600)
def test_dg_launches_an_asset_of_a_batch_in_the_home_that_the_livecc_command_keeps(tmp_path: Path) -> None:
    (tmp_path / "videos").mkdir()
    make(tmp_path / "videos" / "film.mp4", seconds=2)
    home = tmp_path / "livecc"
    (home / "dagster").mkdir(parents=True)
    arguments = ["--home", str(home), "ingest", str(tmp_path / "videos"), "--batch", "a"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", str(home / "dagster"))
        patch.setenv("LIVECC_HOME", str(home))
        patch.setenv("LIVECC_PROFILE", "sample")
        result = CliRunner().invoke(main, arguments)
        assert result.exit_code == 0, result.output
    done = dg(tmp_path, "launch", "--assets", "yt_cc_source,caption_words", "--partition", "a", home=home / "dagster")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    store = Store(str(home / "artefacts"), home / "cache")
    assert store.current("caption_words", "a") is not None
    with DagsterInstance.from_config(str(home / "dagster")) as instance:
        (run,) = instance.get_runs()
        assert run.is_success, "the UI of this home shows the run"


@pytest.mark.live
@pytest.mark.timeout(400)
def test_dg_finds_nothing_wrong(tmp_path: Path) -> None:
    done = dg(tmp_path, "check", "defs")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "All definitions loaded successfully" in done.stdout + done.stderr
