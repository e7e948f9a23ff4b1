"""Streams come and go over one model; each says what it would say alone (method 3.9)."""

import gc
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import torch
from commentary_streams import CONFIG, Recorded, random_blocks

from livecc_assets.commentary.batching import ClosedError, Turn
from livecc_assets.commentary.cache import StreamCache
from livecc_assets.commentary.decoder import Chunk, Decoder
from livecc_assets.commentary.group import Group
from livecc_assets.commentary.interval import Block
from livecc_assets.commentary.seat import Seat
from livecc_assets.commentary.session import Session
from livecc_assets.commentary.streams import FullError, Stream, Streams
from livecc_assets.core.errors import UserError

WINDOW = CONFIG.but(window_text_tokens=90, window_vision_sec=5, max_new_tokens=4)
SIZES = [(56, 84), (84, 56), (112, 112), (56, 56)]


def blocks_of(viewer: int, count: int) -> list[Block]:
    return random_blocks(count, SIZES[viewer % len(SIZES)], viewer)


@pytest.mark.parametrize("changes", [{}, {"eviction": "none"}, {"eviction": "paper", "eviction_sec": 6.0}], ids=str)
def test_viewers_who_join_and_leave_at_any_time_hear_what_each_would_hear_alone(
    engine: Any, changes: dict[str, Any]
) -> None:
    config = WINDOW.but(**changes)
    counts = [3 + 5 * viewer % 17 for viewer in range(14)]

    def watch(streams: Streams, viewer: int) -> list[str]:
        time.sleep(viewer % 5 / 20)
        with streams.open(f"wish {viewer}" * (viewer % 3)) as stream:
            said = []
            for index, block in enumerate(blocks_of(viewer, counts[viewer])):
                if index == 4:
                    stream.query = "another wish"
                said.append(stream.show(block).text)
                if index % 6 == 2:
                    said.append(stream.ask(f"question {index}", 8).text)
            return said

    def alone(viewer: int) -> list[str]:
        stream = Recorded(engine, config, f"wish {viewer}" * (viewer % 3))
        said = []
        for index, block in enumerate(blocks_of(viewer, counts[viewer])):
            if index == 4:
                stream.session.query = "another wish"
            said.append(stream.run([block])[0].text)
            if index % 6 == 2:
                said.append(stream.ask(f"question {index}", 8))
        return said

    with Streams(engine, config) as streams, ThreadPoolExecutor(7) as pool:
        together = list(pool.map(lambda viewer: watch(streams, viewer), range(14)))
        assert streams.count == 0
    assert together == [alone(viewer) for viewer in range(14)]


