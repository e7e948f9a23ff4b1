"""Steps at static shapes say what the ordinary ones say, to the token, and make the host wait once (method 3.10)."""

from typing import Any

import pytest
import torch
from commentary_streams import CONFIG, Recorded, random_blocks
from static_streams import capture_with
from window_reference import Compared, Reference, compared

from livecc_assets.commentary import transfer
from livecc_assets.commentary.group import Group
from livecc_assets.commentary.session import Session

SMALL = CONFIG.but(window_text_tokens=90, window_vision_sec=5, max_new_tokens=5)
POLICIES = [{}, {"eviction": "none"}, {"eviction": "paper", "eviction_sec": 6.0}]
CONFIGS = [
    *POLICIES,
    {"positions": "released"},
    {"repetition_penalty": 1.4, "penalty_window": 6},
    {"eos_base": 0.02, "eos_step": 0.01},
    {"max_words_per_second": 2.0},
    {"rule": "released", "repetition_penalty": 1.2},
    {"sample": True, "temperature": 2.0},
]


@pytest.fixture
def static(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Switches static steps on."""
    return lambda on=True: monkeypatch.setattr(transfer, "accelerated", lambda _: on)


def _watch(engine: Any, config: Any, rows: int = 3, captured: bool = False) -> tuple[list[list[int]], Any]:
    """Ids of streams of several sizes that are asked in between and leave one after the other; the decoder."""
    sizes = [(56, 84), (84, 56), (112, 112), (56, 56), (84, 84)][:rows]
    group = Group(engine, [Session(engine.processor, config, f"wish {n}" * n, n) for n in range(rows)])
    if captured:
        capture_with(group.decoder)
    streams, said = [random_blocks(9, size, n) for n, size in enumerate(sizes)], []
    for index in range(9):
        if index in (4, 7) and len(group.seats) > 1:
            group.keep(range(1, len(group.seats)))
            streams = streams[1:]
        said += [interval.ids for interval in group.step([stream[index] for stream in streams])]
        if index in (2, 5):
            said += [engine.processor.encode(text) for text in group.ask(["who?"] * len(streams), 7)]
    return said, group.decoder


@pytest.mark.parametrize("changes", CONFIGS, ids=str)
def test_static_steps_say_the_ordinary_ones_tokens(engine: Any, static: Any, changes: dict[str, Any]) -> None:
    config = SMALL.but(**changes)
    static(False)
    expected, ordinary = _watch(engine, config)
    static()
    found, decoder = _watch(engine, config)
    assert (decoder.static, ordinary.static) == (True, False)
    assert found == expected
    assert len({tuple(ids) for ids in expected}) > 5


@pytest.mark.parametrize("changes", POLICIES, ids=str)
def test_static_logits_equal_one_pass_or_the_reference(engine: Any, static: Any, changes: dict[str, Any]) -> None:
    static()
    config = SMALL.but(**changes)
    if config.policy == "window":
        stream = compared(engine, config)
        for block in random_blocks(14):
            stream.step([block])
            stream.ask("why?", 4)
        assert stream.references[0].dropped > 200
        assert stream.worst < 1e-5
        return
    recorded = Recorded(engine, config)
    recorded.run(random_blocks(5 if config.policy == "none" else 3))
    expected = recorded.library_logits(engine)[recorded.ends]
    torch.testing.assert_close(torch.stack(recorded.logits), expected, atol=1e-5, rtol=0)


def test_rows_of_a_window_that_leave_keep_the_others_logits(engine: Any, static: Any) -> None:
    static()
    group = Group(engine, [Session(engine.processor, SMALL, str(n)) for n in range(3)])
    stream = Compared(group, [Reference(engine, SMALL, str(n)) for n in range(3)])
    blocks = [random_blocks(12, (56, 84), n) for n in range(3)]
    rows = [0, 1, 2]
    for index in range(12):
        if index == 5:
            stream.keep([0, 2])
            rows = [0, 2]
        stream.step([blocks[row][index] for row in rows])
    assert stream.worst < 1e-5


@pytest.mark.parametrize("changes", [*POLICIES, {"eos_base": 0.02}], ids=str)
def test_a_captured_step_replayed_says_the_same(engine: Any, static: Any, changes: dict[str, Any]) -> None:
    config = SMALL.but(repetition_penalty=1.3, max_new_tokens=3, **changes)
    static(False)
    expected, _ = _watch(engine, config, rows=2)
    static()
    found, decoder = _watch(engine, config, rows=2, captured=True)
    assert found == expected
    assert len(decoder._static._captures) >= 1
    assert len(decoder._chooser._captures) >= 2


def test_a_step_is_captured_anew_when_its_buffers_are_replaced(engine: Any, static: Any) -> None:
    static()
    group = Group(engine, [Session(engine.processor, CONFIG.but(eviction="none"), "what now?")])
    captures, _ = capture_with(group.decoder)
    generations = set()
    for block in random_blocks(40):
        group.step([block])
        generations.add((group.decoder.cache.generation, group.decoder.cache.room))
        assert len(captures) == 1
    assert len({room for _, room in generations}) > 1
    assert len(generations) < 6, "buffers are replaced seldom"
    recorded = Recorded(engine, CONFIG.but(eviction="none"))
    assert recorded.run(random_blocks(40))[-1].ids == list(group.sessions[0]._generated)


def test_a_static_step_needs_buffers_that_hold_tokens_and_spares_resting_rows(engine: Any, static: Any) -> None:
    static()
    group = Group(engine, [Session(engine.processor, CONFIG.but(eviction="none"), str(n)) for n in range(3)])
    group.step([random_blocks(1, seed=n)[0] for n in range(3)])
    decoder = group.decoder
    before = decoder.cache.seen(0, slice(1, 2), decoder.cache.lengths[1])
    before = [one.clone() for one in before]
    lengths = list(decoder.cache.lengths)
    from livecc_assets.commentary.decoder import Chunk

    chunk = Chunk([7], torch.full((3, 1), 50))
    logits = decoder.extend([chunk, None, chunk])
    assert decoder.cache.lengths == [lengths[0] + 1, lengths[1], lengths[2] + 1]
    after = decoder.cache.seen(0, slice(1, 2), lengths[1])
    assert all(torch.equal(*pair) for pair in zip(before, after, strict=True))
    assert logits.shape[0] == 3


def _count_reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    reads: list[str] = []
    for name in ("tolist", "item", "cpu", "numpy", "__int__", "__float__", "__bool__", "__index__", "nonzero"):
        inner = getattr(torch.Tensor, name)

        def counted(self: torch.Tensor, *args: Any, _name: str = name, _inner: Any = inner, **kwargs: Any) -> Any:
            reads.append(_name)
            return _inner(self, *args, **kwargs)

        monkeypatch.setattr(torch.Tensor, name, counted)
    return reads


@pytest.mark.parametrize("rows", [1, 5])
def test_a_step_of_any_number_of_rows_makes_the_host_wait_once(
    engine: Any, static: Any, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    static()
    config = SMALL.but(repetition_penalty=1.2, eos_base=0.01)
    group = Group(engine, [Session(engine.processor, config, str(n)) for n in range(rows)])
    group.step([random_blocks(1, seed=n)[0] for n in range(rows)])
    steps: list[int] = []
    reads = _count_reads(monkeypatch)
    inner = group.decoder.step

    def step(chunks: Any, choices: Any) -> Any:
        alone = all(chunk is None or len(chunk.ids) == 1 for chunk in chunks)
        before = len(reads)
        found = inner(chunks, choices)
        if alone:
            steps.append(len(reads) - before)
        reads.clear()
        return found

    monkeypatch.setattr(group.decoder, "step", step)
    group.step([random_blocks(2, seed=n)[1] for n in range(rows)])
    assert len(steps) >= 3
    assert set(steps) == {1}
    assert not reads, "nothing is read beside the step"
