"""A session's place in a decoder: its row of the cache, and what leaves that row and when (method 3.5)."""

import torch

from livecc_assets.commentary.decoder import Chunk, Decoder
from livecc_assets.commentary.interval import Block, Interval
from livecc_assets.commentary.rebuild import Rebuild, steps_left
from livecc_assets.commentary.session import Session


class Seat:
    """One session in one row. ``open_block``, ``go_on`` until it gives None, ``close_block``; then ``prepare``.

    A question between two blocks is ``open_question``, ``go_on``, and the session's ``close_question``.
    """

    def __init__(self, decoder: Decoder, session: Session) -> None:
        self.session, self.row = session, decoder.open()
        self._decoder = decoder
        self._rebuild: Rebuild | None = None
        self._block: Block | None = None
        self._shown: Block | None = None  # since the last `prepare`

    def open_block(self, block: Block) -> Chunk:
        """Let go of what leaves before the block; the chunk that shows it."""
        self._let_go(block.end_s)
        if self.session.due_for_eviction(block.start_s):
            self._evict(block)
        self._block = block
        chunk = self.session.open_block(block)
        self._decoder.cache.reserve(self.session.room)
        return chunk

    def open_question(self, question: str, max_tokens: int) -> Chunk:
        """Let go of what leaves before a question; the chunk that puts it, as ``Session.open_question``."""
        self._let_go(None)
        return self.session.open_question(question, max_tokens)

    def go_on(self, found: int | torch.Tensor) -> Chunk | None:
        """Say a token that was chosen on the device, or choose one from its logits [V]; as ``Session.accept``."""
        return self.session.take(found) if isinstance(found, int) else self.session.accept(found)

    def close_block(self) -> Interval:
        """What was said."""
        self._shown = self._block
        return self.session.close_block()

    def prepare(self) -> None:
        """After a block: prefill a piece of what the paper's next eviction carries over."""
        shown, self._shown = self._shown, None
        steps = None if shown is None else steps_left(self.session, shown)
        if steps is None:
            return
        if self._rebuild is None:
            self._rebuild = Rebuild(self._decoder.beside())
            self.session.begin_carrying(steps)
        self._rebuild.feed(self.session, steps)

    def leave(self) -> None:
        """Give the row back."""
        self._decoder.close(self.row)

    def _let_go(self, end_s: float | None) -> None:
        move = self.session.leave(end_s)
        if move is not None:
            self._decoder.keep(self.row, move)

    def _evict(self, block: Block) -> None:
        """Leave text alone, by what was prefilled beside the running cache or, failing that, by a prefill to come."""
        rebuild, self._rebuild = self._rebuild, None
        if rebuild is not None and self.session.carries_little_enough():
            self.session.evict(block.start_s, rebuild.fed)
            self._decoder.adopt(self.row, rebuild.decoder)
            return
        self.session.evict(block.start_s)
        self._decoder.clear(self.row)
