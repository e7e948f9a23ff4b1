"""The pre-training set: every clip is in it or in ``rejected`` with its reason."""

import random
import tracemalloc
from collections import Counter

import pytest

from livecc_assets.curation.inputs import by_partition, evaluation_ids
from livecc_assets.live_cc.schemas import SCHEMAS
from livecc_assets.live_cc.selection import ClipBatch, select_live_cc
from livecc_assets.store.rows import Rejected

CONFIG = {"loss": [1.5, 6.5], "talking_head_below": 0.3, "rank": "distinct_words", "size": None}


class Table:
    """Rows that can be read again, as an artifact's can."""

    def __init__(self, rows, partition=""):
        self._rows, self.partition = rows, partition

    def rows(self, columns=None):
        for row in self._rows:
            yield {name: row[name] for name in columns} if columns else dict(row)


def _clip(clip_id, distinct=10, category: str | None = "Sports"):
    video_id = clip_id.split(":")[0]
    words = [{"start": 0.0, "end": 1.0, "word": "go"}]
    return {
        "clip_id": clip_id, "video_id": video_id, "path": "u", "sha256": "0", "title": "t", "category": category,
        "start": 0.0, "end": 30.0, "words": words, "previous": "", "words_per_second": 2.0, "distinct_words": distinct,
    }  # fmt: skip


def _batch(name, clips, losses, heads):
    return ClipBatch(
        name,
        Table([clip | {"batch": name} for clip in clips]),
        Table([{"clip_id": clip, "loss": loss} for clip, loss in losses.items()]),
        Table([{"video_id": video, "score": score} for video, score in heads.items()]),
    )


def _split(results):
    results = list(results)
    rows = [row for row in results if isinstance(row, dict)]
    return rows, {row.id: row for row in results if isinstance(row, Rejected)}


def test_thresholds_are_inclusive_for_loss_and_exclusive_for_talking_heads():
    losses = {"a:0": 1.5, "b:0": 6.5, "c:0": 1.49, "d:0": 6.51, "e:0": 3.0, "f:0": 3.0}
    heads = {"a": 0.0, "b": 0.29, "c": 0, "d": 0, "e": 0.3, "f": 0.0}
    batch = _batch("one", [_clip(name) for name in losses], losses, heads)
    rows, rejected = _split(select_live_cc([batch], CONFIG, ()))
    assert {row["clip_id"] for row in rows} == {"a:0", "b:0", "f:0"}
    assert {name: row.reason for name, row in rejected.items()} == {
        "c:0": "loss_low", "d:0": "loss_high", "e:0": "talking_head",
    }  # fmt: skip
    assert "6.51 is above 6.5" in rejected["d:0"].detail


def test_a_row_has_the_columns_of_the_schema_and_its_scores():
    (row,) = select_live_cc([_batch("one", [_clip("a:0")], {"a:0": 2.0}, {"a": 0.125})], CONFIG, ())
    assert isinstance(row, dict)
    assert list(row) == SCHEMAS["live_cc"].names
    assert (row["batch"], row["loss"], row["talking_head_score"], row["rank"]) == ("one", 2.0, 0.125, 1)


def test_videos_of_a_benchmark_never_train_whatever_their_scores():
    batch = _batch("one", [_clip("a:0"), _clip("b:0")], {"a:0": 3, "b:0": 3}, {"a": 0, "b": 0})
    rows, rejected = _split(select_live_cc([batch], CONFIG, {"a"}))
    assert [row["clip_id"] for row in rows] == ["b:0"]
    assert (rejected["a:0"].kind, rejected["a:0"].reason) == ("filtered", "evaluation_video")


def test_a_clip_without_a_score_is_an_error_not_a_guess():
    batch = _batch("one", [_clip("a:0"), _clip("b:0")], {"b:0": 3}, {"a": 0})
    rows, rejected = _split(select_live_cc([batch], CONFIG, ()))
    assert rows == []
    assert {(row.kind, row.reason) for row in rejected.values()} == {("error", "no_score")}


def test_categories_can_be_asked_for():
    batch = _batch("one", [_clip("a:0"), _clip("b:0", category=None)], {"a:0": 3, "b:0": 3}, {"a": 0, "b": 0})
    rows, rejected = _split(select_live_cc([batch], {**CONFIG, "categories": ["Sports"]}, ()))
    assert [row["clip_id"] for row in rows] == ["a:0"]
    assert rejected["b:0"].reason == "excluded_category"