def test_steps_are_shared_by_whoever_speaks(engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    widths: list[int] = []
    inner = Decoder.extend

    def extend(self: Decoder, chunks: Any) -> torch.Tensor:
        widths.append(sum(chunk is not None for chunk in chunks))
        time.sleep(0.005)  # a model large enough for others to come meanwhile
        return inner(self, chunks)

    monkeypatch.setattr(Decoder, "extend", extend)
    with Streams(engine, WINDOW) as streams, ThreadPoolExecutor(8) as pool:
        opened = [streams.open() for _ in range(8)]
        list(pool.map(lambda pair: [pair[1].show(block) for block in blocks_of(pair[0], 6)], enumerate(opened)))
    assert sum(widths) / len(widths) > 4


def test_no_step_opens_more_than_its_bound_of_tokens(engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from livecc_assets.commentary import batching

    sizes: list[int] = []
    inner = Decoder.extend

    def extend(self: Decoder, chunks: Any) -> torch.Tensor:
        sizes.append(sum(len(chunk.ids) > 8 for chunk in chunks if chunk is not None))
        return inner(self, chunks)

    monkeypatch.setattr(Decoder, "extend", extend)
    monkeypatch.setattr(batching.Batcher.__init__, "__defaults__", (True, 50))
    with Streams(engine, WINDOW) as streams, ThreadPoolExecutor(6) as pool:
        opened = [streams.open() for _ in range(6)]
        list(pool.map(lambda stream: [stream.show(block) for block in random_blocks(3, (112, 112))], opened))
    assert max(sizes) <= 3, "a block of 16 tokens opens while fewer than 50 are new"


def test_a_viewer_whose_block_breaks_disturbs_nobody(engine: Any) -> None:
    with Streams(engine, WINDOW) as streams, ThreadPoolExecutor(4) as pool:
        opened = [streams.open(f"wish {viewer}") for viewer in range(4)]

        def watch(viewer: int) -> list[str] | str:
            blocks = blocks_of(viewer, 8)
            if viewer == 2:
                blocks[3] = Block(5.0, 6.0, torch.zeros(2, 3, 57, 56, dtype=torch.uint8))
            try:
                return [opened[viewer].show(block).text for block in blocks]
            except ValueError as error:
                return str(error)

        found = list(pool.map(watch, range(4)))
        assert "not a multiple" in str(found[2])
    for viewer in (0, 1, 3):
        alone = Recorded(engine, WINDOW, f"wish {viewer}").run(blocks_of(viewer, 8))
        assert found[viewer] == [interval.text for interval in alone]


def test_a_step_that_fails_is_run_one_by_one(engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = Decoder.extend
    failed: list[int] = []

    def extend(self: Decoder, chunks: list[Chunk | None]) -> torch.Tensor:
        given = [chunk for chunk in chunks if chunk is not None]
        if any(chunk.grid is not None and chunk.grid[1:] == (8, 8) for chunk in given):
            failed.append(len(given))
            raise RuntimeError("out of memory")
        return inner(self, chunks)

    monkeypatch.setattr(Decoder, "extend", extend)
    with Streams(engine, WINDOW) as streams, ThreadPoolExecutor(4) as pool:
        opened = [streams.open(f"wish {viewer}") for viewer in range(4)]

        def watch(viewer: int) -> list[str] | str:
            try:
                return [opened[viewer].show(block).text for block in blocks_of(viewer, 5)]
            except RuntimeError as error:
                return str(error)

        found = list(pool.map(watch, range(4)))
        assert found[2] == "out of memory" and failed[-1] == 1
        with pytest.raises(ClosedError, match="broke before: out of memory"):
            opened[2].show(blocks_of(0, 1)[0])
    monkeypatch.undo()
    for viewer in (0, 1, 3):
        alone = Recorded(engine, WINDOW, f"wish {viewer}").run(blocks_of(viewer, 5))
        assert found[viewer] == [interval.text for interval in alone]


def test_memory_that_is_not_there_for_a_newcomer_is_not_asked_for_again(
    engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = StreamCache._fitting

    def fitting(self: StreamCache, old: Any, like: torch.Tensor) -> torch.Tensor:
        if len(self.lengths) > 2 or self.room > 2000:
            raise RuntimeError("out of memory")
        return inner(self, old, like)

    monkeypatch.setattr(StreamCache, "_fitting", fitting)
    with Streams(engine, WINDOW) as streams:
        opened = [streams.open(f"wish {viewer}") for viewer in range(3)]
        said: list[list[str]] = [[], []]
        for index in range(6):
            for viewer in (0, 1):
                said[viewer].append(opened[viewer].show(blocks_of(viewer, 6)[index]).text)
            if index == 2:
                with pytest.raises(RuntimeError, match="out of memory"):
                    opened[2].show(blocks_of(2, 1)[0])
    for viewer in (0, 1):
        alone = Recorded(engine, WINDOW, f"wish {viewer}").run(blocks_of(viewer, 6))
        assert said[viewer] == [interval.text for interval in alone]


def test_a_decoder_goes_with_its_last_user(engine: Any) -> None:
    gc.disable()
    try:
        group = Group(engine, [Session(engine.processor, WINDOW, "q")])
        group.step(random_blocks(1))
        decoder = weakref.ref(group.decoder)
        del group
        assert decoder() is None, "its cache would stay until a full collection"
    finally:
        gc.enable()


def test_a_turn_of_a_stream_that_has_left_does_not_take_a_seat(engine: Any) -> None:
    with Streams(engine, WINDOW) as streams:
        stream = streams.open()
        stream.show(random_blocks(1)[0])
        batcher, session = streams._batcher, stream._session
        stream.close()
        late = Turn(session, lambda seat: seat.open_block(random_blocks(1)[0]), Seat.close_block, 1)
        with pytest.raises(ClosedError):
            batcher.run(late, lambda: not stream._closed)
        deadline = time.monotonic() + 10
        while session in batcher._seats and time.monotonic() < deadline:
            time.sleep(0.01)
        assert session not in batcher._seats


def test_a_seat_that_is_left_serves_the_next_viewer_in_the_same_memory(engine: Any) -> None:
    with Streams(engine, WINDOW, most=2) as streams:
        sizes = set()
        for viewer in range(6):
            with streams.open("q") as stream:
                said = [stream.show(block).text for block in random_blocks(8, seed=viewer)]
            alone = Recorded(engine, WINDOW, "q").run(random_blocks(8, seed=viewer))
            assert said == [interval.text for interval in alone]
            sizes.add(streams.cache_bytes)
        assert len(sizes) == 1


def test_whoever_finds_all_seats_taken_is_told_so(engine: Any) -> None:
    with Streams(engine, WINDOW, most=2) as streams:
        streams.open()
        second = streams.open()
        with pytest.raises(FullError, match="all 2 seats are taken; try again when somebody has left"):
            streams.open()
        second.close()
        second.close()
        streams.open()


def test_nobody_is_let_in_while_the_others_fall_behind(engine: Any) -> None:
    with Streams(engine, WINDOW, slowest=0.0) as streams:
        first = streams.open()
        first.show(random_blocks(1)[0])
        with pytest.raises(FullError, match="behind for 1 viewers"):
            streams.open()
        first.close()
        streams.open()


def test_leaving_in_the_middle_of_a_word_ends_the_wait(engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, inner = threading.Event(), Decoder.extend

    def extend(self: Decoder, chunks: Any) -> torch.Tensor:
        begun.set()
        time.sleep(0.05)
        return inner(self, chunks)

    monkeypatch.setattr(Decoder, "extend", extend)
    with Streams(engine, CONFIG.but(max_new_tokens=200)) as streams, ThreadPoolExecutor(1) as pool:
        stream = streams.open()
        waiting = pool.submit(stream.show, random_blocks(1)[0])
        assert begun.wait(10)
        stream.close()
        with pytest.raises(ClosedError):
            waiting.result(10)
        with pytest.raises(ClosedError):
            stream.ask("still there?")


def test_closing_ends_every_wait(engine: Any) -> None:
    streams = Streams(engine, CONFIG)
    stream = streams.open()
    streams.close()
    with pytest.raises(ClosedError):
        stream.show(random_blocks(1)[0])


def test_pushed_frames_are_commented_like_the_blocks_of_a_video(engine: Any) -> None:
    config = CONFIG.but(min_pixels=16 * 28 * 28)  # they are shown as they are
    frames = torch.cat([block.frames for block in random_blocks(4, (112, 112))])
    with engine.open("q", config=config) as stream:
        words = [word for index, frame in enumerate(frames) for word in stream.push(frame[None], 10 + index / 2)]
        words += stream.push(frames[-1:], 10 + len(frames) / 2)  # only now it is known how long the last one stood
    expected = Recorded(engine, config, "q").run(random_blocks(4, (112, 112)))
    assert [word.word for word in words] == [word for one in expected for word in one.text.split()]
    assert [word.start for word in words] == sorted(word.start for word in words)
    assert 10 <= words[0].start < words[0].end <= 13 and words[-1].end <= 16
    assert all(word.latency > 0 for word in words)


def test_a_camera_that_rests_leaves_no_empty_steps(engine: Any) -> None:
    stream: Stream
    with engine.open("q", config=CONFIG) as stream:
        said = [stream.push(torch.zeros(1, 3, 56, 56, dtype=torch.uint8), at) for at in (0, 1, 2, 3, 7200, 7201, 7202)]
        assert len(stream._session._turns) == 0 and stream._session._next_position < 400
    assert sum(map(bool, said)) <= 4


def test_frames_of_a_shape_that_no_model_is_shown_are_refused(engine: Any) -> None:
    with engine.open() as stream, pytest.raises(UserError, match=r"^pushed frames: .*ratio"):
        stream.push(torch.zeros(2, 3, 2, 900, dtype=torch.uint8), 0.0)


@pytest.mark.parametrize("frames", [torch.zeros(3, 56, 56), torch.zeros(1, 3, 56, 56), torch.zeros(1, 1, 56, 56)])
def test_frames_of_another_form_are_refused(engine: Any, frames: torch.Tensor) -> None:
    with engine.open() as stream, pytest.raises(UserError, match="push uint8 of the shape"):
        stream.push(frames, 0.0)


def test_frames_out_of_order_and_empty_questions_are_refused(engine: Any) -> None:
    frame = torch.zeros(1, 3, 56, 56, dtype=torch.uint8)
    with engine.open() as stream:
        stream.push(frame, 2.0)
        with pytest.raises(UserError, match=r"1\.00 s was pushed after one of 2\.00 s"):
            stream.push(frame, 1.0)
        with pytest.raises(UserError, match="the question is empty"):
            stream.ask(" ")
        with pytest.raises(UserError, match="the question holds bytes that are no text"):
            stream.ask("scho\udcdf?")


def test_the_context_comes_before_the_query(engine: Any) -> None:
    with engine.open("what now?", "A title.", CONFIG) as stream:
        assert stream._session.query == "A title.\nwhat now?" and stream.query == "what now?"
