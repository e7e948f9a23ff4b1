"""The sample world on disk: batches of generated videos with sound, captions, metadata, truth and expected fates."""

import json
import multiprocessing
import os
import shutil
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Literal

from livecc_assets.sample.specials import BROKEN, SPECIALS
from livecc_assets.sample.videos import SampleVideo, match_video
from livecc_assets.store.progress import Progress

Kind = Literal["train", "test", "bad"]
#: Raised whenever the generator's output changes; worlds of another version are made anew.
VERSION = "1"
#: Seeds of the world's matches start here; whatever trains the tiny base stays below.
FIRST_SEED = 10_000_000
#: (batch, kind, number in its seeds, matches) of the demo.
BATCHES: tuple[tuple[str, Kind, int, int], ...] = (
    ("sample-a", "train", 1, 60),
    ("sample-b", "train", 2, 60),
    ("sample-test", "test", 3, 44),
)

Build = Callable[[], SampleVideo]


def generate_batch(
    folder: Path,
    name: str,
    seed: int,
    count: int,
    kind: Kind = "train",
    report: Callable[[int, int], None] | None = None,
) -> None:
    """Write `count` matches, and the special videos of `kind`, into `folder`; equal arguments give equal pictures and words.

    train: matches and one of each special. test: matches only. bad: `count` broken videos and one good one. Beside the
    folder, FOLDER.expected.json tells each special's fate by asset. Video ids begin with `name`. `report` hears
    (done, total).
    """
    folder.mkdir(parents=True, exist_ok=True)
    builds = plan_batch(name, seed, count, kind)
    workers = min(os.cpu_count() or 1, 8) if len(builds) >= 16 else 1
    write = partial(_write, folder)
    expected: dict[str, Any] = {}
    if workers == 1:
        results = map(write, builds)
        _collect(results, expected, len(builds), report)
    else:
        # Fresh processes: a fork of a process with threads may inherit a lock that nobody will ever release.
        with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
            _collect(pool.map(write, builds, chunksize=2), expected, len(builds), report)
    content = {**_stamp(name, seed, count, kind), "videos": expected}
    expected_path(folder).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def plan_batch(name: str, seed: int, count: int, kind: Kind = "train") -> list[Build]:
    """What `generate_batch` writes, each to be built by a call."""
    first = FIRST_SEED + 10_000 * seed
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
    folders, listed = {}, []
    for name, kind, seed, count in BATCHES:
        folder = root / name
        count = int(sizes.get(kind, count))
        _build_batch(folder, name, seed, count, kind)
        folders[name] = folder
        listed += [id for id, about in expected(folder).items() if about["special"] == "evaluation"]
    ids = "".join(f"{id}\n" for id in listed)
    path = root / "evaluation_videos.txt"
    if not path.is_file() or path.read_text("utf-8") != ids:
        path.write_text(ids, encoding="utf-8")
    return folders


def _build_batch(folder: Path, name: str, seed: int, count: int, kind: Kind) -> None:
    done = expected_path(folder)
    if done.is_file() and folder.is_dir():
        content = json.loads(done.read_text("utf-8"))
        if content.items() >= _stamp(name, seed, count, kind).items():
            return
    done.unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    progress = Progress(f"sample world {name}")
    generate_batch(folder, name, seed, count, kind, lambda at, total: progress(at, total, "videos made"))
    progress.close()


def _stamp(name: str, seed: int, count: int, kind: Kind) -> dict[str, Any]:
    return {"version": VERSION, "name": name, "seed": seed, "count": count, "kind": kind}


def _write(folder: Path, build: Build) -> tuple[str, dict[str, Any] | None]:
    """Write one video; its id, and its expected fates when it is special."""
    video = build()
    video.write(folder)
    fates = [vars(fate) for fate in video.fates]
    return video.id, {"special": video.special, "fates": fates} if video.special else None


def _collect(results: Any, expected: dict[str, Any], total: int, report: Callable[[int, int], None] | None) -> None:
    for done, (id, about) in enumerate(results, 1):
        if about:
            expected[id] = about
        if report:
            report(done, total)
