"""Streams that share a model do not share anything else."""

from typing import Any

import torch
from commentary_streams import CONFIG, Recorded, random_blocks

from livecc_assets.commentary.group import Group
from livecc_assets.commentary.session import Session


def _alone(engine: Any, seed: int, size: tuple[int, int], query: str, count: int = 5) -> list[str]:
    return [interval.text for interval in Recorded(engine, query=query).run(random_blocks(count, size, seed))]


def test_side_by_side_says_what_each_would_say_alone(engine: Any) -> None:
    sizes = [(56, 84), (84, 56), (112, 112)]
    queries = ["one", "a much longer query than the others have", ""]
    streams = [random_blocks(5, size, seed) for seed, size in enumerate(sizes)]
    group = Group(engine, [Session(engine.processor, CONFIG, query) for query in queries])
    together = [[interval.text for interval in group.step([s[i] for s in streams])] for i in range(5)]
    for row in range(3):
        assert [texts[row] for texts in together] == _alone(engine, row, sizes[row], queries[row])


def test_a_stream_goes_on_unchanged_when_others_leave(engine: Any) -> None:
    sizes = [(56, 84), (112, 112), (56, 56)]
    queries = ["one", "a much longer query than the others have", ""]
    streams = [random_blocks(6, size, seed) for seed, size in enumerate(sizes)]
    group = Group(engine, [Session(engine.processor, CONFIG, query) for query in queries])
    rows = [0, 1, 2]
    said: dict[int, list[str]] = {row: [] for row in rows}
    for i in range(6):
        if i in (2, 4):
            leaves = 1 if i == 2 else 0
            group.keep([index for index, row in enumerate(rows) if row != leaves])
            rows.remove(leaves)
        for row, interval in zip(rows, group.step([streams[row][i] for row in rows]), strict=True):
            said[row].append(interval.text)
    assert [len(said[row]) for row in range(3)] == [4, 2, 6]
    for row in range(3):
        assert said[row] == _alone(engine, row, sizes[row], queries[row], count=len(said[row]))


def test_interleaved_groups_on_one_model_do_not_disturb_each_other(engine: Any) -> None:
    a, b = Recorded(engine, query="a"), Recorded(engine, query="b")
    for one, two in zip(random_blocks(4, seed=7), random_blocks(4, (112, 112), seed=8), strict=True):
        a.run([one])
        b.run([two])
    for stream in (a, b):
        whole = stream.library_logits(engine)
        torch.testing.assert_close(torch.stack(stream.logits), whole[stream.ends], atol=1e-4, rtol=0)


def test_seeds_of_a_group_are_the_sessions_own(engine: Any) -> None:
    config = CONFIG.but(sample=True, temperature=2.0, top_k=0)
    blocks = random_blocks(3)
    group = Group(engine, [Session(engine.processor, config, "q", seed) for seed in (1, 2)])
    texts = [[interval.text for interval in group.step([block, block])] for block in blocks]
    assert [row[0] for row in texts] != [row[1] for row in texts]
    alone = Group(engine, [Session(engine.processor, config, "q", 2)])
    assert [row[1] for row in texts] == [alone.step([block])[0].text for block in blocks]
