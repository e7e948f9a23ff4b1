"""The worker over a real store: a checkpoint artifact and events in, commentary rows out."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa

from livecc_assets.commentary import assets
from livecc_assets.commentary.schemas import SCHEMAS
from livecc_assets.graph.step import steps_of
from livecc_assets.runtime.task import Task
from livecc_assets.store.artifact import Artifact
from livecc_assets.store.store import Store

CONFIG = {
    "max_new_tokens": 4, "repetition_penalty": 1.0, "positions": "train-consistent", "eviction_sec": 240, "dtype": "float32",
    "device": "cpu", "video": {"fps": 2.0, "max_frames": 120, "min_pixels": 3136, "frame_pixels": 3136,
    "total_pixels": 3010560, "stream_max_pixels": 3136}, "blank_frames": False, "instruct": True,
}  # fmt: skip


def _checkpoint(store: Store, files: dict[str, Path]) -> Artifact:
    writer = store.write("livecc_instruct", "test", "c" * 16, None, code_version="1", config={}, upstream=[])
    for name, path in files.items():
        writer.add_file(path, name)
    writer.commit()
    found = store.at(store.place("livecc_instruct", "test", "c" * 16))
    assert found
    return found


def _events(store: Store, rows: list[dict[str, Any]]) -> Artifact:
    schema = pa.Table.from_pylist(rows).schema
    writer = store.write("livesports_events", "all", "e" * 16, schema, code_version="1", config={}, upstream=[])
    writer.extend(rows)
    writer.commit()
    found = store.at(store.place("livesports_events", "all", "e" * 16))
    assert found
    return found


def _run(store: Store, home: Path, inputs: dict[str, list[Artifact]], config: dict[str, Any], key: str) -> Artifact:
    asset = "livesports_commentary"
    writer = store.write(asset, "test", key, SCHEMAS[asset], code_version="1", config=config, upstream=[])
    steps_of(assets)[asset](Task(asset, config, home, inputs, writer, key))
    writer.commit()
    found = store.at(store.place(asset, "test", key))
    assert found
    return found


def test_events_become_a_table_with_reasons_for_what_is_missing(
    video: Path, model_folder: Path, tmp_path: Path
) -> None:
    event = {
        "video_id": "v", "event_id": 0, "batch": "", "path": str(video), "sha256": None,
        "begin": 0.0, "end": 8.0, "class": "football",
        "event_title": "Red shoots", "event_asr_text": "", "preasr_text": "",
    }  # fmt: skip
    events = [event, event | {"event_id": 1, "path": str(tmp_path / "gone.mp4")}, event | {"event_id": 2, "begin": 4.0}]
    store = Store(str(tmp_path / "root"), tmp_path / "cache")
    checkpoint = _checkpoint(store, {path.name: path for path in model_folder.iterdir()})
    given = {"livecc_instruct": [checkpoint], "livesports_events": [_events(store, events)]}
    plain = _run(store, tmp_path, given, CONFIG, "1" * 16)
    rows = {row["event_id"]: row for row in plain.rows()}
    assert sorted(rows) == [0, 2]
    assert rows[2]["utterances"][0]["start"] == 4.0 and rows[0]["pred"].endswith("...")
    assert [(r["id"], r["kind"]) for r in plain.rejected()] == [("v_1", "error")]
    about = plain.manifest.metadata
    assert (
        about["mode"] == "evaluation"
        and about["times_real_time"] > 0
        and 0 <= about["synchrony"] <= 1
        and about["intervals"] > 0
        and about["checkpoint"] == "livecc_instruct[test]"
    )
    blind = _run(store, tmp_path, given, CONFIG | {"blank_frames": True}, "2" * 16)
    base = _run(store, tmp_path, given, CONFIG | {"instruct": False}, "3" * 16)
    texts = [[row["pred"] for row in table.rows()] for table in (plain, blind, base)]
    assert texts[0] != texts[1] and texts[0] != texts[2], "frames and the form of the context reach the model"


def test_checkpoint_taken_by_reference_is_resolved(video: Path, model_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "reference.json").write_text(json.dumps({"model": str(model_folder)}))
    store = Store(str(tmp_path / "root"), tmp_path / "cache")
    event = {
        "video_id": "v", "event_id": 0, "batch": "", "path": str(video), "sha256": None,
        "begin": 0.0, "end": 5.0, "event_title": "", "preasr_text": "",
    }  # fmt: skip
    checkpoint = _checkpoint(store, {"reference.json": tmp_path / "reference.json"})
    given = {"livecc_instruct": [checkpoint], "livesports_events": [_events(store, [event])]}
    assert _run(store, tmp_path, given, CONFIG, "4" * 16).count == 1
