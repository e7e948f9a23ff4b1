"""Every 240 s the cache is rebuilt from text alone: long streams stay flat."""

from typing import Any

import pytest
import torch
from commentary_streams import CONFIG, Recorded, random_blocks, whole_pass

from livecc_assets.commentary.eviction import SpokenTurn, carry_over, without_vision
from livecc_assets.commentary.group import Group
from livecc_assets.commentary.rebuild import Rebuild
from livecc_assets.commentary.session import Session

EVICTING = CONFIG.but(eviction="paper", eviction_sec=10.0, max_text_tokens=400, max_new_tokens=4)


def test_cache_stays_flat_over_twelve_evictions(engine: Any) -> None:
    stream = Recorded(engine, EVICTING)
    lengths, sizes, tops = [], [], []
    for block in random_blocks(120, (56, 56)):
        stream.run([block])
        lengths.append(stream.group.decoder.length)
        sizes.append(stream.group.decoder.cache.n_bytes)
        tops.append(int(stream.chunks[-1].positions.max()))
    early, late = slice(20, 70), slice(70, 120)
    # Not exactly equal: from 100 s on each time label is two digits longer.
    assert max(lengths[late]) <= 1.05 * max(lengths[early])
    per_token = 2 * 2 * 2 * 16 * 4  # layers, keys and values, heads, width, bytes
    assert max(sizes) <= per_token * (1.25 * max(lengths) + 512), "spare room is bounded"
    assert max(tops[late]) <= 1.05 * max(tops[early])
    assert len(stream.ids) > 4 * max(lengths)
    assert len(stream.session._turns) < 40


def test_without_eviction_the_cache_grows(engine: Any) -> None:
    stream = Recorded(engine, EVICTING.but(eviction="none"))
    stream.run(random_blocks(40, (56, 56)))
    assert stream.group.decoder.length == len(stream.ids) > 1000


def test_the_published_code_never_evicts(engine: Any) -> None:
    stream = Recorded(engine, EVICTING.but(rule="released"))
    stream.run(random_blocks(15, (56, 56)))
    assert stream.group.decoder.length == len(stream.ids)


