"""``livecc ui``: two servers up, and none left behind when it ends."""

import time
from pathlib import Path

import pytest

from tests.cli.ui_server import WHERE, ask, running_ui
from tests.traps import imported, set_trap

LAUNCH = """
mutation ($selector: JobOrPipelineSelector!) {
  launchRun(executionParams: {selector: $selector, mode: "default"}) {
    __typename ... on LaunchRunSuccess { run { runId } } ... on InvalidSubsetError { message }
  }
}"""
STATUS = "query ($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"


def _run_from_the_ui(port: int, asset: str, job: str) -> str:
    """Launch one asset as the UI does; the state in which the run ends."""
    selector = WHERE | {"pipelineName": job, "assetSelection": [{"path": [asset]}]}
    launched = ask(port, LAUNCH, selector=selector)["launchRun"]
    assert launched["__typename"] == "LaunchRunSuccess", launched
    deadline, status = time.monotonic() + 300, "QUEUED"
    while status not in ("SUCCESS", "FAILURE", "CANCELED") and time.monotonic() < deadline:
        time.sleep(1)
        status = ask(port, STATUS, id=launched["run"]["runId"])["runOrError"]["status"]
    return status


@pytest.mark.live
def test_both_servers_come_up_the_queue_moves_and_sigterm_leaves_no_process_behind(tmp_path: Path) -> None:
    trap = set_trap(tmp_path)
    with running_ui(tmp_path, trap) as (port, _):
        # Through the queue of the shipped dagster.yaml, so the daemon has to be there, too.
        assert _run_from_the_ui(port, "evaluation_videos", "livesports") == "SUCCESS"
        assert (tmp_path / "artefacts" / "evaluation_videos" / "all").is_dir()
    assert imported(trap) == [], "nothing of the current folder was imported"
