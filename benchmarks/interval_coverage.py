"""How often an interval holds the truth, and how wide it is beside one that knows how the videos scatter (method 4.7).

    python benchmarks/interval_coverage.py [--runs 1000] [--videos 5 10 40] [--events 1 3 10 40] [--bootstrap] [--json]

A video's rate is drawn from a beta distribution with the given mean and correlation, its events from that rate. The
oracle's interval is mean +- 1.96 standard errors that it knows. Three tasks of 7, 4 and 1 questions are averaged as
MVBench is, each question of a video of its own, and with two questions of a video in different tasks. `--bootstrap`
measures a bootstrap over videos in its place.
"""

import argparse
import json
import math
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from livecc_assets.evaluation.intervals import rate
from livecc_assets.evaluation.statistics import cluster_sums

RATES, CORRELATIONS = (0.1, 0.3, 0.5, 0.7, 0.9), (0.0, 0.1, 0.3)
STRATA = (7, 4, 1)
PROMISED = {"coverage": 0.93, "width": 1.3}
Ends = tuple[float, float]
Interval = Callable[[np.ndarray, np.ndarray, np.ndarray], Ends]


def ours(values: np.ndarray, videos: np.ndarray, strata: np.ndarray, draws: int = 2000) -> Ends:
    """The interval of the scores."""
    found = rate(values, videos.tolist(), strata.tolist(), draws=draws)
    return found.low, found.high


def resampled(values: np.ndarray, videos: np.ndarray, strata: np.ndarray) -> Ends:
    """The percentile bootstrap over videos, in each stratum by itself."""
    draws = []
    for name in np.unique(strata):
        inside = strata == name
        sums = cluster_sums(videos[inside].tolist(), np.stack([values[inside], np.ones(inside.sum())], axis=1))
        counts = np.random.default_rng(int(name)).multinomial(len(sums), np.full(len(sums), 1 / len(sums)), size=1000)
        drawn = counts @ sums
        draws.append(drawn[:, 0] / drawn[:, 1])
    low, high = np.quantile(np.mean(draws, axis=0), [0.025, 0.975])
    return float(low), float(high)


def drawn(rng: np.random.Generator, videos: np.ndarray, p: float, rho: float) -> np.ndarray:
    """Events [N] of the videos that they name."""
    count = int(videos.max()) + 1
    own = rng.beta(p * (1 - rho) / rho, (1 - p) * (1 - rho) / rho, count) if rho else np.full(count, p)
    return (rng.random(len(videos)) < own[videos]).astype(float)


def spread(videos: np.ndarray, strata: np.ndarray, p: float, rho: float) -> float:
    """Standard error of the mean over strata, as who knows the truth computes it."""
    size = np.bincount(strata)
    weight = 1 / len(size) / size[strata]
    apart, alike = (weight**2).sum(), (np.bincount(videos, weight) ** 2).sum()
    return math.sqrt(p * (1 - p) * ((1 - rho) * apart + rho * alike))


def cell(
    name: str, videos: np.ndarray, strata: np.ndarray, p: float, rho: float, runs: int, interval: Interval
) -> dict:
    """Coverage and width of one setting."""
    rng = np.random.default_rng([len(videos), int(100 * p), int(100 * rho), 7])
    ends = np.array([interval(drawn(rng, videos, p, rho), videos, strata) for _ in range(runs)])
    width = (ends[:, 1] - ends[:, 0]).mean()
    held = ((ends[:, 0] <= p) & (p <= ends[:, 1])).mean()
    oracle = 2 * 1.96 * spread(videos, strata, p, rho)
    return {
        "setting": name,
        "rate": p,
        "correlation": rho,
        "coverage": round(float(held), 4),
        "width": round(float(width / oracle), 4),
        "zero_width": int((ends[:, 1] <= ends[:, 0]).sum()),
    }


def settings(videos: Sequence[int], events: Sequence[int]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """(Videos, strata) of the items, by the setting's name."""
    found = {}
    for count in videos:
        for each in events:
            found[f"{count} videos x {each}"] = np.repeat(np.arange(count), each), np.zeros(count * each, dtype=int)
        # As in a benchmark: most videos have few events, some have many.
        sizes = np.array([(1, 1, 2, 3, 5, 8, 20)[number % 7] for number in range(count)])
        found[f"{count} videos x 1 to 20"] = np.repeat(np.arange(count), sizes), np.zeros(sizes.sum(), dtype=int)
    strata = np.repeat(np.arange(len(STRATA)), STRATA)
    found["tasks of 7, 4, 1"] = np.arange(len(strata)), strata
    found["tasks of 7, 4, 1, videos shared"] = np.array([0, 1, 2, 3, 4, 5, 6, 0, 1, 2, 3, 0]), strata
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Coverage and width of the intervals of scores.")
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--videos", type=int, nargs="*", default=[5, 10, 40])
    parser.add_argument("--events", type=int, nargs="*", default=[1, 3, 10, 40])
    parser.add_argument("--bootstrap", action="store_true")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    begin, rows = time.perf_counter(), []
    for name, (videos, strata) in settings(asked.videos, asked.events).items():
        alone = len(np.unique(videos)) == len(videos)
        for p in RATES:
            for rho in CORRELATIONS[:1] if alone else CORRELATIONS:
                rows.append(cell(name, videos, strata, p, rho, asked.runs, resampled if asked.bootstrap else ours))
    found: dict[str, Any] = {
        "method": "bootstrap" if asked.bootstrap else "ours",
        "runs": asked.runs,
        "lowest_coverage": min(row["coverage"] for row in rows),
        "mean_coverage": round(float(np.mean([row["coverage"] for row in rows])), 4),
        "widest": max(row["width"] for row in rows),
        "mean_width": round(float(np.mean([row["width"] for row in rows])), 4),
        "below_coverage": sum(row["coverage"] < PROMISED["coverage"] for row in rows),
        "above_width": sum(row["width"] > PROMISED["width"] for row in rows),
        "zero_width": sum(row["zero_width"] for row in rows),
        "settings": len(rows),
        "seconds": round(time.perf_counter() - begin, 1),
        "rows": rows,
    }
    if asked.json:
        print(json.dumps(found, indent=1))
        return
    for row in rows:
        beside = " ".join(f"{key} {row[key]}" for key in ("rate", "correlation", "coverage", "width"))
        print(f"{row['setting']:32} {beside}")
    print({key: value for key, value in found.items() if key != "rows"})


if __name__ == "__main__":
    main()
