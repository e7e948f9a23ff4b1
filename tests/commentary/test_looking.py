"""Frames encoded ahead are what the model would see at the step itself, wherever they are encoded (method 3.10)."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch
from commentary_streams import CONFIG, Recorded, random_blocks

from livecc_assets.commentary import looking, transfer
from livecc_assets.commentary.engine import comment_video
from livecc_assets.commentary.group import Group
from livecc_assets.commentary.looking import Looker
from livecc_assets.commentary.session import Session
from livecc_assets.commentary.streams import Streams

SMALL = CONFIG.but(window_text_tokens=90, window_vision_sec=5, max_new_tokens=4)


@pytest.fixture
def accelerated(monkeypatch: pytest.MonkeyPatch) -> Any:
    return lambda on=True: monkeypatch.setattr(transfer, "accelerated", lambda _: on)


def test_blocks_seen_ahead_give_the_same_logits(engine: Any, accelerated: Any) -> None:
    blocks = random_blocks(6)
    plain = Recorded(engine, SMALL)
    plain.run(blocks)
    accelerated()
    ahead = Recorded(engine, SMALL)
    looked = [Looker(engine).look(block) for block in blocks]
    assert all(block.seen is not None for block in looked)
    ahead.run(looked)
    assert ahead.ids == plain.ids
    torch.testing.assert_close(torch.stack(ahead.logits), torch.stack(plain.logits), atol=1e-5, rtol=0)


def test_rows_seen_ahead_and_rows_that_are_not_share_a_step(engine: Any, accelerated: Any) -> None:
    streams = [random_blocks(4, size, n) for n, size in enumerate([(56, 84), (112, 112), (56, 56)])]

    def run(looks: Any) -> list[list[int]]:
        group = Group(engine, [Session(engine.processor, SMALL, str(n)) for n in range(3)])
        steps = ([looks(row, stream[i]) for row, stream in enumerate(streams)] for i in range(4))
        return [interval.ids for blocks in steps for interval in group.step(blocks)]

    plain = run(lambda _, block: block)
    accelerated()
    look = Looker(engine).look
    assert run(lambda row, block: block if row == 1 else look(block)) == plain


def test_a_video_is_encoded_in_the_thread_that_reads_it(
    engine: Any, accelerated: Any, video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = SMALL.but(min_pixels=3136, stream_max_pixels=3136)
    plain = [list(comment_video(engine, str(video), start, config=config)) for start in (None, 2.0)]
    accelerated()
    threads = []
    inner = looking.encode
    monkeypatch.setattr(looking, "encode", lambda *given: threads.append(threading.current_thread()) or inner(*given))
    found = [list(comment_video(engine, str(video), start, config=config)) for start in (None, 2.0)]
    assert found == plain
    assert len(threads) == sum(map(len, plain))
    assert threading.current_thread() not in threads


def test_viewers_of_static_steps_hear_what_each_would_hear_alone(
    engine: Any, accelerated: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocks = [random_blocks(4 + viewer, seed=viewer) for viewer in range(4)]
    alone = [[one.text for one in Recorded(engine, SMALL, "q").run(blocks[viewer])] for viewer in range(4)]
    accelerated()
    encoded = []
    inner = looking.encode
    monkeypatch.setattr(looking, "encode", lambda *given: encoded.append(1) or inner(*given))
    with Streams(engine, SMALL) as streams, ThreadPoolExecutor(4) as pool:
        opened = [streams.open("q") for _ in range(4)]
        found = list(
            pool.map(lambda pair: [pair[0].show(one).text for one in pair[1]], zip(opened, blocks, strict=True))
        )
    assert found == alone
    assert len(encoded) == sum(map(len, blocks))
