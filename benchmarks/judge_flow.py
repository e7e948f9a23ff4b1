"""How fast verdicts come from a slow endpoint, what a second run asks, and what failures and a dead endpoint cost.

    python benchmarks/judge_flow.py [--full] [--events 340] [--latency 0.1] [--workers 32]

A mock endpoint on loopback answers after an exponential wait. ``--full`` is the benchmark's size: 1,702 events in both orders
at a mean of 1 s. Four runs, each printed with its target:

- flow: requests never wait for one another; at most 1.13 times latency x calls / workers (120 s at full size)
- again: no call, at most 5 s
- failures: 10 % of 429, 10 % of 500, 13 % of broken bodies; every verdict arrives
- dead: an endpoint that only fails, given up in less than 60 s and 100 calls
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))


def run(endpoint: Any, folder: Path, events: int, workers: int) -> tuple[int, float, str]:
    """(verdicts, seconds, error) of judging so many events."""
    from livecc_assets.core.errors import UserError
    from livecc_assets.evaluation.judge import judgements
    from livecc_assets.evaluation.judging import make_judge
    from livecc_assets.runtime.resuming import flowing
    from livecc_assets.store.blobs import LocalBlobs

    config = {"kind": "openai", "model": "mock", "base_url": endpoint.url, "workers": workers}
    judge = make_judge(config, folder, [], LocalBlobs(folder))
    rows = [{"video_id": f"v{n}", "event_id": 0, "event_asr_text": f"Red jumps over {n} men."} for n in range(events)]
    said, others = ({(row["video_id"], 0): text * 20 for row in rows} for text in ("red jumps ", "blue "))
    began, verdicts, error = time.monotonic(), 0, ""
    try:
        for made in flowing(rows, lambda one: list(judgements(judge, said, [one], "o", others)), judge.workers):
            verdicts += isinstance(made[0], dict)
    except UserError as why:
        error = str(why)
    return verdicts, time.monotonic() - began, error


def main() -> None:
    """Print the four runs."""
    from tests.mock_endpoint import MockEndpoint

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="1,702 events at a mean of 1 s")
    parser.add_argument("--events", type=int, default=340)
    parser.add_argument("--latency", type=float, default=0.1, help="mean seconds of an answer")
    parser.add_argument("--workers", type=int, default=32)
    given = parser.parse_args()
    events, latency = (1702, 1.0) if given.full else (given.events, given.latency)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        endpoint = MockEndpoint(latency=latency)
        verdicts, seconds, _ = run(endpoint, folder / "flow", events, given.workers)
        ideal = 2 * events * latency / given.workers
        print(
            f"flow      {verdicts} of {events} verdicts, {endpoint.calls} calls in {seconds:.1f} s; no wait at all: {ideal:.1f} s"
        )
        before = endpoint.calls
        verdicts, seconds, _ = run(endpoint, folder / "flow", events, given.workers)
        print(f"again     {verdicts} of {events} verdicts, {endpoint.calls - before} calls in {seconds:.1f} s")
        endpoint.close()
        endpoint = MockEndpoint(latency=latency, busy=0.10, failing=0.10, broken=0.13)
        verdicts, seconds, _ = run(endpoint, folder / "failures", events, given.workers)
        print(f"failures  {verdicts} of {events} verdicts, {endpoint.calls} calls in {seconds:.1f} s")
        endpoint.close()
        endpoint = MockEndpoint(failing=1.0)
        _, seconds, error = run(endpoint, folder / "dead", events, given.workers)
        print(f"dead      {endpoint.calls} calls in {seconds:.1f} s: {error}")
        endpoint.close()


if __name__ == "__main__":
    main()
