"""What many viewers of one model cost beside the same viewers one after the other, and what a newcomer waits.

python benchmarks/many_streams.py [--viewers N] [--seconds S] [--rounds R] [--json]

A tiny random Qwen2-VL on one thread of the CPU. Each viewer has a video of its own, S seconds that say 14 tokens each, and
comes at a random time. Both sides see the same frames; they take turns, round by round, and must say the same tokens.
Throughput is counted in processor time; latencies are those of viewers in real time, in seconds of the clock, and so they
mean something on an idle machine only.
"""

import argparse
import json
import random
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from benchmarks.commentary_sides import WORDS, Talking
from benchmarks.commentary_speed import make_model
from livecc_assets.commentary import streams as module
from livecc_assets.commentary.config import CommentaryConfig
from livecc_assets.commentary.engine import Engine, load_engine
from livecc_assets.commentary.group import Group
from livecc_assets.commentary.interval import Block
from livecc_assets.commentary.streams import Streams

CONFIG = CommentaryConfig(max_new_tokens=WORDS, max_words_per_second=None, max_repeated_share=None)
#: The frames' side in pixels: 4 x 4 tokens for two frames.
SIDE = 112


def video(viewer: int, seconds: int) -> list[Block]:
    """Random frames of a viewer's own."""
    generator = torch.Generator().manual_seed(viewer)
    found = []
    for index in range(seconds):
        start, end = (0.0, 3.0) if index == 0 else (index + 2.0, index + 3.0)
        shape = (6 if index == 0 else 2, 3, SIDE, SIDE)
        found.append(Block(start, end, torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8)))
    return found


def one_by_one(engine: Engine, videos: Sequence[list[Block]]) -> tuple[float, list[list[str]]]:
    """Processor seconds, and what was said: each viewer alone, one after the other."""
    start, said = time.process_time(), []
    for blocks in videos:
        group = Group(engine, [Talking(engine.processor, CONFIG, "q")])
        said.append([group.step([block])[0].text for block in blocks])
    return time.process_time() - start, said


def together(engine: Engine, videos: Sequence[list[Block]], dice: random.Random) -> tuple[float, list[list[str]]]:
    """The same with all of them at once; they come in random order, at random times."""
    waits = [dice.random() * 0.5 for _ in videos]

    def watch(number: int) -> list[str]:
        time.sleep(waits[number])
        with streams.open("q") as stream:
            return [stream.show(block).text for block in videos[number]]

    start = time.process_time()
    with Streams(engine, CONFIG, most=len(videos)) as streams, ThreadPoolExecutor(len(videos)) as pool:
        said = list(pool.map(watch, range(len(videos))))
    return time.process_time() - start, said


def in_real_time(engine: Engine, viewers: int, seconds: int, dice: random.Random) -> dict[str, float]:
    """Latencies of viewers who each see a second of video a second: of their first blocks, and of the later ones."""
    joining: list[float] = []
    steady: list[float] = []
    lock = threading.Lock()
    starts = [dice.random() * seconds / 2 for _ in range(viewers)]
    videos = [video(viewer, seconds) for viewer in range(viewers)]

    def watch(number: int) -> None:
        due = began + starts[number]
        with streams.open("q") as stream:
            for index, block in enumerate(videos[number]):
                time.sleep(max(0.0, due + index - time.monotonic()))
                latency = stream.show(block).latency or 0.0
                with lock:
                    (steady if index >= 3 else joining).append(latency)

    with Streams(engine, CONFIG, most=viewers) as streams, ThreadPoolExecutor(viewers) as pool:
        began = time.monotonic()
        list(pool.map(watch, range(viewers)))
    p95 = [float(np.percentile(latencies, 95)) for latencies in (joining, steady)]
    return {"viewers": viewers, "joining_p95": p95[0], "steady_p95": p95[1], "joining_to_steady": p95[0] / p95[1]}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--viewers", type=int, default=64)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--live", type=int, default=16, help="viewers in real time")
    parser.add_argument("--json", action="store_true", help="print one object")
    options = parser.parse_args()
    dice = random.Random(0)
    module.Session = Talking  # type: ignore[misc]  # who is quick to fall silent measures nothing
    # Libraries greet on standard output, which is the result's alone.
    with redirect_stdout(sys.stderr), tempfile.TemporaryDirectory() as temporary:
        engine = load_engine(make_model(Path(temporary) / "model"))
        torch.set_num_threads(1)
        videos = [video(viewer, options.seconds) for viewer in range(options.viewers)]
        one_by_one(engine, videos[:2])
        ratios, equal = [], True
        for _ in range(options.rounds):
            alone, expected = one_by_one(engine, videos)
            shared, said = together(engine, videos, dice)
            ratios.append(alone / shared)
            equal = equal and said == expected
        live = in_real_time(engine, options.live, options.seconds, dice)
    found: dict[str, Any] = {
        "viewers": options.viewers, "same_words": equal, "times_throughput": statistics.median(ratios),
        "ratios": ratios, "real_time": live,
    }  # fmt: skip
    if options.json:
        print(json.dumps(found))
        return
    print(f"{options.viewers} viewers: {found['times_throughput']:.1f} times the throughput of one after the other")
    print(f"the same words: {'yes' if equal else 'NO'}")
    print("in real time, {viewers} viewers: p95 {joining_p95:.3f} s joining, {steady_p95:.3f} s steady".format(**live))


if __name__ == "__main__":
    main()
