"""From a model folder, three videos and published rows to the leaderboard, by the command, in an empty home."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.evaluation.published import VIDEOS, Published
from tests.media.film import make
from tests.mock_endpoint import MockEndpoint
from tests.training.conftest import qwen_processor, qwen_tokenizer, tiny_folder

__all__ = ["qwen_processor", "qwen_tokenizer", "tiny_folder"]

pytestmark = [pytest.mark.live, pytest.mark.timeout(1800)]

COMMENTED = ["livesports_cc_score", "livesports_commentary", "livesports_judgements"]


@pytest.fixture
def endpoint() -> Iterator[MockEndpoint]:
    one = MockEndpoint()
    yield one
    one.close()


def livecc(home: Path, *words: str) -> dict[str, Any]:
    """What a command of its own process prints as JSON."""
    left = ("LIVECC_HOME", "LIVECC_ROOT", "LIVECC_PROFILE", "DAGSTER_HOME", "MLFLOW_TRACKING_URI")
    environment = {name: value for name, value in os.environ.items() if name not in left}
    command = [sys.executable, "-m", "livecc_assets", "--home", str(home), *words, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=900)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def made(document: dict[str, Any]) -> dict[str, list[str]]:
    """What each job computed."""
    return {job["job"]: sorted(job["made"]) for job in document["jobs"]}


def test_a_folder_becomes_rows_with_intervals_and_one_byte_redoes_what_depends_on_it(
    tmp_path: Path, tiny_folder: Path, endpoint: MockEndpoint
) -> None:
    published = Published(tmp_path)
    published.model = tiny_folder
    for name in VIDEOS:
        make(published.videos / f"{name}.mp4", seconds=12, size=(112, 112))
    call = published.call(
        "--base", "--name", "mine", "--judge", "openai", "--judge-model", "m", "--base-url", endpoint.url,
        "--opponent", str(published.opponent), *published.benchmark("mvbench", "mvbench.jsonl"),
    )  # fmt: skip

    first = livecc(published.home, *call)
    assert made(first) == {
        "livesports": ["evaluation_videos", "livesports_events"],
        "train": ["livecc_base", "livecc_instruct"],
        "evaluate": [*COMMENTED, "mvbench_score"],
        "update_leaderboard": ["leaderboard"],
    }
    board = livecc(published.home, "leaderboard")["experiments"]["mine"]
    for metric, videos in (("win_rate", 3), ("mvbench", 3)):
        low, high = board[f"{metric}_interval"]
        assert 0 <= low < high <= 100 and board["videos"][metric] == videos
    rates = {row["metric"]: row for row in first["scores"]["livesports_cc_score"] if row["subset"] == "all"}
    assert rates["win_rate"]["value"] == board["win_rate"] and rates["win_rate"]["n"] == 6
    assert "against opponent, judge openai:m" in rates["win_rate"]["note"]

    calls = endpoint.calls
    again = livecc(published.home, "evaluate", "--checkpoint", str(tiny_folder), "--name", "mine")
    assert not any(made(again).values()) and endpoint.calls == calls, (
        "what stands is served, and nothing is asked again"
    )

    file = published.folder / "mvbench.jsonl"
    file.write_bytes(file.read_bytes().replace(b"Who?", b"Why?", 1))
    changed = livecc(published.home, "evaluate", "--checkpoint", str(tiny_folder), "--name", "mine")
    assert made(changed)["evaluate"] == ["mvbench_score"] and made(changed)["livesports"] == []
