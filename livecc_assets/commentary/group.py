"""Several sessions through one model in lockstep; a single stream is a group of one."""

from collections.abc import Sequence
from typing import Any, Protocol

from livecc_assets.commentary.decoder import Chunk, Decoder
from livecc_assets.commentary.interval import Block, Interval
from livecc_assets.commentary.seat import Seat
from livecc_assets.commentary.session import Session
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
        windowed = any(session.config.policy == "window" for session in sessions)
        self.decoder = Decoder(engine.model, engine.processor, 0, windowed)
        self.seats = [Seat(self.decoder, session) for session in sessions]

    @property
    def sessions(self) -> list[Session]:
        """The sessions, in order."""
        return [seat.session for seat in self.seats]

    def step(self, blocks: Sequence[Block]) -> list[Interval]:
        """Show every session its next block and let each speak until it ends its turn or reaches the length cap."""
        self._speak([seat.open_block(block) for seat, block in zip(self.seats, blocks, strict=True)])
        intervals = [seat.close_block() for seat in self.seats]
        for seat in self.seats:
            seat.prepare()
        return intervals

    def ask(self, questions: Sequence[str], max_tokens: int) -> list[str]:
        """Put a question to every session; its answer, from what that session remembers."""
        pairs = zip(self.seats, questions, strict=True)
        self._speak([seat.open_question(question, max_tokens) for seat, question in pairs])
        return [seat.session.close_question() for seat in self.seats]

    def _speak(self, opening: Sequence[Chunk]) -> None:
        chunks: dict[int, Chunk | None] = {seat.row: chunk for seat, chunk in zip(self.seats, opening, strict=True)}
        while any(chunk is not None for chunk in chunks.values()):
            rows = range(max(chunks) + 1)
            choices = {seat.row: seat.session.choice() for seat in self.seats if chunks[seat.row] is not None}
            found = self.decoder.step([chunks.get(row) for row in rows], [choices.get(row) for row in rows])
            for seat in self.seats:
                if chunks[seat.row] is not None:
                    chunks[seat.row] = seat.go_on(found[seat.row])

    def keep(self, rows: Sequence[int]) -> None:
        """Go on with these sessions only."""
        self.seats = [self.seats[row] for row in rows]
        self.decoder.select([seat.row for seat in self.seats])
        for row, seat in enumerate(self.seats):
            seat.row = row
