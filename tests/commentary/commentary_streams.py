"""Streams made of random frames, and what the library computes for the same sequence in one piece."""

from collections.abc import Sequence
from typing import Any

import torch

from livecc_assets.commentary.config import CommentaryConfig
from livecc_assets.commentary.decoder import Chunk
from livecc_assets.commentary.group import Group
from livecc_assets.commentary.interval import Block, Interval
from livecc_assets.commentary.session import Session

#: An untrained model babbles; these streams say all of it.
CONFIG = CommentaryConfig(max_new_tokens=6, repetition_penalty=1.0, max_words_per_second=None, max_repeated_share=None)


def random_blocks(count: int, size: tuple[int, int] = (56, 84), seed: int = 0) -> list[Block]:
    """A first block of six frames and further ones of two, random pixels."""
    generator = torch.Generator().manual_seed(seed)
    blocks = []
    for index in range(count):
        start, end = (0.0, 3.0) if index == 0 else (index + 2.0, index + 3.0)
        shape = (6 if index == 0 else 2, 3, *size)
        blocks.append(Block(start, end, torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8)))
    return blocks


class Recorded:
    """A group of one whose chunks and logits are kept."""

    def __init__(self, engine: Any, config: CommentaryConfig = CONFIG, query: str = "what now?") -> None:
        self.session = Session(engine.processor, config, query)
        self.group = Group(engine, [self.session])
        self.chunks: list[Chunk] = []
        self.logits: list[torch.Tensor] = []
        inner = self.group.decoder.extend

        def extend(chunks: Sequence[Chunk | None]) -> torch.Tensor:
            out = inner(chunks)
            assert chunks[0] is not None
            self.chunks.append(chunks[0])
            self.logits.append(out[0])
            return out

        self.group.decoder.extend = extend

    def ask(self, question: str, max_tokens: int = 12) -> str:
        return self.group.ask([question], max_tokens)[0]

    def run(self, blocks: Sequence[Block]) -> list[Interval]:
        return [self.group.step([block])[0] for block in blocks]

    @property
    def ids(self) -> list[int]:
        """Everything fed so far, in order."""
        return [token for chunk in self.chunks for token in chunk.ids]

    @property
    def ends(self) -> list[int]:
        """Index in ``ids`` of each chunk's last token: where the recorded logits were read."""
        total, ends = 0, []
        for chunk in self.chunks:
            total += len(chunk.ids)
            ends.append(total - 1)
        return ends

    def library_logits(self, engine: Any) -> torch.Tensor:
        """Logits [S, V] of the whole sequence in one forward pass, positions left to the library itself."""
        return whole_pass(engine, self.ids, [c for c in self.chunks if c.pixels is not None])


@torch.inference_mode()
def whole_pass(engine: Any, ids: list[int], shown: Sequence[Chunk]) -> torch.Tensor:
    tokens = torch.tensor([ids])
    media: dict[str, torch.Tensor] = {}
    if shown:
        media = {
            "pixel_values_videos": torch.cat([chunk.pixels for chunk in shown if chunk.pixels is not None]),
            "video_grid_thw": torch.tensor([chunk.grid for chunk in shown]),
            "mm_token_type_ids": (tokens == engine.processor.video_pad).int() * 2,
        }
    logits = engine.model(input_ids=tokens, use_cache=False, **media).logits[0]
    engine.model.model.rope_deltas = None
    return logits
