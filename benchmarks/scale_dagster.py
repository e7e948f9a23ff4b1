"""Dagster's part of the simulation: ticks of the inbox sensor and of the automation conditions, on a real instance."""

import json
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import dagster as dg

from benchmarks.scale_corpus import batch_name


@contextmanager
def _timed(seconds: dict[str, float], name: str) -> Iterator[None]:
    started, busy = time.perf_counter(), time.process_time()
    yield
    seconds[name] = round(time.perf_counter() - started, 2)
    seconds[f"{name}_cpu"] = round(time.process_time() - busy, 2)


def inbox_ticks(inbox: Path, batches: int) -> dict[str, Any]:
    """Ticks of ``new_batches`` on a local inbox: with all folders new, with none new, with one new, a full sweep, and those
    that look at every batch once more.

    The sensor is called as the daemon's code server calls it, on the instance of DAGSTER_HOME; runs are not started. Its clock
    goes on by 90 s from tick to tick, so that a folder has settled at the second.
    """
    shutil.rmtree(inbox, ignore_errors=True)
    os.environ["LIVECC_HOME"] = str(inbox / "home")
    os.environ["LIVECC_INBOX"] = str(inbox / "drops")
    for number in range(batches):
        _drop(inbox / "drops" / batch_name(number))

    from jobs.inbox import tick as ticking
    from livecc_assets.definitions import defs

    sensor, seconds, cursor, asked = defs.resolve_sensor_def("new_batches"), dict[str, float](), None, 0
    now = time.time()
    ticking.clock = lambda: now

    def tick(name: str) -> int:
        nonlocal cursor, now
        now += 90
        context = dg.SensorEvaluationContext(
            instance.get_ref(),
            None,
            None,
            cursor,
            None,
            "__repository__",
            defs.get_repository_def(),
            sensor_name=sensor.name,
        )
        with context, _timed(seconds, name):
            found = sensor.evaluate_tick(context)
        for request in found.dynamic_partitions_requests or []:
            instance.add_dynamic_partitions(request.partitions_def_name, list(request.partition_keys))
        cursor = found.cursor
        return len(found.run_requests or [])

    with dg.DagsterInstance.get() as instance:
        ticks, before = 0, list(instance.get_dynamic_partitions("source_batch"))
        for name in before:
            instance.delete_dynamic_partition("source_batch", name)
        while asked < batches:
            ticks += 1
            asked += tick(f"arrival_tick_{ticks}")
        assert tick("nothing_new") == 0
        _drop(inbox / "drops" / "another")
        assert tick("one_new_folder") == 0
        assert tick("the_same_folder_at_rest") == 1
        cursor = json.dumps(json.loads(cursor or "{}") | {"swept": 0.0})
        assert tick("sweep_of_all_names") == 0
        _read_all()
        assert tick("look_at_all_batches") == 0
        return {"folders": batches, "ticks_to_take_them_all": ticks, "cursor_bytes": len(cursor or "")} | seconds


def _read_all() -> None:
    """An empty source table for every batch, which says what was listed."""
    from livecc_assets.graph.settings import load_settings
    from livecc_assets.source.folders import batch_listing
    from livecc_assets.source.schemas import SCHEMAS

    store, asset = load_settings().store(), "yt_cc_source"
    for name in store.batches():
        writer = store.write(asset, name, "key", SCHEMAS[asset], code_version="1", config={}, upstream=[])
        writer.metadata["listing"] = batch_listing(store.batch(name))
        writer.commit()
        store.set_current(asset, name, store.place(asset, name, "key"))


def _drop(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "v.mp4").touch()


def _copy_events(first: str, others: list[str]) -> None:
    """Record for the other batches what was recorded for the first, in one transaction on Dagster's database.

    Recorded one by one, tens of thousands of events take half an hour; the ticks under test cannot tell the difference.
    """
    place = Path(os.environ["DAGSTER_HOME"]) / "history" / "runs" / "index.db"
    with closing(sqlite3.connect(place, timeout=60)) as database, database:
        events = database.execute("SELECT * FROM event_logs WHERE partition = ? ORDER BY id", [first]).fetchall()
        (number,) = database.execute("SELECT max(id) FROM event_logs").fetchone()
        tag = "SELECT asset_key, key, value, event_timestamp FROM asset_event_tags WHERE event_id = ?"
        tags = {event[0]: database.execute(tag, [event[0]]).fetchall() for event in events}
        for other in others:
            for old, run, text, kind, at, step, asset, _ in events:
                number += 1
                row = (number, run, text.replace(first, other), kind, at, step, asset, other)
                database.execute("INSERT INTO event_logs VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
                for asset_key, key, value, stamp in tags[old]:
                    database.execute(
                        "INSERT INTO asset_event_tags (event_id, asset_key, key, value, event_timestamp) VALUES (?, ?, ?, ?, ?)",
                        (number, asset_key, key, value.replace(first, other), stamp),
                    )


def automation_ticks(batches: int) -> dict[str, Any]:
    """Ticks of all automation conditions of the graph, on the instance of DAGSTER_HOME, as the corpus is curated."""
    from livecc_assets.definitions import defs
    from livecc_assets.orchestration.steps import STEPS

    by_batch = [step.asset for step in STEPS if step.partitioned_by == "batch"]
    names, seconds, asked = [batch_name(number) for number in range(batches)], dict[str, float](), dict[str, int]()
    cursor = None

    def tick(name: str) -> None:
        nonlocal cursor
        with _timed(seconds, name):
            found = dg.evaluate_automation_conditions(defs=defs, instance=instance, cursor=cursor)
        cursor, asked[name] = found.cursor, found.total_requested

    def made(assets: list[str], partitions: list[str], version: str) -> None:
        for partition in partitions:
            for asset in assets:
                tags = {"dagster/data_version": f"{partition}-{version}"}
                instance.report_runless_asset_event(dg.AssetMaterialization(asset, partition=partition, tags=tags))

    with dg.DagsterInstance.get() as instance:
        tick("empty_graph")
        with _timed(seconds, "add_partitions"):
            instance.add_dynamic_partitions("source_batch", names)
        tick("all_batches_new")
        with _timed(seconds, "record_one_batch"):
            made(by_batch, names[:1], "1")
        _copy_events(names[0], names[1:-1])
        made(by_batch, names[-1:], "1")
        tick("all_batches_curated")
        for selection in ("live_cc", "live_whisperx"):
            made([selection], ["paper"], "1")
        tick("selected")
        tick("nothing_new")
        made(by_batch[:1], names[:1], "2")
        tick("one_source_changed")
        with _timed(seconds, "list_partitions"):
            instance.get_dynamic_partitions("source_batch")
        size = len(dg.serialize_value(cursor)) if cursor is not None else 0
        return {"partitions": batches, "requested": asked, "cursor_KiB": size // 1024} | seconds
