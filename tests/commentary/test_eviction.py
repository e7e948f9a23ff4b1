"""Every 240 s the cache is rebuilt from text alone: long streams stay flat."""

from typing import Any

import torch
from commentary_streams import CONFIG, Recorded, random_blocks, whole_pass

from livecc_assets.commentary.eviction import SpokenTurn, carry_over, without_vision

EVICTING = CONFIG.but(eviction_sec=10.0, max_text_tokens=400, max_new_tokens=4)


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
    stream = Recorded(engine, EVICTING.but(eviction_sec=None))
    stream.run(random_blocks(40, (56, 56)))
    assert stream.group.decoder.length == len(stream.ids) > 1000


def test_the_published_code_never_evicts(engine: Any) -> None:
    stream = Recorded(engine, EVICTING.but(rule="released"))
    stream.run(random_blocks(15, (56, 56)))
    assert stream.group.decoder.length == len(stream.ids)


def test_rebuilt_context_is_system_query_and_all_text_with_positions_from_zero(engine: Any) -> None:
    stream = Recorded(engine, EVICTING.but(max_text_tokens=4000), query="what now?")
    blocks = random_blocks(9, (56, 56))
    intervals = stream.run(blocks)
    rebuilt = next(chunk for chunk in stream.chunks if chunk.positions[0, 0] == 0 and chunk is not stream.chunks[0])
    text = engine.processor.decode(rebuilt.ids, skip_special_tokens=False)
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
    whole = whole_pass(engine, [t for c in stream.chunks[at:] for t in c.ids], [rebuilt])
    ends = torch.tensor([len(chunk.ids) for chunk in stream.chunks[at:]]).cumsum(0) - 1
    torch.testing.assert_close(torch.stack(stream.logits[at:]), whole[ends], atol=1e-4, rtol=0)


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
