"""Notes on rows that are kept: counted with examples, listed where they are about a part that was left out, in no share."""

from pathlib import Path

import pyarrow as pa
import pytest

from livecc_assets.store.notes import EXAMPLES, LONGEST, Notes
from livecc_assets.store.parts import Parts, mark
from livecc_assets.store.rows import Note, Rejected
from tests.artifacts import new_store, write

SCHEMA = pa.schema([("n", pa.int64())])


def test_notes_are_counted_by_reason_with_the_first_few_examples() -> None:
    notes = Notes()
    for number in range(10):
        notes.add(Note(f"v{number}", "odd", f"detail {number}", "v", count=2))
    notes.add(Note("v", "long", "x" * 5000, "v"))
    found = notes.as_metadata()["notes"]
    assert found["odd"] == {"count": 20, "examples": [f"detail {number}" for number in range(EXAMPLES)]}
    assert len(found["long"]["examples"][0]) <= LONGEST + 3
    assert Notes().as_metadata() == {}


def test_notes_enlarge_no_count_and_no_share(tmp_path: Path) -> None:
    rows = [{"n": 1}, Rejected("b", "error", "broken", "d", "b"), Note("a#1", "part", "d", "a", kind="error"), {"n": 2}]
    rows += [Note(f"a#{number}", "part", "d", "a", kind="filtered") for number in range(2, 50)]
    rows += [Note("a", "remark", "d", "a")] * 50
    made = write(new_store(tmp_path), "x", "p", rows, SCHEMA)
    manifest = made.manifest
    assert (manifest.rows, manifest.rejected, manifest.reasons) == (2, 1, {"error:broken": 1})
    assert manifest.error_share == pytest.approx(1 / 3)
    assert len(list(made.rejected())) == 50, "the listed ones are there for whoever looks"
    assert {reason: one["count"] for reason, one in manifest.metadata["notes"].items()} == {"part": 49, "remark": 50}


def test_an_artifact_without_notes_says_nothing_of_them(tmp_path: Path) -> None:
    assert "notes" not in write(new_store(tmp_path), "x", "p", [{"n": 1}], SCHEMA).manifest.metadata


def test_notes_outlive_a_killed_worker_with_their_rows(tmp_path: Path) -> None:
    blobs = new_store(tmp_path).blobs
    kept = [{"n": 1}, Note("a", "remark", "d", "a", count=3), Rejected("b", "filtered", "r", "d", "b")]
    first = Parts(blobs, "x/parts", 2)
    first.keep(mark(0, "a"), 1, kept)
    first.keep(mark(1, "b"), 1, [{"n": 2}, Note("b#captions", "unreadable", "d", "b", kind="error")])
    first.flush()
    after = Parts(blobs, "x/parts", 2)
    assert after.take(mark(0, "a")) == kept
    assert after.take(mark(1, "b")) is None, "an error is looked at again: what was in the way may be gone"
