"""Ranks are a permutation that depends on the clips alone, whatever batch they are in and in what order they come."""

from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from livecc_assets.curation.ranks import digests_of, ranks_of
from livecc_assets.live_cc.selection import ClipBatch, join_live_cc
from livecc_assets.store.rows import Rejected

CLIPS = st.dictionaries(st.text(max_size=6), st.integers(0, 5), max_size=25)


class Table:
    """Rows that can be read again, as an artifact's can."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self._rows = rows

    def rows(self, columns: Any = None) -> Any:
        for row in self._rows:
            yield {name: row[name] for name in columns} if columns else dict(row)


def _ranked(clips: list[tuple[str, int]]) -> dict[str, int]:
    ids = pa.chunked_array([[name for name, _ in clips]], pa.string())
    ranks = ranks_of(np.array([count for _, count in clips], np.int32), digests_of(ids))
    return dict(zip((name for name, _ in clips), ranks.tolist(), strict=True))


@settings(deadline=None)
@given(CLIPS, st.randoms(use_true_random=False))
def test_ranks_are_a_permutation_that_the_order_of_reading_does_not_sway(clips: dict[str, int], rng: Any) -> None:
    listed = list(clips.items())
    ranked = _ranked(listed)
    assert sorted(ranked.values()) == list(range(1, len(clips) + 1))
    rng.shuffle(listed)
    assert _ranked(listed) == ranked


@settings(deadline=None)
@given(CLIPS)
def test_a_clip_with_more_distinct_words_is_never_ranked_behind_one_with_fewer(clips: dict[str, int]) -> None:
    by_rank = [clips[name] for name, _ in sorted(_ranked(list(clips.items())).items(), key=lambda one: one[1])]
    assert by_rank == sorted(by_rank, reverse=True)


@settings(deadline=None)
@given(CLIPS.filter(lambda clips: len(clips) > 1))
def test_another_clip_moves_others_by_one_place_at_most_and_swaps_none(clips: dict[str, int]) -> None:
    """What makes a set of a larger size a superset: the cut moves, the order stays."""
    everyone = _ranked(list(clips.items()))
    one, *others = clips.items()
    without = _ranked(others)
    assert sorted(without, key=without.__getitem__) == sorted(set(everyone) - {one[0]}, key=everyone.__getitem__)
    assert all(everyone[name] - without[name] in (0, 1) for name in without)


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 3)), max_size=12))
def test_of_a_repeated_id_only_the_first_has_a_rank(clips: list[tuple[str, int]]) -> None:
    ids = pa.chunked_array([[name for name, _ in clips]], pa.string())
    ranks = ranks_of(np.array([count for _, count in clips], np.int32), digests_of(ids)).tolist()
    seen = set[str]()
    for (name, _), rank in zip(clips, ranks, strict=True):
        assert (rank == 0) == (name in seen)
        seen.add(name)
    assert sorted(rank for rank in ranks if rank) == list(range(1, len(seen) + 1))


def test_no_clips_have_no_ranks() -> None:
    assert ranks_of(np.zeros(0, np.int32), digests_of(pa.chunked_array([], pa.string()))).tolist() == []


# -- the same, seen from the set that is made ----------------------------------------------------------------------------

ABOUT = st.fixed_dictionaries(
    {
        "distinct": st.integers(0, 3),
        "category": st.sampled_from(["Sports", "Music", None]),
        "loss": st.none() | st.sampled_from([1.0, 3.0, 9.0]),
        "head": st.none() | st.sampled_from([0.0, 0.9]),
        "batch": st.sampled_from("abc"),
    }
)
WORLD = st.dictionaries(st.text("xyz", min_size=1, max_size=3), ABOUT, max_size=15)
CONFIG = st.fixed_dictionaries(
    {},
    optional={
        "loss": st.sampled_from([(2.0, 6.0), (None, 6.0)]),
        "categories": st.just(["Sports"]),
        "talking_head_below": st.just(0.3),
        "size": st.integers(0, 6),
        "rank": st.sampled_from(["distinct_words", None]),
    },
)


def _batches(world: dict[str, dict[str, Any]], names: str) -> list[ClipBatch]:
    batches = []
    for name in names:
        own = {video: about for video, about in world.items() if about["batch"] == name}
        clips = [
            {
                "clip_id": f"{video}:0", "video_id": video, "batch": name, "path": "p", "sha256": "0", "title": "t",
                "category": about["category"], "start": 0.0, "end": 9.0, "words": [], "previous": "",
                "words_per_second": 2.0, "distinct_words": about["distinct"],
            }
            for video, about in own.items()
        ]  # fmt: skip
        losses = [
            {"clip_id": f"{video}:0", "loss": one["loss"]} for video, one in own.items() if one["loss"] is not None
        ]
        heads = [{"video_id": video, "score": one["head"]} for video, one in own.items() if one["head"] is not None]
        batches.append(ClipBatch(name, Table(clips), Table(losses), Table(heads)))
    return batches


def _made(batches: list[ClipBatch], config: dict[str, Any]) -> tuple[dict[str, int], dict[str, Rejected]]:
    """(rank by clip, rejection by clip); a clip that comes out twice fails here."""
    out = [one for piece in join_live_cc(batches, config, {"x"}) for one in piece.as_rows()]
    names = Counter(one.id if isinstance(one, Rejected) else one["clip_id"] for one in out)
    assert not [name for name, times in names.items() if times > 1]
    return (
        {one["clip_id"]: one["rank"] for one in out if not isinstance(one, Rejected)},
        {one.id: one for one in out if isinstance(one, Rejected)},
    )


@settings(max_examples=40, deadline=None)
@given(WORLD, CONFIG)
def test_no_clip_is_lost_and_none_is_out_without_a_reason(
    world: dict[str, dict[str, Any]], config: dict[str, Any]
) -> None:
    kept, out = _made(_batches(world, "abc"), config)
    assert sorted([*kept, *out]) == sorted(f"{video}:0" for video in world)
    assert all(one.reason and one.detail and one.video_id == one.id.removesuffix(":0") for one in out.values())
    assert "x:0" not in kept
    if (size := config.get("size")) is not None:
        assert sorted(kept.values()) == list(range(1, min(size, len(kept)) + 1))
        over = sum(one.reason == "over_size" for one in out.values())
        assert len(kept) == size or not over, "nobody is cut off while there is room"
    if "talking_head_below" in config:
        assert all((world[name.removesuffix(":0")]["head"] or 0) < 0.3 for name in kept)


@settings(max_examples=40, deadline=None)
@given(WORLD, CONFIG)
def test_the_order_of_batches_and_how_clips_are_spread_over_them_change_no_rank(
    world: dict[str, dict[str, Any]], config: dict[str, Any]
) -> None:
    kept, out = _made(_batches(world, "abc"), config)
    for other in (_batches(world, "cab"), _batches({name: one | {"batch": "a"} for name, one in world.items()}, "ba")):
        again, refused = _made(other, config)
        assert again == kept
        assert refused == out
