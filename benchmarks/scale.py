"""A corpus of 5.7 million videos in 2,850 batches, simulated: time and memory of what the orchestrator does with it.

    python benchmarks/scale.py [FOLDER] [--batches 2850] [--videos 2000] [--words 4] [--only join,status,inbox,daemon]

Makes the corpus (see scale_corpus.py) in FOLDER, or in a temporary one, then measures each part in a process of its own:

- join: the real step ``live_cc`` of the selection ``paper``: pins its inputs, joins and ranks all clips, writes the set
- status: what ``livecc status`` and the schedules ask, over all batches; and the listings behind it
- inbox: ticks of the sensor ``new_batches`` on an inbox with as many folders
- daemon: ticks of the automation conditions on a Dagster instance with as many partitions (scale_dagster.py)

SQLite flushes to the disk at every event; a memory file system (--database /dev/shm/scale) spares the minutes that
recording tens of thousands of them takes, and does not change the ticks, which read.

Prints one JSON line a part: seconds (by the wall, and _cpu on the processor), peak resident memory in MiB, counts, and the
machine's load before and after, for other work on it makes the wall's seconds longer.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve()
sys.path.insert(0, str(HERE.parent.parent))


class Clock:
    """Seconds by name: by the wall, and of all this process's threads on the processor, which a busy machine adds less to."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        started, busy = time.perf_counter(), time.process_time()
        yield
        self.seconds |= {
            name: round(time.perf_counter() - started, 2),
            f"{name}_cpu": round(time.process_time() - busy, 2),
        }


def corpus(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Make the corpus, and one folder of empty videos with captions that all its batches name."""
    from benchmarks.scale_corpus import Corpus, Size
    from livecc_assets.graph.settings import load_settings

    size, clock, videos = Size(options.batches, options.videos, options.words), Clock(), folder / "videos"
    videos.mkdir(parents=True, exist_ok=True)
    for number in range(size.videos):
        for ending in ("mp4", "en.vtt"):
            (videos / f"video-{number:06}.{ending}").touch()
    with clock("make"):
        Corpus(load_settings(), videos).fill(size)
    return {"videos": size.batches * size.videos, "batches": size.batches, "words_a_clip": size.words} | clock.seconds


def join(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """The step as Dagster runs it, without Dagster."""
    from livecc_assets.graph.plan import make_plan
    from livecc_assets.graph.settings import load_settings
    from livecc_assets.orchestration.steps import BY_ASSET
    from livecc_assets.runtime.task import Task, open_inputs

    settings, step, clock = load_settings(), BY_ASSET["live_cc"], Clock()
    store = settings.store()
    with clock("pin"):
        plan = make_plan(step, settings, store, "paper")
    with clock("open"):
        inputs = open_inputs(store, plan.upstream)
    writer = store.write(
        step.asset,
        "paper",
        plan.input_key,
        step.schema(),
        code_version=plan.code_version,
        config=plan.config,
        upstream=plan.upstream,
        replaces=store.etag(plan.place),
    )
    with clock("join_and_write"):
        step(Task(step.asset, plan.config, settings.home, inputs, writer, plan.input_key))
        made = writer.commit()
    sizes = {file.name: round(file.size / 2**20) for file in made.files}
    return {"rows": made.rows, "rejected": made.rejected, "reasons": made.reasons, "MiB": sizes} | clock.seconds


def status(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Standings of the whole graph; how often a manifest was read; listing of batches, partitions, objects, a source."""
    from collections import Counter

    from livecc_assets.graph.settings import load_settings
    from livecc_assets.graph.status import partition_statuses
    from livecc_assets.orchestration.steps import STEPS
    from livecc_assets.source.folders import listing_digest
    from livecc_assets.store.blobs import LocalBlobs

    settings, clock, reads = load_settings(), Clock(), Counter[str]()
    store, get = settings.store(), LocalBlobs.get

    def counted(self: LocalBlobs, key: str) -> Any:
        reads[key] += 1
        return get(self, key)

    with clock("list_one_source"):
        listing_digest(str(folder / "videos"))
    with clock("list_batches"):
        store.batches()
    with clock("list_partitions_of_an_asset"):
        store.partitions("caption_clips")
    with clock("list_all_objects"):
        objects = sum(1 for _ in store.blobs.listed(""))
    LocalBlobs.get = counted  # type: ignore[method-assign]
    with clock("partition_statuses"):
        found = partition_statuses(STEPS, settings, store)
    states = Counter(one.state for one in found)
    return {
        "states": states,
        "objects": objects,
        "reads": len(reads),
        "read_twice": sum(n > 1 for n in reads.values()),
    } | (clock.seconds)


def inbox(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Ticks of the inbox sensor."""
    from benchmarks.scale_dagster import inbox_ticks

    return inbox_ticks(folder / "inbox", options.batches)


def daemon(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Ticks of the automation conditions."""
    from benchmarks.scale_dagster import automation_ticks

    return automation_ticks(options.batches)


PARTS: dict[str, Callable[[Path, argparse.Namespace], dict[str, Any]]] = {
    "corpus": corpus,
    "join": join,
    "status": status,
    "inbox": inbox,
    "daemon": daemon,
}


def main() -> None:
    """Run the parts, each in a fresh process whose memory is its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--batches", type=int, default=2850)
    parser.add_argument("--videos", type=int, default=2000)
    parser.add_argument("--words", type=int, default=4)
    parser.add_argument("--database", type=Path, help="folder of Dagster's SQLite files (default: in FOLDER)")
    parser.add_argument("--only", default="", help="parts, joined by commas")
    parser.add_argument("--part", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part:
        before = os.getloadavg()[0]
        found = PARTS[options.part](options.folder, options) | {
            "load": [round(before, 1), round(os.getloadavg()[0], 1)]
        }
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(json.dumps({"part": options.part} | found | {"peak_MiB": peak}), flush=True)
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = (options.folder or Path(temporary)).resolve()
        made = (folder / "home" / "artefacts").is_dir()
        parts = options.only.split(",") if options.only else list(PARTS)
        for part in parts if made or "corpus" in parts else ["corpus", *parts]:
            dagster = (options.database or folder).resolve() / f"dagster-{part}"
            dagster.mkdir(parents=True, exist_ok=True)
            (dagster / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
            home = {"LIVECC_HOME": str(folder / "home"), "LIVECC_PROFILE": "paper", "DAGSTER_HOME": str(dagster)}
            subprocess.run(
                [sys.executable, "-W", "ignore", str(HERE), str(folder), "--part", part]
                + [f"--{name}={getattr(options, name)}" for name in ("batches", "videos", "words")],
                env=os.environ | home,
                check=True,
            )


if __name__ == "__main__":
    main()
