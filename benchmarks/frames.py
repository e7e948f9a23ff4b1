"""How fast frames are read, beside decoding a file through with FFmpeg's own threads and beside decord 0.6.

python benchmarks/frames.py [--film NAME ...] [--file PATH ...] [--repeats N] [--cache FOLDER] [--json]

Two jobs: strict 2 fps at the model's size, and 8 spread frames at full size. All sides give the same frames in the same size and
take turns. Decord is measured in two ways: full frames that are then resized as ours are, and its own scaler, whose pixels are
others. It lives in an environment of its own in the cache folder, as do the films, which are made by the recipe in
``frames_films.py``.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from benchmarks.frames_films import FILMS, film, share_without_reference
from livecc_assets.media.budget import video_size
from livecc_assets.media.frames import Video
from livecc_assets.media.resize import read_resized, resize_frames
from livecc_assets.media.sampling import evenly_spaced, strict_fps

Size = tuple[int, int] | None
DECORD = ("decord==0.6.0", "numpy<2")
_DECORD_SIDE = """
import json, sys, time
import decord
path, indices, size = sys.argv[1], json.loads(sys.argv[2]), json.loads(sys.argv[3])
wall, cpu = time.perf_counter(), time.process_time()
reader = decord.VideoReader(path, **({"height": size[0], "width": size[1]} if size else {}))
frames = reader.get_batch(indices).asnumpy()
print(json.dumps([time.perf_counter() - wall, time.process_time() - cpu, list(frames.shape)]))
"""


def ours(path: str, indices: list[int], size: Size) -> np.ndarray:
    """As the project reads: frame table, wanted frames, resized one by one."""
    with Video.open(path) as video:
        return video.frames(indices) if size is None else read_resized(video, indices, size).numpy()


def through(path: str, indices: list[int], size: Size) -> np.ndarray:
    """Every frame decoded with PyAV's threads, the wanted ones converted and resized as ours are."""
    wanted, found = set(indices), []
    with av.open(path) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        for number, frame in enumerate(container.decode(stream)):
            if number in wanted:
                pixels = np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8)
                found.append(pixels if size is None else resize_frames(pixels[None], size)[0].numpy())
    return np.stack(found)


def decord_python(cache: Path) -> str | None:
    """The interpreter of decord's environment; None where it cannot be installed."""
    folder = cache / "decord"
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *DECORD]
    done = subprocess.run(install, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"decord is left out: {done.stderr.strip().splitlines()[-1]}", file=sys.stderr)
        return None
    return str(python)


