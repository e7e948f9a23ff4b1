"""What `livecc status` loads, and the state that benchmarks/cli_time.py measures it on."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks.cli_time import BATCHES, build
from livecc_assets.cli.main import main

HEAVY = ("av", "PIL", "dagster", "torch", "boto3", "cv2", "mlflow")


def test_status_loads_no_decoder_no_dagster_and_no_client_of_s3(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from livecc_assets.cli.main import main\n"
        f"main(['--home', {str(tmp_path)!r}, 'status'], standalone_mode=False)\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])\n"
    )
    environment = {name: text for name, text in os.environ.items() if not name.startswith("LIVECC_")}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_benchmarks_state_has_every_asset_in_the_demos_partitions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LIVECC_ROOT", "LIVECC_HOME", "LIVECC_PROFILE"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    made = build(tmp_path / "home")
    result = CliRunner().invoke(main, ["--home", str(tmp_path / "home"), "status", "--json"])
    assert result.exit_code == 0, result.output
    lines = json.loads(result.stdout)
    assert {line["state"] for line in lines} == {"current"}
    assert len(lines) == made
    assert {line["partition"] for line in lines if line["asset"] == "yt_cc_source"} == set(BATCHES)
    assert len({line["asset"] for line in lines}) == 27
