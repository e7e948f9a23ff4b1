"""Reading tables in pieces, finding scores by id, matching artifacts, and doing both ahead of time in order."""

import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from livecc_assets.curation import tables, threads
from livecc_assets.curation.inputs import by_partition, evaluation_ids
from livecc_assets.curation.tables import Scores, read
from tests.artifacts import new_store, write

SCHEMA = pa.schema([("id", pa.string()), ("score", pa.float64()), ("words", pa.string())])


class Rows:
    """Rows that are no artifact: read row by row."""

    def __init__(self, count: int) -> None:
        self.all = [{"id": f"c{number}", "score": float(number), "words": "w"} for number in range(count)]

    def rows(self, columns: Sequence[str] | None = None) -> Iterator[dict[str, Any]]:
        for row in self.all:
            yield {name: row[name] for name in columns} if columns else row


@pytest.mark.parametrize("count", [1, 63, 64, 65, 200])
def test_rows_become_pieces_of_64_and_none_is_lost(count: int) -> None:
    pieces = list(read(Rows(count), SCHEMA))
    assert [row for piece in pieces for row in piece.to_pylist()] == Rows(count).all
    assert all(len(piece) == tables.ROWS for piece in pieces[:-1])


def test_an_empty_table_is_one_empty_piece_with_the_wanted_columns(tmp_path: Path) -> None:
    stored = write(new_store(tmp_path), "scores", "a", [], SCHEMA)
    for table in (Rows(0), stored):
        (whole,), (narrow,) = list(read(table, SCHEMA)), list(read(table, SCHEMA, ["words", "id"]))
        assert (len(whole), whole.column_names) == (0, SCHEMA.names)
        assert (len(narrow), narrow.column_names) == (0, ["words", "id"])


def test_an_artifact_is_read_in_larger_pieces_when_only_some_columns_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "NARROW", 40)
    monkeypatch.setattr(tables, "FULL", 10)
    stored = write(new_store(tmp_path), "scores", "a", Rows(100).all, SCHEMA)
    narrow, full = list(read(stored, SCHEMA, ["id"])), list(read(stored, SCHEMA))
    assert [len(piece) for piece in narrow] == [40, 40, 20]
    assert [len(piece) for piece in full] == [10] * 10
    assert [row for piece in full for row in piece.to_pylist()] == Rows(100).all
    assert narrow[0].column_names == ["id"]


def test_scores_come_in_the_order_that_is_asked_for_and_null_where_there_are_none() -> None:
    found = Scores(Rows(5), SCHEMA, "id", "score", "words")
    asked = pa.chunked_array([["c3", "gone"], ["c0", "c3"]])
    assert {name: column.to_pylist() for name, column in found.of(asked).items()} == {
        "score": [3.0, None, 0.0, 3.0],
        "words": ["w", None, "w", "w"],
    }
    assert found.of(pa.chunked_array([], pa.string()))["score"].to_pylist() == []
    assert Scores(Rows(0), SCHEMA, "id", "score").of(asked)["score"].to_pylist() == [None] * 4


def test_artifacts_are_matched_for_the_partitions_that_have_all_of_them(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    clips = [write(store, "clips", name, [], SCHEMA) for name in ("b", "a", "c")]
    scores = [write(store, "scores", name, [], SCHEMA) for name in ("c", "b")]
    found = by_partition(scores, clips)
    assert list(found) == ["b", "c"]
    assert {name: [(one.asset, one.partition) for one in both] for name, both in found.items()} == {
        name: [("scores", name), ("clips", name)] for name in "bc"
    }
    assert by_partition(clips, []) == {}


def test_ids_of_every_benchmark_are_put_together(tmp_path: Path) -> None:
    schema = pa.schema([("video_id", pa.string()), ("benchmark", pa.string())])
    rows = [{"video_id": "a", "benchmark": "x"}, *({"video_id": name, "benchmark": "y"} for name in "ab")]
    assert evaluation_ids(write(new_store(tmp_path), "evaluation_videos", "all", rows, schema)) == {"a", "b"}


# -- threads -------------------------------------------------------------------------------------------------------------


def test_what_is_mapped_keeps_its_order_though_later_items_are_ready_first() -> None:
    last_done = threading.Event()

    def slow_first(number: int) -> int:
        if number == 0:
            assert last_done.wait(60)
        if number == 3:
            last_done.set()
        return number * 10

    assert list(threads.mapped(slow_first, range(8))) == [number * 10 for number in range(8)]


def test_no_more_items_are_begun_than_a_few_before_the_reader_asks() -> None:
    begun: list[int] = []
    found = threads.mapped(lambda number: begun.append(number) or number, iter(range(1000)))
    assert next(found) == 0
    assert len(begun) <= threads.READERS + 1
    found.close()  # type: ignore[attr-defined]
    assert len(begun) <= threads.READERS + 1


@pytest.mark.parametrize("way", ["mapped", "ahead"])
def test_an_error_comes_out_in_its_place_after_what_was_made_before_it(way: str) -> None:
    def checked(number: int) -> int:
        if number == 3:
            raise OSError("the disk is gone")
        return number

    made = threads.mapped(checked, range(9)) if way == "mapped" else threads.ahead(checked(n) for n in range(9))
    seen: list[int] = []

    def consume() -> None:
        for number in made:
            seen.append(number)

    with pytest.raises(OSError, match="the disk is gone"):
        consume()
    assert seen == [0, 1, 2]


def test_items_are_made_ahead_while_the_reader_is_busy_and_only_so_many() -> None:
    made: list[int] = []

    def items() -> Iterator[int]:
        for number in range(50):
            made.append(number)
            yield number

    found = threads.ahead(items())
    assert next(found) == 0
    deadline = time.monotonic() + 60
    while len(made) < threads.WAITING + 1 and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.05)
    assert len(made) == threads.WAITING + 1
    assert list(found) == list(range(1, 50))


def test_nothing_ahead_is_nothing_and_none_is_an_item() -> None:
    assert list(threads.ahead(iter(()))) == []
    assert list(threads.ahead(iter([None, 0, None]))) == [None, 0, None]
