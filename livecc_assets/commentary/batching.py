"""Continuous batching: turns of many sessions through one model, each begun and ended at any time (method 3.9)."""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import torch

from livecc_assets.commentary.decoder import Chunk, Decoder
from livecc_assets.commentary.group import Loaded
from livecc_assets.commentary.seat import Seat
from livecc_assets.commentary.session import Session
from livecc_assets.core.errors import UserError

#: New tokens of a step, unless a single block has more: so long waits, at most, whoever is in the middle of a word.
PREFILL_TOKENS = 2048


class ClosedError(UserError):
    """The stream, or all streams, were closed meanwhile."""


@dataclass(eq=False)
class Turn:
    """A block or a question of one session: how it opens, and what is made of it at its end.

    ``tokens`` is about how many the opening chunk has. ``result`` gets what ``end`` returns, or what went wrong.
    """

    session: Session
    open: Callable[[Seat], Chunk]
    end: Callable[[Seat], Any]
    tokens: int
    result: Future[Any] = field(default_factory=Future)


class Batcher:
    """Runs turns. A step takes a chunk of every session that has one: a token of those that speak, and opening chunks.

    With ``threaded`` a thread of its own makes the steps; otherwise :meth:`run` makes them in the caller's. A session has
    one turn at a time. One that fails fails alone: where a step fails, its chunks are run one by one.
    """

    def __init__(self, engine: Loaded, replaceable: bool, threaded: bool = True, tokens: int = PREFILL_TOKENS) -> None:
        self._decoder = Decoder(engine.model, engine.processor, 0, replaceable)
        self._tokens = tokens
        self._changed = threading.Condition()
        self._waiting: deque[Turn] = deque()
        self._leaving: list[Session] = []
        self._seats: dict[Session, Seat] = {}
        self._broken: dict[Session, BaseException] = {}
        self._speaking: dict[Turn, Chunk] = {}
        self._closed = False
        self._thread = threading.Thread(target=self._loop, name="batcher", daemon=True) if threaded else None
        if self._thread:
            self._thread.start()

    def run(self, turn: Turn, wanted: Callable[[], bool] = lambda: True) -> Any:
        """The turn's result, once it has ended. Raises what went wrong; ClosedError after :meth:`close`, or where it is no
        longer ``wanted``: a session that has left must not sit down again.
        """
        with self._changed:
            if self._closed:
                raise ClosedError("the streams were closed")
            if not wanted():
                raise ClosedError("the stream was closed")
            self._waiting.append(turn)
            self._changed.notify_all()
        while self._thread is None and not turn.result.done():
            self._step()
        return turn.result.result()

    def leave(self, session: Session) -> None:
        """Forget a session. A turn of it that is under way ends with ClosedError."""
        with self._changed:
            self._leaving.append(session)
            self._changed.notify_all()
        if self._thread is None:
            self._let_go()

    def close(self) -> None:
        """End every turn with ClosedError, and the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._thread:
            self._thread.join()
        else:
            self._end_all()

    @property
    def cache_bytes(self) -> int:
        """Memory that the streams' caches hold."""
        return self._decoder.cache.n_bytes

    def _loop(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._leaving or self._speaking or self._closed)
                if self._closed:
                    break
            self._step()
        self._end_all()

    def _step(self) -> None:
        self._let_go()
        self._open_turns()
        if self._speaking:
            self._extend(dict(self._speaking))

    def _open_turns(self) -> None:
        """Open what waits, in its order, as far as the bound on new tokens allows."""
        room = self._tokens
        while True:
            with self._changed:
                if not self._waiting or (room < self._tokens and self._waiting[0].tokens > room):
                    return
                turn = self._waiting.popleft()
            room -= turn.tokens
            try:
                self._speaking[turn] = turn.open(self._seat(turn.session))
            except Exception as error:
                self._fail(turn, error)

    def _seat(self, session: Session) -> Seat:
        if session in self._broken:
            raise ClosedError(f"the stream broke before: {self._broken[session]}")
        if session not in self._seats:
            self._seats[session] = Seat(self._decoder, session)
        return self._seats[session]

    def _extend(self, chunks: dict[Turn, Chunk]) -> None:
        rows = {self._seats[turn.session].row: turn for turn in chunks}
        given = [chunks[rows[row]] if row in rows else None for row in range(max(rows) + 1)]
        try:
            choices = [rows[row].session.choice() if row in rows else None for row in range(len(given))]
            found = self._decoder.step(given, choices)
        except Exception as error:
            if len(chunks) == 1:
                self._fail(next(iter(chunks)), error)
                return
            for turn, chunk in chunks.items():
                self._extend({turn: chunk})
            return
        for row, turn in rows.items():
            try:
                self._accept(turn, found[row])
            except Exception as error:
                self._fail(turn, error)

    def _accept(self, turn: Turn, found: int | torch.Tensor) -> None:
        following = self._seats[turn.session].go_on(found)
        if following is not None:
            self._speaking[turn] = following
            return
        del self._speaking[turn]
        seat = self._seats[turn.session]
        turn.result.set_result(turn.end(seat))
        seat.prepare()

    def _fail(self, turn: Turn, error: BaseException) -> None:
        """The session is in an unknown state, so it leaves; nobody else is concerned."""
        self._speaking.pop(turn, None)
        self._remove(turn.session)
        self._broken.setdefault(turn.session, error)
        if not turn.result.done():
            turn.result.set_exception(error)

    def _let_go(self) -> None:
        with self._changed:
            leaving, self._leaving = self._leaving, []
            gone = [turn for turn in (*self._waiting, *self._speaking) if turn.session in leaving]
            self._waiting = deque(turn for turn in self._waiting if turn not in gone)
        for turn in gone:
            self._fail(turn, ClosedError("the stream was closed"))
        for session in leaving:
            self._remove(session)
            self._broken.pop(session, None)

    def _remove(self, session: Session) -> None:
        seat = self._seats.pop(session, None)
        if seat is not None:
            seat.leave()

    def _end_all(self) -> None:
        for turn in (*self._waiting, *self._speaking):
            self._fail(turn, ClosedError("the streams were closed"))
        self._waiting.clear()
