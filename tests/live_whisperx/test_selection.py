"""The SFT set: five filters in the paper's order, each with its reason."""

import pytest

from livecc_assets.live_whisperx.schemas import SCHEMAS
from livecc_assets.live_whisperx.selection import SentenceBatch, select_live_whisperx, sentence_batches
from livecc_assets.store.rows import Rejected

CONFIG = {"loss": [1.5, 5.0], "active_speaker_ratio": [0.0, 0.05], "min_language_score": 0.9, "size": None}
GOOD = {"loss": 3.0, "ratio": 0.05, "query": (True, "Call it.", "test"), "language": ("en", 0.9)}


class Table:
    """Rows that can be read again, as an artifact's can."""

    def __init__(self, rows, partition=""):
        self._rows, self.partition = rows, partition

    def rows(self, columns=None):
        for row in self._rows:
            yield {name: row[name] for name in columns} if columns else dict(row)


def _clip(video_id, distinct=10, category="Sports"):
    return {
        "clip_id": f"{video_id}:0", "video_id": video_id, "batch": "b", "path": "u", "sha256": "0",
        "title": "t", "category": category, "start": 0.0,
        "end": 30.0, "words": [{"start": 0.0, "end": 1.0, "word": "Go."}], "preasr": "", "words_per_second": 2.0,
        "distinct_words": distinct,
    }  # fmt: skip


def _batch(scores, name="one"):
    """A batch of one clip a video; ``scores`` overrides GOOD by video id, None takes a score away."""
    full = {video: {**GOOD, **changed} for video, changed in scores.items()}

    def table(key, make):
        return Table([{"clip_id": f"{v}:0", **make(s[key])} for v, s in full.items() if s[key] is not None])

    return SentenceBatch(
        name,
        Table([_clip(video, distinct=i) | {"batch": name} for i, video in enumerate(full)]),
        table("loss", lambda x: {"loss": x}),
        table("ratio", lambda x: {"ratio": x}),
        table("query", lambda x: dict(zip(("accepted", "query", "reason"), x, strict=True))),
        table("language", lambda x: dict(zip(("language", "score"), x, strict=True))),
    )


def _select(scores, config=CONFIG, evaluation=()):
    results = list(select_live_whisperx([_batch(scores)], config, evaluation))
    rows = {row["video_id"]: row for row in results if isinstance(row, dict)}
    return rows, {row.video_id: row for row in results if isinstance(row, Rejected)}


def test_a_clip_on_every_limit_is_in_with_all_its_scores():
    rows, rejected = _select({"a": {}})
    assert not rejected
    assert list(rows["a"]) == SCHEMAS["live_whisperx"].names
    found = rows["a"]
    assert (found["batch"], found["loss"], found["active_speaker_ratio"]) == ("one", 3.0, 0.05)
    assert (found["query"], found["language_score"], found["rank"]) == ("Call it.", 0.9, 1)


@pytest.mark.parametrize(
    ("changed", "kind", "reason"),
    [
        ({"loss": 1.4}, "filtered", "loss_low"),
        ({"loss": 5.1}, "filtered", "loss_high"),
        ({"ratio": 0.06}, "filtered", "active_speaker"),
        ({"query": (False, None, "personal")}, "filtered", "query_refused"),
        ({"language": ("de", 1.0)}, "filtered", "other_language"),
        ({"language": ("en", 0.89)}, "filtered", "language_unsure"),
        ({"loss": None}, "error", "no_score"),
        ({"ratio": None}, "error", "no_score"),
        ({"query": None}, "error", "no_score"),
        ({"language": None}, "error", "no_score"),
    ],
)
def test_each_filter_gives_its_reason(changed, kind, reason):
    rows, rejected = _select({"good": {}, "bad": changed})
    assert set(rows) == {"good"}
    assert (rejected["bad"].kind, rejected["bad"].reason) == (kind, reason)
    assert rejected["bad"].id == "bad:0"


def test_the_refusals_own_words_are_passed_on():
    _, rejected = _select({"a": {"query": (False, None, "template: personal")}})
    assert rejected["a"].detail == "template: personal"


def test_benchmark_videos_stay_out_and_the_best_fill_the_set():
    rows, rejected = _select({"a": {}, "b": {}, "c": {}, "d": {}}, {**CONFIG, "size": 2}, {"d"})
    assert {video: row["rank"] for video, row in rows.items()} == {"c": 1, "b": 2}
    assert (rejected["d"].reason, rejected["a"].reason) == ("evaluation_video", "over_size")


def test_filters_that_are_not_asked_for_need_no_scores():
    nothing = {"loss": None, "ratio": None, "query": None, "language": None}
    rows, rejected = _select({"a": nothing}, {"queries": False})
    assert not rejected
    assert (rows["a"]["query"], rows["a"]["language_score"], rows["a"]["loss"]) == (None, None, None)


def test_batches_need_all_five_tables():
    both = [Table([], "b"), Table([], "a")]
    assert [batch.name for batch in sentence_batches(both, both, both, both, [Table([], "a")])] == ["a"]
