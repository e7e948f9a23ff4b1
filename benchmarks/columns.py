"""A1 and B3 on columns against plain loops over rows (columns_loop.py) with the same output, on a made corpus.

    python benchmarks/columns.py [--videos 500] [--minutes 10] [--pairs 5] [--json]

A1 splits caption lines into words and cuts these into clips, B3 cuts recognised words at sentences. Both sides run in turn in
one process; their tables must be equal, or it ends with an error. A ratio is the median over the pairs of the loop's
processor time to that of the columns. The loop's rows are dicts in memory from the start, and its output is left as dicts:
a step that loops would also have to read them from a table and to make a table of them ("with tables").

Memory: the steps themselves, from one stored table to the next, each in a process of its own, for so many videos and for ten
times as many. Peaks are resident MiB.
"""

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute

HERE = Path(__file__).resolve()
sys.path.insert(0, str(HERE.parent.parent))
pc: Any = pyarrow.compute
#: Videos of a batch of the corpus, and words a second.
BATCH, SPEED = 100, 2.5
#: (Step, what it reads), in the order in which they run.
STEPS = (("caption_words", "yt_cc_source"), ("caption_clips", "caption_words"), ("sentence_clips", "spoken_words"))
PROMISED = {"A1": 5, "B3": 3}
GROWTH = 1.5
Rows = list[dict[str, Any]]
Tables = tuple[pa.Table, pa.Table]


