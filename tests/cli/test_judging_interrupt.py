"""An interrupted `livecc judge` waits for no answer, and what came is kept."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.mock_endpoint import MockEndpoint
from tests.waiting import until

EVENTS = 40


def files(folder: Path) -> dict[str, Path]:
    """Two commentaries and their events."""
    keys = [{"video_id": f"v{n}", "event_id": 0, "begin": 0, "end": 20} for n in range(EVENTS)]
    about = {"video": "v.mp4", "class": "Golf", "event_title": "t", "event_asr": json.dumps([[0, 5, "Red jumps."]])}
    rows = {
        "mine": [key | {"pred": f"red jumps {n}"} for n, key in enumerate(keys)],
        "theirs": [key | {"pred": "blue"} for key in keys],
        "events": [key | about for key in keys],
    }
    found = {name: folder / f"{name}.jsonl" for name in rows}
    for name, path in found.items():
        path.write_text("".join(json.dumps(row) + "\n" for row in rows[name]))
    return found


def test_a_judge_that_is_interrupted_ends_at_once_and_asks_again_only_what_was_under_way(tmp_path: Path) -> None:
    given = files(tmp_path)
    endpoint = MockEndpoint()
    command = [sys.executable, "-m", "livecc_assets", "--home", str(tmp_path / "home"), "judge", "--judge", "openai"]
    command += ["--model", "m", "--base-url", endpoint.url, "--workers", "4", "-o", str(tmp_path / "out.jsonl")]
    command += [
        "--predictions",
        str(given["mine"]),
        "--opponent",
        str(given["theirs"]),
        "--events",
        str(given["events"]),
    ]
    try:
        started = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ | {"LIVECC_HOME": ""})
        until(lambda: endpoint.paid >= 20 or started.poll() is not None, 60, "nothing is judged")
        endpoint.latency = 3600.0  # nobody answers any more
        until(lambda: endpoint.in_flight == 4, 30, "no call is under way")
        time.sleep(0.2)
        before = endpoint.paid
        began = time.monotonic()
        started.send_signal(signal.SIGINT)
        _, told = started.communicate(timeout=30)
        assert time.monotonic() - began < 15, "it waited for an answer"
        assert started.returncode == 130 and "livecc: interrupted" in told and "Traceback" not in told
        endpoint.latency = 0.0
        done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"LIVECC_HOME": ""}, timeout=60)
        assert done.returncode == 0, done.stderr
        assert endpoint.paid == 2 * EVENTS and before >= 20, "no verdict is paid for twice"
        assert len((tmp_path / "out.jsonl").read_text().splitlines()) == EVENTS
    finally:
        endpoint.close()
