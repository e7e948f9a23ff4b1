"""The benchmark for a GPU runs through on a tiny model, so that it does not break unseen."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks/gpu/commentary.py"


@pytest.mark.live
def test_the_script_measures_everything_on_a_small_model() -> None:
    options = [
        "--device",
        "cpu",
        "--small",
        "--minutes",
        "0.1",
        "--loop-minute",
        "0.2",
        "--limit",
        "500",
        "--most",
        "3",
    ]
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", str(SCRIPT), *options, "--json"], capture_output=True, text=True, check=True
    )
    found = json.loads(ran.stdout)
    assert found["alone"]["seconds"] == 24
    assert found["alone"]["static"]
    assert 0 < found["alone"]["p50_s"] <= found["alone"]["p95_s"]
    assert found["loop"]["p50_s"] > 0
    assert 0 < found["token"]["bandwidth_share"] < 1
    assert list(found["sessions"]["p95_s"])[:1] == ["2"]
    assert found["sessions"]["p95_s"]["2"] > 0
