"""The join of both sets: its fixed order, and that neither the pieces nor what memory holds show in the result."""

import random
from collections.abc import Iterator
from hashlib import blake2b
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from livecc_assets.curation import join, ranks, tables
from livecc_assets.live_cc.schemas import SCHEMAS
from livecc_assets.live_cc.selection import ClipBatch, join_live_cc

CONFIG = {"loss": [1.5, 6.5], "talking_head_below": 0.3, "categories": ["Sports"], "size": 60}


class Stored:
    """A table that is read as an artifact's is, in record batches, and counts how often."""

    def __init__(self, asset: str, rows: list[dict[str, Any]]) -> None:
        self.table, self.reads = pa.Table.from_pylist(rows, SCHEMAS[asset]), 0

    def batches(self, *, columns: list[str] | None, batch_rows: int, threads: bool) -> Iterator[pa.RecordBatch]:
        self.reads += 1
        table = self.table.select(columns) if columns else self.table
        yield from table.to_batches(batch_rows)

    def rows(self, columns: Any = None) -> Any:
        raise AssertionError("a table of record batches is not read row by row")


def _batches() -> list[ClipBatch]:
    """Four batches of up to 120 clips, of which some are in two batches, lack a score or are refused."""
    rng, batches = random.Random(5), []
    for number, count in enumerate((120, 0, 77, 101)):
        ids = [f"v{number}-{place}" for place in range(count)] + [f"twice{place}" for place in range(3)]
        clips, losses, heads = [], [], []
        for video in ids:
            clips.append(
                {
                    "clip_id": f"{video}:0", "video_id": video, "batch": f"batch-{number}", "path": "u", "sha256": "0",
                    "title": "t", "start": 0.0, "end": 30.0,
                    "category": rng.choice(["Sports", "Sports", "Sports", "Music", None]), "previous": "",
                    "words": [{"start": 0.0, "end": 1.0, "word": "go"}] * rng.randrange(3), "words_per_second": 2.0,
                    "distinct_words": rng.randrange(20, 24),
                }
            )  # fmt: skip
            loss = {"clip_id": f"{video}:0", "video_id": video, "loss": rng.uniform(1, 7), "tokens": 9}
            losses += [loss] if rng.random() < 0.9 else []
            heads.append({"video_id": video, "score": rng.uniform(0, 0.4), "frames": 8})
        tables = zip(
            ("caption_clips", "caption_clip_losses", "talking_head_scores"), (clips, losses, heads), strict=True
        )
        batches.append(ClipBatch(f"batch-{number}", *(Stored(asset, rows) for asset, rows in tables)))
    return batches


def _joined(batches: list[ClipBatch]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    pieces = list(join_live_cc(batches, CONFIG, {"v0-3", "v2-5"}))
    return (
        [row for piece in pieces for row in piece.rows.to_pylist()],
        [row for piece in pieces for row in piece.rejected.to_pylist()],
    )


def test_every_clip_comes_out_once_in_batch_order_with_every_reason_there_is() -> None:
    batches = _batches()
    rows, rejected = _joined(batches[::-1])
    order = [row["clip_id"] for batch in batches for row in batch.clips.table.to_pylist()]  # type: ignore[attr-defined]
    assert sorted([row["clip_id"] for row in rows] + [row["id"] for row in rejected]) == sorted(order)
    for found in ([(row["batch"], row["clip_id"]) for row in rows], [row["id"] for row in rejected]):
        places = iter(order)
        assert all(one[-1] in places if isinstance(one, tuple) else one in places for one in found)
    assert {row["reason"] for row in rejected} == {
        "evaluation_video", "excluded_category", "no_score", "loss_low", "loss_high", "talking_head", "duplicate",
        "over_size",
    }  # fmt: skip
    assert {row["detail"] for row in rejected if row["reason"] == "duplicate"} <= {
        f"twice{place}:0 is in an earlier batch as well" for place in range(3)
    }


@pytest.mark.parametrize("sizes", [(65536, 7), (5, 4096), (3, 2), (1, 1)])
def test_the_size_of_the_pieces_changes_nothing(monkeypatch: pytest.MonkeyPatch, sizes: tuple[int, int]) -> None:
    wanted = _joined(_batches())
    monkeypatch.setattr(tables, "NARROW", sizes[0])
    monkeypatch.setattr(tables, "FULL", sizes[1])
    assert _joined(_batches()) == wanted


@pytest.mark.parametrize(("held", "reads"), [(2**20, [1, 1, 1, 1]), (0, [2, 2, 2, 2]), (6500, [1, 1, 2, 2])])
def test_scores_are_read_once_while_memory_allows_and_again_beyond_that(
    monkeypatch: pytest.MonkeyPatch, held: int, reads: list[int]
) -> None:
    wanted = _joined(_batches())
    monkeypatch.setattr(join, "HELD", held)
    batches = _batches()
    assert _joined(batches) == wanted
    assert [batch.losses.reads for batch in batches] == reads  # type: ignore[attr-defined]
    assert [batch.clips.reads for batch in batches] == [1 + count for count in reads]  # type: ignore[attr-defined]


def test_a_category_is_read_to_judge_only_where_one_is_asked_for() -> None:
    asked: list[list[str] | None] = []

    class Watched(Stored):
        def batches(self, *, columns: list[str] | None, batch_rows: int, threads: bool) -> Iterator[pa.RecordBatch]:
            asked.append(columns)
            return super().batches(columns=columns, batch_rows=batch_rows, threads=threads)

    batch = ClipBatch(
        "one", Watched("caption_clips", []), Stored("caption_clip_losses", []), Stored("caption_words", [])
    )
    for config in ({}, {"categories": ["Sports"]}):
        list(join_live_cc([batch], config, ()))
    assert asked == [
        ["clip_id", "distinct_words", "video_id"], None, ["clip_id", "distinct_words", "video_id", "category"], None,
    ]  # fmt: skip


@pytest.mark.parametrize("most", [0, 200, 60_000, 1_000_000])
def test_ranks_go_by_distinct_words_then_digest_and_skip_what_came_before(most: int) -> None:
    rng = np.random.default_rng(most)
    digests = rng.integers(0, 2**64, 3000, np.uint64)
    digests[rng.integers(0, 3000, 200)] = digests[rng.integers(0, 3000, 200)]
    distinct = rng.integers(0, most + 1, 3000).astype(np.int32)
    seen, places = set[int](), []
    for place, digest in enumerate(digests.tolist()):
        if digest not in seen:
            seen.add(digest)
            places.append(place)
    assert len(places) < 3000
    wanted = np.zeros(3000, np.int32)
    for rank, place in enumerate(sorted(places, key=lambda one: (-distinct[one], digests[one])), 1):
        wanted[place] = rank
    assert ranks.ranks_of(distinct, digests).tolist() == wanted.tolist()


def test_ties_are_ordered_by_eight_bytes_of_blake2b_of_the_id() -> None:
    ids = ["a:0", "", "gö:1", "x" * 300]
    wanted = [int.from_bytes(blake2b(one.encode(), digest_size=8).digest(), "little") for one in ids]
    assert ranks.digests_of(pa.chunked_array([ids])).tolist() == wanted