def decord(python: str, path: str, indices: list[int], size: Size) -> tuple[float, float] | None:
    """Seconds and CPU seconds of decord; None where it cannot read the file."""
    command = [python, "-c", _DECORD_SIDE, path, json.dumps(indices), json.dumps(size)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return None
    wall, cpu, _ = json.loads(done.stdout.strip().splitlines()[-1])
    return wall, cpu


def resizing(path: str, count: int, size: tuple[int, int]) -> tuple[float, float]:
    """Seconds and CPU seconds of resizing so many frames: what decord's environment, without torch, cannot do itself."""
    with Video.open(path) as video:
        frame = video.frames([0])
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(count):
        resize_frames(frame, size)
    return time.perf_counter() - wall, time.process_time() - cpu


def timed(job: Callable[[], np.ndarray]) -> tuple[float, float, np.ndarray]:
    """Seconds, CPU seconds of all threads, and what the job gives."""
    wall, cpu = time.perf_counter(), time.process_time()
    made = job()
    return time.perf_counter() - wall, time.process_time() - cpu, made


def measure(path: str, python: str | None, repeats: int) -> dict[str, Any]:
    """Ratios of each job for one file: other side / ours, by the clock and by CPU seconds."""
    with Video.open(path) as video:
        sampled = list(dict.fromkeys(strict_fps(video.end_pts)))
        spread = evenly_spaced(len(video), 8)
        size = video_size(len(sampled), video.height, video.width)
    jobs: dict[str, tuple[list[int], Size]] = {"strict 2 fps": (sampled, size), "8 spread frames": (spread, None)}
    report: dict[str, Any] = {}
    for job, (indices, wanted) in jobs.items():
        runs: dict[str, list[tuple[float, float]]] = {}
        for _ in range(repeats):
            wall, cpu, mine = timed(lambda i=indices, w=wanted: ours(path, i, w))
            runs.setdefault("ours", []).append((wall, cpu))
            wall, cpu, whole = timed(lambda i=indices, w=wanted: through(path, i, w))
            runs.setdefault("decoding through", []).append((wall, cpu))
            if not np.array_equal(mine, whole):
                raise SystemExit(f"{path}: {job}: the frames differ")
            del mine, whole
            for side, asked in {"decord": None, "decord scaling": wanted}.items():
                if python is not None and (side == "decord" or asked is not None):
                    took = decord(python, path, indices, asked)
                    if took is not None:
                        more = (
                            (0.0, 0.0) if side != "decord" or wanted is None else resizing(path, len(indices), wanted)
                        )
                        runs.setdefault(side, []).append((took[0] + more[0], took[1] + more[1]))
        report[job] = {"frames": len(indices), "size": wanted, "seconds": _seconds(runs), "ratios": _ratios(runs)}
    return report


def _seconds(runs: dict[str, list[tuple[float, float]]]) -> dict[str, dict[str, list[float]]]:
    names = ("wall", "cpu")
    return {side: {n: [round(r[k], 2) for r in took] for k, n in enumerate(names)} for side, took in runs.items()}


def _ratios(runs: dict[str, list[tuple[float, float]]]) -> dict[str, dict[str, float]]:
    """Of each turn: the other side's seconds over ours; the least and the median of all turns, and of CPU seconds."""
    found = {}
    for side, took in runs.items():
        if side != "ours":
            each = [theirs[0] / mine[0] for theirs, mine in zip(took, runs["ours"], strict=True)]
            cpu = [theirs[1] / mine[1] for theirs, mine in zip(took, runs["ours"], strict=True)]
            values = {"min": min(each), "median": statistics.median(each), "cpu_median": statistics.median(cpu)}
            found[side] = {name: round(value, 2) for name, value in values.items()}
    return found


def main() -> None:
    """Measure the films named, and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--film", action="append", choices=list(FILMS), help="films of the recipe; all by default")
    parser.add_argument("--file", action="append", default=[], help="a further video to measure")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "livecc-benchmarks")
    parser.add_argument("--json", action="store_true", help="print one object")
    args = parser.parse_args()
    args.cache.mkdir(parents=True, exist_ok=True)
    python = decord_python(args.cache)
    names = args.film or ([] if args.file else list(FILMS))
    paths = {name: str(film(args.cache, name)) for name in names} | {Path(file).name: file for file in args.file}
    results: dict[str, Any] = {}
    for name, path in paths.items():
        results[name] = measure(path, python, args.repeats) | {"without_reference": share_without_reference(path)}
        if not args.json:
            _tell(name, results[name])
            sys.stdout.flush()
    if args.json:
        machine = {"cpus": os.cpu_count(), "python": platform.python_version(), "av": av.__version__}
        ratios = {name: {job: found[job]["ratios"] for job in found if " " in job} for name, found in results.items()}
        report = {
            "name": "frames",
            "ratios": ratios,
            "runs": results,
            "machine": machine | {"torch": torch.__version__},
        }
        print(json.dumps(report))


def _tell(name: str, found: dict[str, Any]) -> None:
    share = found["without_reference"]
    print(name + ("" if share is None else f": no frame refers to {share:.0%} of the frames"))
    for job, measured in found.items():
        if isinstance(measured, dict):
            for side, ratio in measured["ratios"].items():
                print(
                    f"  {job}: {side} takes {ratio['median']:.2f} times as long "
                    f"(least {ratio['min']:.2f}; CPU seconds {ratio['cpu_median']:.2f})"
                )


if __name__ == "__main__":
    main()