def test_each_reason_says_its_own_sentence_when_several_filters_are_on():
    clips = [_clip("a:0"), _clip("b:0", category="Music"), _clip("c:0"), _clip("d:0"), _clip("e:0")]
    losses, heads = {"a:0": 3, "b:0": 3, "c:0": 1, "d:0": 9, "e:0": 3}, {"a": 0, "b": 0, "c": 0, "d": 0, "e": 0.75}
    config = {**CONFIG, "categories": ["Sports"]}
    _, rejected = _split(select_live_cc([_batch("one", clips, losses, heads)], config, {"a"}))
    assert {name: row.detail for name, row in rejected.items()} == {
        "a:0": "a belongs to a benchmark and must never train",
        "b:0": "category 'Music' is not in the selection's list",
        "c:0": "text loss 1.00 is below 1.5",
        "d:0": "text loss 9.00 is above 6.5",
        "e:0": "talking-head score 0.75, must be below 0.3",
    }


def test_no_clip_and_no_batch_give_an_empty_set():
    assert list(select_live_cc([], CONFIG, ())) == []
    assert list(select_live_cc([_batch("one", [], {}, {})], CONFIG, ())) == []


def test_the_first_error_of_a_table_that_cannot_be_read_comes_out():
    class Broken(Table):
        def rows(self, columns=None):
            raise OSError("the disk is gone")

    batch = ClipBatch("one", Broken([]), Table([]), Table([]))
    with pytest.raises(OSError, match="the disk is gone"):
        list(select_live_cc([batch], {}, ()))


def test_without_thresholds_no_score_is_needed():
    batch = _batch("one", [_clip("a:0")], {}, {})
    (row,) = select_live_cc([batch], {"size": 5}, ())
    assert isinstance(row, dict)
    assert (row["loss"], row["talking_head_score"]) == (None, None)


def test_the_set_is_the_top_of_the_ranking_across_batches():
    rng = random.Random(3)
    counts = {f"v{i}:0": rng.randint(5, 9) for i in range(60)}
    names = list(counts)
    batches = [
        _batch(
            f"batch-{k}",
            [_clip(n, counts[n]) for n in names[k::3]],
            dict.fromkeys(names[k::3], 3.0),
            {n.split(":")[0]: 0.0 for n in names[k::3]},
        )
        for k in range(3)
    ]
    all_rows, _ = _split(select_live_cc(batches, CONFIG, ()))
    ranked = sorted(all_rows, key=lambda row: row["rank"])
    assert [row["rank"] for row in ranked] == list(range(1, 61))
    assert [row["distinct_words"] for row in ranked] == sorted(counts.values(), reverse=True)
    rows, rejected = _split(select_live_cc(reversed(batches), {**CONFIG, "size": 20}, ()))
    assert {row["clip_id"]: row["rank"] for row in rows} == {row["clip_id"]: row["rank"] for row in ranked[:20]}
    assert Counter(row.reason for row in rejected.values()) == {"over_size": 40}


def test_a_clip_that_two_batches_hold_is_taken_once():
    first, second = (_batch(name, [_clip("a:0")], {"a:0": 3.0}, {"a": 0.0}) for name in ("one", "two"))
    rows, rejected = _split(select_live_cc([second, first], CONFIG, ()))
    assert [(row["batch"], row["rank"]) for row in rows] == [("one", 1)]
    assert rejected["a:0"].reason == "duplicate"


@pytest.mark.parametrize("config", [{"size": 0}, {"loss": [None, 2.0]}])
def test_empty_sets_and_one_sided_bands_are_allowed(config):
    batch = _batch("one", [_clip("a:0")], {"a:0": 3.0}, {"a": 0.0})
    rows, rejected = _split(select_live_cc([batch], config, ()))
    assert rows == []
    assert len(rejected) == 1


def test_memory_stays_flat_over_many_batches():
    class Many:
        """A thousand clips made while they are read."""

        def __init__(self, k):
            self.k = k

        def rows(self, columns=None):
            for i in range(1000):
                clip = _clip(f"v{self.k}-{i}:0", i % 50)
                clip["words"] = clip["words"] * 100
                yield {name: clip[name] for name in columns} if columns else clip

    batches = [ClipBatch(f"{k:03}", Many(k), Table([]), Table([])) for k in range(12)]
    tracemalloc.start()
    kept = sum(isinstance(row, dict) for row in select_live_cc(batches, {"size": 1000}, ()))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept == 1000
    assert peak < 3_000_000  # 12,000 rows of 100 words held at once would be over 10 MB


def test_batches_are_matched_by_partition_and_incomplete_ones_left_out():
    a, b = Table([], "a"), Table([], "b")
    assert by_partition([b, a], [a]) == {"a": (a, a)}
    assert evaluation_ids(Table([{"video_id": "x", "benchmark": "y"}])) == {"x"}
