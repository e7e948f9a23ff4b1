"""Several sessions through one model in lockstep; a single stream is a group of one."""

from collections.abc import Sequence
from typing import Any, Protocol

from livecc_assets.commentary.decoder import Chunk, Decoder
from livecc_assets.commentary.session import Block, Interval, Session
from livecc_assets.models.qwen2_vl import Processor


class Loaded(Protocol):
    """A model with its processor, such as ``commentary.engine.Engine``."""

    @property
    def model(self) -> Any:
        """The language model with its vision tower."""
        ...

    @property
    def processor(self) -> Processor:
        """Its tokenizer and picture settings."""
        ...


class Group:
    """Sessions that see their blocks at the same time. Their states stay apart; only the forward passes are shared."""

    def __init__(self, engine: Loaded, sessions: Sequence[Session]) -> None:
        self.sessions = list(sessions)
        self.decoder = Decoder(engine.model, engine.processor, len(self.sessions))

    def step(self, blocks: Sequence[Block]) -> list[Interval]:
        """Show every session its next block and let each speak until it ends its turn or reaches the length cap.

        When one session's cache is due for eviction all are rebuilt: sessions of a group share one cache, and clips
        that start together are due together.
        """
        if any(s.due_for_eviction(block.start_s) for s, block in zip(self.sessions, blocks, strict=True)):
            for session, block in zip(self.sessions, blocks, strict=True):
                session.evict(block.start_s)
            self.decoder.reset(len(self.sessions))
        chunks: list[Chunk | None] = [s.open_block(block) for s, block in zip(self.sessions, blocks, strict=True)]
        while any(chunk is not None for chunk in chunks):
            logits = self.decoder.extend(chunks)
            chunks = [
                None if chunk is None else session.accept(logits[row])
                for row, (session, chunk) in enumerate(zip(self.sessions, chunks, strict=True))
            ]
        return [session.close_block() for session in self.sessions]

    def keep(self, rows: Sequence[int]) -> None:
        """Go on with these sessions only."""
        self.sessions = [self.sessions[row] for row in rows]
        self.decoder.select(rows)