def test_rebuilt_context_is_system_query_and_all_text_with_positions_from_zero(
    engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    carried: list[int] = []
    rebuilds: list[Rebuild] = []
    inner = Rebuild.feed

    def recorded(self: Rebuild, session: Session, steps: int) -> None:
        inner(self, session, steps)
        rebuilds.append(self)
        if self is rebuilds[0]:  # the next one begins at once
            carried[:] = session.carried_ids()[: self.fed]

    monkeypatch.setattr(Rebuild, "feed", recorded)
    stream = Recorded(engine, EVICTING.but(max_text_tokens=4000), query="what now?")
    blocks = random_blocks(9, (56, 56))
    intervals = stream.run(blocks)
    rebuilt = next(
        chunk for chunk in stream.chunks[1:] if chunk.pixels is not None and chunk.positions[0, 0] == len(carried)
    )
    text = engine.processor.decode(carried + rebuilt.ids, skip_special_tokens=False)
    old, new = text.rsplit("<|im_start|>user\n", 1)
    assert old.startswith("<|im_start|>system\n")
    assert "<|video_pad|>" not in old and "<|vision_start|>" not in old
    assert old.count("what now?") == 1
    for interval in intervals[:8]:
        said = interval.ids[:-1] if interval.stopped == "end" else interval.ids
        assert f"Time={interval.start_s:.1f}-{interval.end_s:.1f}s" in old
        assert engine.processor.decode(said) in old
    assert new.startswith("Time=10.0-11.0s<|vision_start|><|video_pad|>"), "the new block still shows its frames"
    at = stream.chunks.index(rebuilt)
    whole = whole_pass(engine, carried + [t for c in stream.chunks[at:] for t in c.ids], [rebuilt])
    ends = torch.tensor([len(chunk.ids) for chunk in stream.chunks[at:]]).cumsum(0) - 1 + len(carried)
    torch.testing.assert_close(torch.stack(stream.logits[at:]), whole[ends], atol=1e-4, rtol=0)


@pytest.mark.parametrize("positions", ["train-consistent", "released"])
def test_prefill_in_pieces_equals_prefill_at_once(engine: Any, monkeypatch: pytest.MonkeyPatch, positions: Any) -> None:
    config = EVICTING.but(eviction_sec=20.0, positions=positions, max_text_tokens=4000)
    pieces = Recorded(engine, config)
    said = pieces.run(random_blocks(50))
    monkeypatch.setattr(Session, "carries_little_enough", lambda _: False)
    at_once = Recorded(engine, config)
    assert said == at_once.run(random_blocks(50))
    torch.testing.assert_close(torch.stack(pieces.logits), torch.stack(at_once.logits), atol=1e-5, rtol=0)
    longest = [max(len(chunk.ids) for chunk in stream.chunks[5:]) for stream in (pieces, at_once)]
    assert longest[0] < longest[1] / 10, "no block waits for the prefill of all text"


def test_pieces_are_small_and_the_last_one_comes_in_time(engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    inner = Rebuild.feed

    def recorded(self: Rebuild, session: Session, steps: int) -> None:
        before = self.fed
        inner(self, session, steps)
        sizes.append(self.fed - before)

    monkeypatch.setattr(Rebuild, "feed", recorded)
    group = Group(engine, [Session(engine.processor, EVICTING.but(eviction_sec=40.0, max_text_tokens=4000))])
    for block in random_blocks(38, (56, 56)):
        group.step([block])
    carried = len(group.sessions[0].carried_ids())
    assert len(sizes) == 38 and sum(sizes) == carried, "as much room as there is is used from the first block on"
    assert max(sizes[3:]) < 1.5 * carried / 38, "what is still to be said is reckoned with"


def test_carried_text_that_outgrows_its_bound_is_chosen_anew(engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    fits: list[bool] = []
    inner = Session.carries_little_enough

    def recorded(session: Session) -> bool:
        fits.append(inner(session))
        return fits[-1]

    monkeypatch.setattr(Session, "carries_little_enough", recorded)
    stream = Recorded(engine, EVICTING.but(max_text_tokens=150))
    for index, block in enumerate(random_blocks(30, (56, 56))):
        if index == 7:  # the text of the next eviction has been chosen
            assert stream.group.seats[0]._rebuild is not None
            stream.session.query = "a long wish " * 12
        stream.run([block])
        if index in (8, 18, 28):  # the blocks after an eviction
            assert sum(len(turn.ids) + 2 for turn in stream.session._turns[:-1]) <= 150
    assert fits == [False, True, True]


def test_groups_with_eviction_equal_single_streams_while_others_leave(engine: Any) -> None:
    config = EVICTING.but(max_text_tokens=4000)
    streams = [random_blocks(24, size, seed) for seed, size in enumerate([(56, 84), (112, 112)])]
    group = Group(engine, [Session(engine.processor, config, query) for query in ("one", "another, longer")])
    said: list[list[int]] = []
    for index in range(24):
        if index == 16:  # while the second rebuild is being prefilled
            assert all(seat._rebuild is not None for seat in group.seats)
            group.keep([1])
        rows = [0, 1] if index < 16 else [1]
        said.append(group.step([streams[row][index] for row in rows])[-1].ids)
    assert said == [interval.ids for interval in Recorded(engine, config, "another, longer").run(streams[1])]


def test_carry_over_keeps_the_query_and_the_newest_turns_that_fit() -> None:
    turns = [SpokenTurn([i] * 8, i == 1) for i in range(6)]
    assert [turn.ids[0] for turn in carry_over(turns, [0, 0], 1000)] == [0, 1, 2, 3, 4, 5]
    assert [turn.ids[0] for turn in carry_over(turns, [0, 0], 30)] == [1, 4, 5]
    assert [turn.ids[0] for turn in carry_over(turns, [0, 0], 5)] == [1]
    assert [turn.ids[0] for turn in carry_over(turns[2:], [0, 0], 25)] == [4, 5]


def test_vision_markers_and_pads_leave_together(engine: Any) -> None:
    processor = engine.processor
    ids = processor.encode("Time=0.0-3.0s<|vision_start|><|video_pad|><|vision_end|>why?<|im_end|>")
    assert processor.decode(without_vision(ids, processor), skip_special_tokens=False) == "Time=0.0-3.0swhy?<|im_end|>"
