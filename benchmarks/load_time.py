"""How long the code location takes to load, in fresh processes. The promise is under 3 s on two cores.

python benchmarks/load_time.py [runs]
"""

import statistics
import subprocess
import sys
from pathlib import Path

CODE = (
    "import sys, time; start = time.perf_counter(); import livecc_assets.definitions; "
    "print(time.perf_counter() - start, len(sys.modules), 'torch' in sys.modules)"
)


def main() -> None:
    """Print every run and the median."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    seconds = []
    for number in range(runs):
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", CODE],
            cwd=Path(__file__).resolve().parent.parent,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        took, modules, torch = done.stdout.split()
        seconds.append(float(took))
        print(f"run {number + 1}: {float(took):.2f} s, {modules} modules, torch imported: {torch}")
    print(f"median {statistics.median(seconds):.2f} s, best {min(seconds):.2f} s of {runs}")


if __name__ == "__main__":
    main()
