"""The paper's eviction without its stall: kept text is prefilled in pieces beside the running cache (method 3.5)."""

import math

import torch

from livecc_assets.commentary.decoder import Chunk, Decoder
from livecc_assets.commentary.interval import Block
from livecc_assets.commentary.session import Session

#: Share of the text that may be carried over which may still have to be said when the prefill begins. What is carried over is
#: chosen then, so the rest of it is sure to be the newest.
_TO_COME = 0.5


class Rebuild:
    """A cache that grows to hold the kept text of a session, a piece each second, until it takes the running one's place."""

    def __init__(self, decoder: Decoder) -> None:
        self.decoder = decoder
        self.fed = 0

    def feed(self, session: Session, steps: int) -> None:
        """Prefill the next of ``steps`` pieces, so that all are alike if what is still to be said comes at the usual rate."""
        ids = session.carried_ids()
        start = self.fed
        expected = len(ids) + (steps - 1) * session.usual_turn
        piece = ids[start : start + math.ceil((expected - start) / steps)]
        self.fed += len(piece)
        if piece:
            self.decoder.extend([Chunk(piece, torch.arange(start, start + len(piece)).expand(3, -1))])


def steps_left(session: Session, block: Block) -> int | None:
    """Blocks that end before the next eviction, the one just shown included; None while it is too early to begin."""
    left = session.evicts_in(block.end_s)
    if left is None:
        return None
    steps = max(1, math.ceil(left / max(block.end_s - block.start_s, 1e-3) - 1e-6) + 1)
    return steps if steps * session.usual_turn <= _TO_COME * session.config.max_text_tokens or steps == 1 else None
