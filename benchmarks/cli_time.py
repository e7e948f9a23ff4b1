"""Processor time of `livecc --help` and of `livecc status` over the demo's state, best of several fresh processes.

    python benchmarks/cli_time.py [--runs 3] [--home .livecc] [--json]

The promise is under 0.5 s for the help and under 1.5 s for the status. Where the state folder holds no demo, the status is that
of a store of the same size (every asset in every partition of the demo, small tables) in a temporary folder. A ratio is
the best run as a share of what is promised. Exit code 1 where one is above 1.
"""

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))
PROMISED = {"help": 0.5, "status": 1.5}
BATCHES = ("sample-a", "sample-b", "sample-test")


def value(kind: pa.DataType) -> Any:
    """Some value of an Arrow type."""
    if pa.types.is_struct(kind):
        return {field.name: value(field.type) for field in kind}
    if pa.types.is_list(kind):
        return []
    if pa.types.is_string(kind):
        return "x"
    return b"x" if pa.types.is_binary(kind) else False if pa.types.is_boolean(kind) else 0


def build(home: Path) -> int:
    """A state folder of the demo's size; the number of artifacts."""
    from livecc_assets.graph.plan import make_plan
    from livecc_assets.graph.settings import load_settings
    from livecc_assets.graph.step import partitions_of
    from livecc_assets.orchestration.steps import STEPS

    settings = load_settings(home, root=str(home / "artefacts"), profile="sample")
    store, made = settings.store(), 0
    weights = home / "weights"
    home.mkdir(parents=True, exist_ok=True)
    weights.write_bytes(b"weights")
    for name in BATCHES:
        folder = home / "videos" / name
        folder.mkdir(parents=True)
        for number in range(60):
            (folder / f"{number}.mp4").write_bytes(b"")
        store.register_batch(name, {"uri": str(folder), "captions": "required"})
    for step in STEPS:
        schema = step.schema()
        for partition in partitions_of(step, settings, store):
            plan = make_plan(step, settings, store, partition)
            if store.at(plan.place) is None:
                writer = store.write(
                    step.asset, plan.stored_partition, plan.input_key, schema,
                    code_version=plan.code_version, config=plan.config, upstream=plan.upstream,
                )  # fmt: skip
                if schema is None:
                    writer.add_file(weights, "weights")
                else:
                    writer.add({field.name: value(field.type) for field in schema})
                writer.commit()
            store.set_current(step.asset, partition, plan.place)
            made += 1
    return made


def seconds(arguments: list[str], environment: dict[str, str]) -> float:
    """Processor time, user and system, of one `livecc` in a process of its own."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "livecc_assets", *arguments]
    subprocess.run(command, cwd=REPOSITORY, env=environment, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(home: Path, runs: int) -> dict[str, list[float]]:
    """Seconds of every run, by what was run."""
    outside = ("LIVECC_ROOT", "LIVECC_PROFILE", "LIVECC_HOME")
    environment = {name: text for name, text in os.environ.items() if name not in outside}
    commands = {"help": ["--help"], "status": ["--home", str(home), "status"]}
    for arguments in commands.values():  # the first run may have to compile
        seconds(arguments, environment)
    return {
        name: [round(seconds(arguments, environment), 3) for _ in range(runs)] for name, arguments in commands.items()
    }


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--home", type=Path, default=REPOSITORY / ".livecc")
    parser.add_argument("--json", action="store_true", help="print one object")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home, about = options.home, f"the demo's state in {options.home}"
        if not (home / "artefacts" / "leaderboard").is_dir():
            home = Path(folder) / "home"
            about = f"a store of {build(home)} artifacts, as large as the demo's"
        runs = measure(home, options.runs)
    best = {name: min(found) for name, found in runs.items()}
    ratios = {name: round(best[name] / promised, 3) for name, promised in PROMISED.items()}
    if options.json:
        machine = {"processors": os.cpu_count(), "system": platform.platform(), "python": platform.python_version()}
        print(json.dumps({"name": "cli_time", "ratios": ratios, "runs": runs, "machine": machine, "state": about}))
    else:
        for name, found in runs.items():
            each = ", ".join(f"{one:.2f}" for one in found)
            print(f"{name}: best {best[name]:.2f} s of processor time ({each}); promised are {PROMISED[name]:g} s")
        print(f"status of {about}")
    return int(max(ratios.values()) > 1)


if __name__ == "__main__":
    raise SystemExit(main())
