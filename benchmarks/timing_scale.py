"""Seconds and memory that scores of timing take of games of hours (method 4.8).

    python benchmarks/timing_scale.py [--hours 1 3 9] [--loop] [--json]

The game is made up as it is read: a human who speaks in bursts, and a commentary that says two words in three of it, up to two
seconds late, in intervals of a second. `--loop` says one and the same word all the time, on both sides: the worst case of the
matching. Memory is the peak of what Python holds while the minutes come, by tracemalloc, in a second pass.
"""

import argparse
import json
import sys
import time
import tracemalloc
from collections.abc import Iterator
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from livecc_assets.commentary.utterance import Utterance
from livecc_assets.core.words import Word
from livecc_assets.evaluation.timing import Stretch, stretches
from livecc_assets.evaluation.timing_score import metrics, sums_of

#: Words that a commentator knows, the common ones first, and those said in one go.
VOCABULARY, BURST = 2000, (4, 25)


def human(seconds: float, loop: bool, seed: int = 0) -> Iterator[Word]:
    """Words of a human, in order of time."""
    rng, now = np.random.default_rng(seed), 0.5
    while now < seconds - 1:
        for _ in range(int(rng.integers(*BURST))):
            length = float(rng.uniform(0.15, 0.4))
            word = "goal" if loop else f"w{min(int(rng.zipf(1.3)), VOCABULARY)}"
            yield {"start": now, "end": now + length, "word": word}
            now += length
        now += 0.0 if loop else float(rng.uniform(0.5, 6))


def commentary(seconds: float, loop: bool, seed: int = 0) -> Iterator[Utterance]:
    """Intervals of a second with what the human says up to two seconds before, a third of it left out."""
    rng, words = np.random.default_rng(seed + 1), human(seconds, loop, seed)
    waiting: list[tuple[float, str]] = []
    one = next(words, None)
    for start, end in pairwise(chain([0], range(3, int(seconds) + 1))):
        while one is not None and one["end"] <= end:
            if rng.random() < 2 / 3:
                waiting.append((one["end"] + float(rng.uniform(0, 2)), one["word"]))
            one = next(words, None)
        said = [word for due, word in waiting if due <= end]
        waiting = [(due, word) for due, word in waiting if due > end]
        yield Utterance(float(start), float(end), " ".join(said), latency=float(rng.uniform(0.05, 0.4)))


def minutes(hours: float, loop: bool) -> Iterator[Stretch]:
    """The counts of a game."""
    return stretches(commentary(3600 * hours, loop), human(3600 * hours, loop))


def measured(hours: float, loop: bool) -> dict[str, Any]:
    """One game: seconds of making it up, of counting it and of the intervals; megabytes at the peak of counting."""
    began = time.perf_counter()
    words = sum(1 for _ in human(3600 * hours, loop)) + sum(one.words for one in commentary(3600 * hours, loop))
    made = time.perf_counter()
    found = list(minutes(hours, loop))
    counted = time.perf_counter()
    rates = {name: metric.rate(sums_of(found), range(len(found))) for name, metric in metrics().items()}
    told = time.perf_counter()
    tracemalloc.start()
    for _ in minutes(hours, loop):
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return {
        "hours": hours,
        "words": words,
        "counting_s": round(counted - made - (made - began), 2),
        "intervals_s": round(told - counted, 2),
        "peak_mb": round(peak / 1e6, 2),
        "timely_f1": [round(one, 2) for one in rates["timely_f1"][:3]] if rates["timely_f1"] else None,
    }


def main() -> None:
    """Measure games of the given lengths."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, nargs="+", default=[1, 3, 9])
    parser.add_argument("--loop", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    runs = [measured(hours, options.loop) for hours in options.hours]
    if options.json:
        print(json.dumps({"name": "timing_scale", "runs": runs}))
        return
    for one in runs:
        print(", ".join(f"{name} {value}" for name, value in one.items()))


if __name__ == "__main__":
    main()
