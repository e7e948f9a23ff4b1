"""Time the demo, the demo again with nothing changed, and a changed threshold; all in one run, on a fresh state folder.

    python benchmarks/demo.py [STATE_FOLDER]

Prints seconds, the ratios to the first demo, and the event F1 of the experiments with the gain of streaming over blind.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

LIVECC = str(Path(sys.executable).with_name("livecc"))
SELECTION = Path(__file__).resolve().parent.parent / "livecc_assets" / "config" / "selections" / "sample.yaml"


def timed(*arguments: str) -> tuple[float, str]:
    """Seconds that a livecc command took, and what it printed."""
    started = time.perf_counter()
    done = subprocess.run(
        [LIVECC, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"livecc {' '.join(arguments)} failed:\n{done.stdout[-3000:]}")
    return time.perf_counter() - started, done.stdout


def main(home: Path) -> None:
    """Run the three and print the table."""
    os.environ["LIVECC_HOME"] = str(home)
    first, _ = timed("demo")
    second, said = timed("demo")
    recipe = yaml.safe_load(SELECTION.read_text())
    recipe["live_cc"]["loss"][1] -= 0.5
    (home / "selections").mkdir(exist_ok=True)
    (home / "selections" / "sample.yaml").write_text(yaml.safe_dump(recipe))
    third, selected = timed("select", "sample")
    untouched = next(line for line in said.splitlines() if "nothing was recomputed" in line)
    print(f"first demo          {first:7.1f} s")
    print(f"second demo         {second:7.1f} s  ratio {second / first:.3f}  {untouched}")
    print(f"changed threshold   {third:7.1f} s  ratio {third / first:.3f}  {selected.strip().splitlines()[-1]}")
    _, board = timed("leaderboard", "--json")
    document = json.loads(board)
    for name, one in document["experiments"].items():
        print(f"{name:20} event F1 {one['event_f1']:.1f} {one['event_f1_interval']}")
    print(json.dumps({key: document[key] for key in ("event_f1_gain", "baselines")}, indent=1))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]).resolve())
    else:
        with tempfile.TemporaryDirectory() as folder:
            main(Path(folder))
