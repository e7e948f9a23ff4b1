"""The sample world on disk: batches of generated videos with sound, captions, metadata, truth and expected fates."""

import json
import multiprocessing
import os
import shutil
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from livecc_assets.runtime.progress import Progress

if TYPE_CHECKING:
    from livecc_assets.sample.videos import SampleVideo

Kind = Literal["train", "test", "bad"]
#: Raised whenever the generator's output changes; worlds of another version are made anew.
VERSION = "1"
#: Seeds of the world's matches start here; whatever trains the tiny base stays below.
FIRST_SEED = 10_000_000
#: Matches from which starting further processes pays.
WORTH_A_POOL = 16
#: (batch, kind, number in its seeds, matches) of the demo.
BATCHES: tuple[tuple[str, Kind, int, int], ...] = (
    ("sample-a", "train", 1, 60),
    ("sample-b", "train", 2, 60),
    ("sample-test", "test", 3, 44),
)

Build = Callable[[], "SampleVideo"]


def generate_batch(
    folder: Path,
    name: str,
    seed: int,
    count: int,
    kind: Kind = "train",
    report: Callable[[int, int], None] | None = None,
    pool: Executor | None = None,
) -> None:
    """Write `count` matches, and the special videos of `kind`, into `folder`; equal arguments give equal pictures and words.

    train: matches and one of each special. test: matches only. bad: `count` broken videos and one good one. Beside the
    folder, FOLDER.expected.json tells each special's fate by asset. Video ids begin with `name`. `report` hears
    (done, total); `pool` shares the work.
    """
    folder.mkdir(parents=True, exist_ok=True)
    builds = plan_batch(name, seed, count, kind)
    write = partial(_write, folder)
    results = map(write, builds) if pool is None else pool.map(write, builds, chunksize=2)
    expected: dict[str, Any] = {}
    for done, (id, about) in enumerate(results, 1):
        if about:
            expected[id] = about
        if report:
            report(done, len(builds))
    content = {**_stamp(name, seed, count, kind), "videos": expected}
    expected_path(folder).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def plan_batch(name: str, seed: int, count: int, kind: Kind = "train") -> list[Build]:
    """What `generate_batch` writes, each to be built by a call."""
    first = FIRST_SEED + 10_000 * seed
    # Drawing and encoding take a third of a second to load, which `livecc status` need not wait for.
    from livecc_assets.sample.specials import BROKEN, SPECIALS
    from livecc_assets.sample.videos import match_video

    specials = {"train": SPECIALS, "test": (), "bad": tuple(BROKEN[n % len(BROKEN)] for n in range(count))}[kind]
    matches = 1 if kind == "bad" else count
    builds: list[Build] = [partial(match_video, f"{name}-{n:04}", first + n, n) for n in range(matches)]
    for n, make in enumerate(specials):
        prefix = f"{name}-{n:02}" if kind == "bad" else name
        builds.append(partial(make, prefix, first + 5_000 + n))
    return builds


def expected_path(folder: Path) -> Path:
    """Where the expected fates of the batch in `folder` lie: beside it, for in it every file counts as a video's."""
    return folder.with_name(f"{folder.name}.expected.json")


def expected(folder: Path) -> dict[str, dict[str, Any]]:
    """Fates by video id: {"special": its kind, "fates": [{"asset", "kind", "reason", "count"}]}."""
    return json.loads(expected_path(folder).read_text("utf-8"))["videos"]


def build_world(home: Path, profile: Mapping[str, Any]) -> dict[str, Path]:
    """Folders of the demo's batches by name, generated under home/sample unless they stand.

    The profile may set ``sample_world: {train: matches, test: matches}``. A batch counts as standing when its folder's
    expected.json, written last, is of this version and size; otherwise it is made anew. evaluation_videos.txt lists
    the ids that benchmarks keep from training, one a line.
    """
    root = home / "sample"
    sizes = profile.get("sample_world") or {}
    wanted: list[tuple[str, Kind, int, int]] = [
        (name, kind, seed, int(sizes.get(kind) or count)) for name, kind, seed, count in BATCHES
    ]
    missing = [batch for batch in wanted if not _stands(root / batch[0], *batch)]
    with ExitStack() as stack:
        pool = None
        if sum(count for *_, count in missing) >= WORTH_A_POOL:
            # Fresh processes: a fork of a process with threads may inherit a lock that nobody will ever release.
            workers = ProcessPoolExecutor(min(os.cpu_count() or 1, 8), multiprocessing.get_context("spawn"))
            pool = stack.enter_context(workers)
        for batch in missing:
            _make(root / batch[0], *batch, pool)
    folders = {name: root / name for name, *_ in wanted}
    listed = [id for f in folders.values() for id, about in expected(f).items() if about["special"] == "evaluation"]
    ids = "".join(f"{id}\n" for id in listed)
    path = evaluation_list(home)
    if not path.is_file() or path.read_text("utf-8") != ids:
        path.write_text(ids, encoding="utf-8")
    return folders


def evaluation_list(home: Path) -> Path:
    """Where `build_world` lists the ids of the videos that benchmarks keep from training."""
    return home / "sample" / "evaluation_videos.txt"


def _stands(folder: Path, name: str, kind: Kind, seed: int, count: int) -> bool:
    done = expected_path(folder)
    if not (done.is_file() and folder.is_dir()):
        return False
    return json.loads(done.read_text("utf-8")).items() >= _stamp(name, seed, count, kind).items()


def _make(folder: Path, name: str, kind: Kind, seed: int, count: int, pool: Executor | None) -> None:
    expected_path(folder).unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    progress = Progress(f"sample world {name}")
    generate_batch(folder, name, seed, count, kind, lambda at, total: progress(at, total, "videos made"), pool)
    progress.close()


def _stamp(name: str, seed: int, count: int, kind: Kind) -> dict[str, Any]:
    return {"version": VERSION, "name": name, "seed": seed, "count": count, "kind": kind}


def _write(folder: Path, build: Build) -> tuple[str, dict[str, Any] | None]:
    """Write one video; its id, and its expected fates when it is special."""
    video = build()
    video.write(folder)
    fates = [vars(fate) for fate in video.fates]
    return video.id, {"special": video.special, "fates": fates} if video.special else None
