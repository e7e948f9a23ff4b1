"""`eviction: window`: sinks, recent text and recent vision at contiguous positions, forever (method 3.5)."""

from typing import Any

import pytest
import torch
from commentary_streams import CONFIG, Recorded, random_blocks
from window_reference import Compared, Reference, compared

from livecc_assets.commentary.group import Group
from livecc_assets.commentary.session import Session
from livecc_assets.commentary.window import Window

SMALL = CONFIG.but(window_text_tokens=90, window_vision_sec=5, max_new_tokens=4)
POSITIONS = ["train-consistent", "released"]


@pytest.mark.parametrize("positions", POSITIONS)
def test_every_step_equals_lists_of_unrotated_keys(engine: Any, positions: Any) -> None:
    stream = compared(engine, SMALL.but(positions=positions))
    for block in random_blocks(30):
        stream.step([block])
    assert stream.references[0].dropped > 600, "most of the stream must have left for this to mean much"
    assert stream.worst < 1e-5


@pytest.mark.parametrize("positions", POSITIONS)
def test_until_something_leaves_it_equals_one_pass_over_everything(engine: Any, positions: Any) -> None:
    config = CONFIG.but(positions=positions)
    windowed, whole = Recorded(engine, config), Recorded(engine, config.but(eviction="none"))
    for stream in (windowed, whole):
        stream.run(random_blocks(9))
    assert windowed.group.decoder.length == len(windowed.ids)
    torch.testing.assert_close(torch.stack(windowed.logits), torch.stack(whole.logits), atol=1e-5, rtol=0)
    if positions == "train-consistent":
        expected = windowed.library_logits(engine)[windowed.ends]
        torch.testing.assert_close(torch.stack(windowed.logits), expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("changes", [
    {"window_text_tokens": 0}, {"window_vision_sec": 0}, {"window_text_tokens": 0, "window_vision_sec": 0},
    {"window_text_tokens": 31}, {"window_text_tokens": 400}, {"window_vision_sec": 1.5}, {"max_new_tokens": 1},
])  # fmt: skip
def test_windows_of_any_size_equal_the_reference(engine: Any, changes: dict[str, Any]) -> None:
    stream = compared(engine, SMALL.but(**changes))
    for block in random_blocks(14):
        stream.step([block])
    assert stream.references[0].dropped > 50
    assert stream.worst < 1e-5


@pytest.mark.parametrize("positions", POSITIONS)
def test_a_new_query_takes_the_old_ones_place(engine: Any, positions: Any) -> None:
    stream = compared(engine, SMALL.but(positions=positions), "old wish")
    reference = stream.references[0]

    def kept() -> str:
        return engine.processor.decode([token.id for token in reference.tokens])

    for index, block in enumerate(random_blocks(26)):
        if index in (12, 13):
            stream.group.sessions[0].query = f"wish {index}"
        stream.step([block])
        if index == 11:
            assert "old wish" in kept()
    assert "wish 13" in kept() and "old wish" not in kept() and "wish 12" not in kept()
    assert stream.worst < 1e-5


def test_groups_equal_the_reference_and_single_streams_while_others_leave(engine: Any) -> None:
    sizes = [(56, 84), (84, 56), (112, 112)]
    queries = ["one", "a much longer query than the others have", ""]
    streams = [random_blocks(18, size, seed) for seed, size in enumerate(sizes)]
    group = Group(engine, [Session(engine.processor, SMALL, query) for query in queries])
    both = Compared(group, [Reference(engine, SMALL, query) for query in queries])
    rows, said = [0, 1, 2], {0: [], 1: [], 2: []}
    for index in range(18):
        if index in (10, 14):
            gone = {10: 1, 14: 0}[index]
            both.keep([at for at, row in enumerate(rows) if row != gone])
            rows.remove(gone)
        for row, interval in zip(rows, both.step([streams[row][index] for row in rows]), strict=True):
            said[row].append(interval.ids)
    assert both.worst < 1e-5
    for row, count in enumerate((14, 10, 18)):
        alone = Recorded(engine, SMALL, queries[row]).run(streams[row][:count])
        assert said[row] == [interval.ids for interval in alone]


def test_nothing_grows_with_the_streams_age(engine: Any) -> None:
    stream = Recorded(engine, SMALL)
    lengths, sizes, tops, pieces = [], set(), [], []
    for index, block in enumerate(random_blocks(150, (56, 56))):
        stream.run([block])
        if index > 20:
            lengths.append(stream.group.decoder.length)
            sizes.add(stream.group.decoder.cache.n_bytes)
            tops.append(int(stream.chunks[-1].positions.max()))
            assert stream.session._window is not None
            pieces.append(len(stream.session._window._pieces))
        stream.chunks[:-1], stream.logits[:-1] = [], []
    assert len(sizes) == 1, "buffers are allocated once"
    # From 100 s on each time label is two digits longer.
    for values in (lengths, tops, pieces):
        assert max(values[60:]) <= max(values[:60]) + 12
    assert not stream.session._turns


def test_the_preset_allocates_its_buffers_once(engine: Any) -> None:
    stream = Recorded(engine, CONFIG.but(max_new_tokens=14))
    sizes = set()
    for block in random_blocks(45, (84, 112)):
        stream.run([block])
        sizes.add(stream.group.decoder.cache.n_bytes)
    assert len(sizes) == 1
    assert stream.group.decoder.length < len(stream.ids) / 2


def test_the_published_code_keeps_everything_under_any_policy(engine: Any) -> None:
    for policy in ("window", "paper"):
        stream = Recorded(engine, SMALL.but(rule="released", eviction=policy, eviction_sec=4.0))
        stream.run(random_blocks(12))
        assert stream.group.decoder.length == len(stream.ids)


def test_streams_of_every_policy_share_a_group(engine: Any) -> None:
    configs = [SMALL, SMALL.but(eviction="none"), SMALL.but(eviction="paper", eviction_sec=8.0)]
    group = Group(engine, [Session(engine.processor, config, "q") for config in configs])
    said = [[interval.ids for interval in group.step([block] * 3)] for block in random_blocks(24)]
    for row, config in enumerate(configs):
        alone = Recorded(engine, config, "q").run(random_blocks(24))
        assert [ids[row] for ids in said] == [interval.ids for interval in alone]


def test_text_stays_whole_or_leaves_whole_and_frames_leave_by_their_time() -> None:
    window = Window(text_tokens=20, vision_sec=3)
    window.add(5, 5)
    for turn in range(1, 6):
        window.open_turn(holds_query=turn == 2)
        window.add(4, 4)
        window.add(10, 3, start_s=float(turn))
        window.add(4, 4)
    move, newest = window.move(end_s=7.0, pending=2)
    assert newest and move is not None
    # Turn 5 holds 8 + 2 tokens of text, turn 4 holds 8, turn 3 would be too many; turn 2 asks the query.
    # Frames that begin at 4 s or later stay.
    gone = [*range(5, 23), *range(27, 37), *range(41, 59)]
    assert move.kept.tolist() == [token for token in range(95) if token not in gone]
    assert move.back == 11 + 3 + 11
    assert move.shift.unique().tolist() == [0, 11, 14, 25]
    assert window.tokens == 95 - len(gone)
    assert window.move(end_s=7.0, pending=2) == (None, True)


def test_a_turn_longer_than_the_window_leaves_with_its_pending_end() -> None:
    window = Window(text_tokens=20, vision_sec=3)
    window.add(5, 5)
    window.open_turn(holds_query=False)
    window.add(19, 19)
    move, newest = window.move(end_s=1.0, pending=2)
    assert not newest and move is not None and move.kept.tolist() == [0, 1, 2, 3, 4]