def vocabulary() -> pa.Array:
    """4,000 words, each in four forms: plain, at the end of a sentence, at its start, and both."""
    letters = "etaoinshrdlucmfwypvbgkjqxz"
    plain = ["".join(letters[number // 26**k % 26] for k in range(1 + number % 3 + 2)) for number in range(4000)]
    return pa.array([form for word in plain for form in (word, f"{word}.", word.capitalize(), f"{word.capitalize()}.")])


def corpus(videos: int, minutes: float) -> Iterator[tuple[pa.Table, pa.Table]]:
    """(Rows of ``yt_cc_source`` with caption lines, rows of ``spoken_words``), some videos at a time.

    Speech with pauses, most of them between sentences; lines of 4 to 8 words, one in 50 a mark of music.
    """
    known, count = vocabulary(), int(minutes * 60 * SPEED)
    for begin in range(0, videos, BATCH):
        rng, some = np.random.default_rng(begin), min(BATCH, videos - begin)
        shape = some, count
        ends = rng.random(shape) < 0.08
        starts = np.roll(ends, 1, axis=1)
        starts[:, 0] = True
        pauses = rng.random(shape) < np.where(starts, 0.06, 0.001)
        times = np.cumsum(rng.gamma(2, 0.18, shape) + pauses * rng.uniform(2.5, 8, shape), axis=1)
        number = np.minimum(rng.zipf(1.3, shape) + rng.integers(0, 60, shape), 3999)
        names = [f"v{begin + index:07}" for index in range(some)]
        about = {
            "video_id": names,
            "batch": ["made"] * some,
            "path": [f"{name}.mp4" for name in names],
            "sha256": ["0" * 64] * some,
            "title": [f"A video about {name}" for name in names],
            "category": ["Sports"] * some,
        }
        said = known.take(pa.array((4 * number + ends + 2 * starts).ravel()))
        spoken = pa.StructArray.from_arrays(
            [pa.array(times.round(2).ravel()), pa.array((times + 0.25).round(2).ravel()), said],
            ["start", "end", "word"],
        )
        first = np.append(0, np.cumsum(rng.integers(4, 9, count // 4)))
        first = first[first < count]
        lines = len(first)
        places = (np.arange(some)[:, None] * count + first).ravel()
        text = pc.binary_join(_lists(np.append(places, some * count), known.take(pa.array(4 * number.ravel()))), " ")
        text = pc.if_else(pa.array(rng.random(some * lines) < 0.02), "[Music]", text)
        last = np.append(first[1:], count) - 1
        subtitles = pa.StructArray.from_arrays(
            [pa.array(times[:, first].round(3).ravel()), pa.array((times[:, last] + 0.3).round(3).ravel()), text],
            ["start", "end", "text"],
        )
        each = np.arange(some + 1)
        yield (
            _table("yt_cc_source", about | {"subtitles": _lists(each * lines, subtitles)}),
            _table("spoken_words", about | {"language": ["en"] * some, "words": _lists(each * count, spoken)}),
        )


def _lists(offsets: np.ndarray, values: pa.Array) -> pa.Array:
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), values)


def schema_of(asset: str) -> pa.Schema:
    """The columns of an asset that the steps read or write."""
    from livecc_assets.live_cc.words import READ
    from livecc_assets.orchestration.steps import BY_ASSET

    schema = BY_ASSET[asset].schema()
    return pa.schema([schema.field(name) for name in READ]) if asset == "yt_cc_source" else schema


def _table(asset: str, columns: dict[str, Any]) -> pa.Table:
    schema = schema_of(asset)
    count = len(columns["video_id"])
    found = (columns.get(field.name, [None] * count) for field in schema)
    return pa.table(
        [
            one.cast(f.type) if isinstance(one, pa.Array) else pa.array(one, f.type)
            for one, f in zip(found, schema, strict=True)
        ],
        schema=schema,
    )


def on_columns(batches: dict[str, list[pa.RecordBatch]]) -> dict[str, Callable[[], list[Tables]]]:
    """What the steps compute, from tables in memory to tables in memory."""
    from livecc_assets.live_cc.clips import clip_tables as caption_clips
    from livecc_assets.live_cc.words import word_tables
    from livecc_assets.live_whisperx.clips import clip_tables as sentence_clips
    from livecc_assets.store.rows import Piece

    def joined(pieces: list[Piece]) -> Tables:
        return pa.concat_tables([one.rows for one in pieces]), pa.concat_tables([one.rejected for one in pieces])

    def first() -> list[Tables]:
        words = joined(list(word_tables(batches["yt_cc_source"])))
        return [words, joined(list(caption_clips(words[0].to_batches(), {})))]

    return {"A1": first, "B3": lambda: [joined(list(sentence_clips(batches["spoken_words"], {})))]}


def in_loops() -> dict[str, Callable[[Rows], list[list[Any]]]]:
    """The same over rows."""
    from benchmarks import columns_loop
    from livecc_assets.graph.settings.video import ClipLimits

    def first(rows: Rows) -> list[list[Any]]:
        words = list(columns_loop.caption_words(rows, "corrected"))
        kept = (row for row in words if isinstance(row, dict))
        return [words, list(columns_loop.clips(kept, ClipLimits(), "previous"))]

    return {"A1": first, "B3": lambda rows: [list(columns_loop.clips(rows, ClipLimits(), "preasr"))]}


def as_tables(rows: list[Any], schema: pa.Schema) -> Tables:
    """Tables of the kept and of the rejected rows."""
    from livecc_assets.store.rows import REJECTED_SCHEMA

    kept, rejected = (
        [row for row in rows if isinstance(row, dict)],
        [row.as_row() for row in rows if not isinstance(row, dict)],
    )
    return pa.Table.from_pylist(kept, schema), pa.Table.from_pylist(rejected, REJECTED_SCHEMA)


def measure(videos: int, minutes: float, pairs: int) -> dict[str, dict[str, list[float]]]:
    """Seconds of each side of every pair: the loop, the reading and making of its tables, the columns."""
    reads, makes = {"A1": "yt_cc_source", "B3": "spoken_words"}, {"A1": ("caption_words", "caption_clips")}
    batches: dict[str, list[pa.RecordBatch]] = {"yt_cc_source": [], "spoken_words": []}
    for found in corpus(videos, minutes):
        for asset, table in zip(batches, found, strict=True):
            batches[asset] += table.to_batches()
    columns, loops, clock = on_columns(batches), in_loops(), time.process_time
    seconds: dict[str, dict[str, list[float]]] = {}
    for name, loop in loops.items():
        schemas = [schema_of(asset) for asset in makes.get(name, ("sentence_clips",))]
        seconds[name] = {"loop": [], "tables": [], "columns": []}
        for pair in range(pairs + 1):  # the first one warms up, and shows that both make the same
            started = clock()
            rows = [row for batch in batches[reads[name]] for row in batch.to_pylist()]
            read = clock()
            made = loop(rows)
            looped = clock()
            tables = [as_tables(one, schema) for one, schema in zip(made, schemas, strict=True)]
            told = clock()
            found = columns[name]()
            ended = clock()
            if pair:
                seconds[name]["loop"].append(looped - read)
                seconds[name]["tables"].append(read - started + told - looped)
                seconds[name]["columns"].append(ended - told)
            if not all(a[k].equals(b[k]) for a, b in zip(tables, found, strict=True) for k in (0, 1)):
                raise SystemExit(f"{name}: the loop and the columns make different tables")
    return seconds


def store_and_task(folder: Path, asset: str, reads: str | None) -> Any:
    """A store in a folder, and a step's task on it; only the input's writer for a step that reads nothing."""
    from livecc_assets.runtime.task import Task
    from livecc_assets.store.store import Store

    store = Store(str(folder / "artefacts"), folder / "cache")
    writer = store.write(asset, "made", "key", schema_of(asset), code_version="1", config={}, upstream=[])
    inputs = {reads: [store.at(store.place(reads, "made", "key"))]} if reads else {}
    return Task(asset, {"rule": "corrected"}, folder, inputs, writer, "key")  # type: ignore[arg-type]


def step(folder: Path, asset: str, options: argparse.Namespace) -> None:
    """Run one step on what is stored, or store the corpus; prints the peak of this process's memory."""
    reads = dict(STEPS).get(asset)
    if reads is None:
        written = [store_and_task(folder, name, None).writer for name in ("yt_cc_source", "spoken_words")]
        for found in corpus(options.videos, options.minutes):
            for writer, table in zip(written, found, strict=True):
                writer.add_table(table)
        for writer in written:
            writer.commit()
    else:
        from livecc_assets.orchestration.steps import BY_ASSET

        task = store_and_task(folder, asset, reads)
        BY_ASSET[asset](task)
        task.writer.commit()
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)


def peaks(videos: int, minutes: float) -> dict[str, int]:
    """MiB at most of each step's process."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for asset in ("corpus", *(asset for asset, _ in STEPS)):
            command = [sys.executable, str(HERE), "--step", asset, "--folder", folder]
            sizes = [f"--videos={videos}", f"--minutes={minutes}"]
            found[asset] = int(subprocess.run([*command, *sizes], check=True, stdout=subprocess.PIPE).stdout)
    return {asset: peak for asset, peak in found.items() if asset != "corpus"}


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--videos", type=int, default=500)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="print one object")
    parser.add_argument("--step", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        step(options.folder, options.step, options)
        return 0
    # Memory comes first: a process starts with the peak of the one that started it.
    memory = {str(videos): peaks(videos, options.minutes) for videos in (options.videos, 10 * options.videos)}
    seconds = measure(options.videos, options.minutes, options.pairs)
    ratios, whole = {}, {}
    for name, found in seconds.items():
        triples = list(zip(found["loop"], found["tables"], found["columns"], strict=True))
        ratios[name] = round(statistics.median(loop / columns for loop, _, columns in triples), 2)
        whole[name] = round(statistics.median((loop + tables) / columns for loop, tables, columns in triples), 2)
    if options.json:
        machine = {"processors": os.cpu_count(), "system": platform.platform(), "python": platform.python_version()}
        about = {"ratios": ratios, "ratios_with_tables": whole, "seconds": seconds, "peak_MiB": memory}
        print(json.dumps({"name": "columns", **about, "machine": machine}))
    else:
        for name, found in seconds.items():
            each = "; ".join(f"{side} " + ", ".join(f"{one:.2f}" for one in runs) for side, runs in found.items())
            print(
                f"{name}: {ratios[name]}x the loop, {whole[name]}x with tables; promised is {PROMISED[name]}x ({each} s)"
            )
        for videos, found in memory.items():
            print(f"{videos} videos: " + ", ".join(f"{asset} {peak} MiB" for asset, peak in found.items()))
    few, many = memory.values()
    grown = any(many[asset] > GROWTH * peak for asset, peak in few.items())
    return int(grown or any(ratios[name] < least for name, least in PROMISED.items()))


if __name__ == "__main__":
    raise SystemExit(main())
