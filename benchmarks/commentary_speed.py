"""What a second of commentary costs beside the published loop, and whether it costs the same after hours.

python benchmarks/commentary_speed.py [--minute M] [--seconds N] [--policy P] [--json]   N seconds of each side in turns
python benchmarks/commentary_speed.py --hours H [--policy P] [--json]      a stream of H hours, with `eviction: window` by default

A tiny random Qwen2-VL on one thread of the CPU; processor time, so that neighbours do not count. The loop
(`commentary_sides.py`) is the one of docs/method.md 3.2.
"""

import argparse
import json
import runpy
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
REPOSITORY = Path(__file__).resolve().parent.parent
SIDES = ("window", "paper", "none")


def make_model(folder: Path) -> Path:
    """The tests' tiny random model."""
    return runpy.run_path(str(REPOSITORY / "tests/commentary/conftest.py"))["make_model_folder"](folder)


class Side:
    """One side in its own process."""

    def __init__(self, name: str, folder: Path, minute: float) -> None:
        command = [sys.executable, "-W", "ignore", str(REPOSITORY / "benchmarks/commentary_sides.py"), name]
        self._process = subprocess.Popen(
            [*command, str(folder), str(minute)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        self.seconds: list[dict[str, Any]] = []

    def answer(self) -> str:
        """The next line; raises RuntimeError when the side has died."""
        assert self._process.stdout is not None
        while line := self._process.stdout.readline():
            if line.startswith(("ready", "{")):
                return line
        raise RuntimeError(f"A side of the benchmark ended with code {self._process.wait()}.")

    def second(self) -> None:
        """One more second of video."""
        assert self._process.stdin is not None
        self._process.stdin.write("go\n")
        self._process.stdin.flush()
        self.seconds.append(json.loads(self.answer()))

    def end(self) -> None:
        """Let the process finish."""
        self._process.communicate()


def at_minute(folder: Path, minute: float, seconds: int, policies: Sequence[str]) -> dict[str, Any]:
    """Medians of each side in ms of processor time for a second of video, in turns; ratios are those of the loop to it."""
    sides = {name: Side(name, folder, minute) for name in ("loop", *policies)}
    for side in sides.values():
        side.answer()
    for _ in range(seconds):
        for side in sides.values():
            side.second()
    for side in sides.values():
        side.end()
    found: dict[str, Any] = {"minute": minute, "seconds": seconds}
    for name, side in sides.items():
        last = side.seconds[-1]
        found[name] = {
            "cpu_ms": 1000 * statistics.median(one["cpu_s"] for one in side.seconds[1:]),
            "tokens": last["tokens"],
            "peak_mib": last["peak_mib"],
        }
    for name in policies:
        found[name]["times_faster"] = found["loop"]["cpu_ms"] / found[name]["cpu_ms"]
    return found


def long_run(folder: Path, hours: float, policy: str) -> dict[str, Any]:
    """A stream of ``hours`` with small frames: bytes of the cache, resident memory, processor time by block."""
    import psutil
    import torch

    from benchmarks.commentary_sides import blocks, stream
    from livecc_assets.commentary.engine import load_engine

    torch.set_num_threads(1)
    group = stream(load_engine(folder), policy)
    took: list[float] = []
    sizes: list[int] = []
    resident: list[int] = []
    for block in blocks(side=56):
        start = time.process_time()
        group.step([block])
        took.append(time.process_time() - start)
        sizes.append(group.decoder.cache.n_bytes)
        resident.append(psutil.Process().memory_info().rss)
        if len(took) >= hours * 3600:
            break
    span = min(600, len(took) // 3)
    warm = min(60, span // 2)  # the window is full, and allocators have settled
    early, late, steady = took[warm : warm + span], took[-span:], took[warm:]
    return {
        "hours": hours,
        "policy": policy,
        "cache_bytes": [sizes[warm], max(sizes), sizes[-1]],
        "resident_growth": max(resident[warm + span :]) / statistics.median(resident[warm : warm + span]) - 1,
        "p50_ms": 1000 * statistics.median(steady),
        "p95_first_ms": 1000 * _quantile(early, 0.95),
        "p95_last_ms": 1000 * _quantile(late, 0.95),
        "p95_ratio": _quantile(late, 0.95) / _quantile(early, 0.95),
        "p999_to_p50": _quantile(steady, 0.999) / statistics.median(steady),
    }


def _quantile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minute", type=float, default=10.0)
    parser.add_argument("--seconds", type=int, default=9)
    parser.add_argument(
        "--policy", choices=SIDES, action="append", help="eviction to measure; window and paper by default"
    )
    parser.add_argument("--hours", type=float, help="measure a long stream instead")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    options = parser.parse_args()
    # Libraries greet on standard output, which is the result's alone.
    with redirect_stdout(sys.stderr), tempfile.TemporaryDirectory() as temporary:
        folder = make_model(Path(temporary) / "model")
        found = (
            at_minute(folder, options.minute, options.seconds, options.policy or SIDES[:2])
            if options.hours is None
            else long_run(folder, options.hours, (options.policy or SIDES)[0])
        )
    if options.json:
        print(json.dumps(found))
    else:
        for key, value in found.items():
            print(f"{key:16} {value}")


if __name__ == "__main__":
    main()
