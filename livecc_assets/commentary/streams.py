"""Sessions that anybody opens and closes at any time, over one model: what pages and programs talk to (method 3.9)."""

import threading
import time
from collections import deque
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import numpy as np
import torch

from livecc_assets.commentary.batching import Batcher, Turn
from livecc_assets.commentary.config import CommentaryConfig
from livecc_assets.commentary.group import Loaded
from livecc_assets.commentary.interval import Block, Interval
from livecc_assets.commentary.looking import Looker
from livecc_assets.commentary.prompts import DEFAULT_QUERY, check_question
from livecc_assets.commentary.pushed import PushedFrames
from livecc_assets.commentary.seat import Seat
from livecc_assets.commentary.session import Session
from livecc_assets.commentary.subtitles import words_in_time
from livecc_assets.commentary.utterance import Utterance
from livecc_assets.core.errors import UserError

#: Most tokens of an answer (method 3.6).
ANSWER_TOKENS = 512
#: Seconds over which the latest latencies are looked at before somebody is let in.
_LATELY = 10.0


class FullError(UserError):
    """No stream can be opened now without the others falling behind."""


@dataclass(frozen=True)
class Answer:
    """What was answered, and how many seconds after the question its last word was there."""

    text: str
    latency: float


@dataclass(frozen=True)
class TimedWord:
    """A word in seconds of the stream, and how many seconds after its frames it was there."""

    word: str
    start: float
    end: float
    latency: float


class Streams:
    """A model that comments on up to ``most`` streams at a time. What each says is what it would say alone.

    ``slowest``: while the 95th percentile of the last ten seconds' latencies is above it, nobody is let in. Without
    ``threaded`` the model runs in the thread of whoever calls.
    """

    def __init__(
        self,
        engine: Loaded,
        config: CommentaryConfig,
        most: int = 64,
        slowest: float | None = None,
        threaded: bool = True,
    ) -> None:
        self.config, self.most, self._slowest = config, most, slowest
        self.processor, self.look = engine.processor, Looker(engine).look
        self._batcher = Batcher(engine, config.policy == "window", threaded)
        self._lock = threading.Lock()
        self._open: set[Stream] = set()
        self._latencies: deque[tuple[float, float]] = deque()

    def open(self, query: str = DEFAULT_QUERY, context: str = "", seed: int | None = None) -> "Stream":
        """A new stream. ``context`` is what is known before its first picture: a title, what was said before.

        Raises FullError, which says so in words.
        """
        with self._lock:
            if len(self._open) >= self.most:
                raise FullError(f"all {self.most} seats are taken; try again when somebody has left")
            late = self._late()
            if self._slowest is not None and self._open and late > self._slowest:
                raise FullError(
                    f"the model is {late:.1f} s behind for {len(self._open)} viewers, and one more would slow them further; "
                    "try again later"
                )
            asked = "\n".join(part for part in (context, query) if part)
            session = Session(self.processor, self.config, asked, seed)
            stream = Stream(self, self._batcher, session, query)
            self._open.add(stream)
        return stream

    @property
    def count(self) -> int:
        """Streams that are open."""
        return len(self._open)

    @property
    def cache_bytes(self) -> int:
        """Memory of all streams' caches."""
        return self._batcher.cache_bytes

    def close(self) -> None:
        """Close every stream; who waits for words gets ClosedError."""
        self._batcher.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _late(self) -> float:
        self._forget()
        return float(np.percentile([latency for _, latency in self._latencies], 95)) if self._latencies else 0.0

    def _spoke(self, latency: float) -> None:
        with self._lock:
            self._latencies.append((time.monotonic(), latency))
            self._forget()

    def _forget(self) -> None:
        since = time.monotonic() - _LATELY
        while self._latencies and self._latencies[0][0] < since:
            self._latencies.popleft()

    def _left(self, stream: "Stream") -> None:
        with self._lock:
            self._open.discard(stream)


class Stream:
    """One viewer. Its calls wait for their result and come from one thread at a time; a second one has to wait."""

    def __init__(self, streams: Streams, batcher: Batcher, session: Session, query: str) -> None:
        self._streams, self._batcher, self._session = streams, batcher, session
        self._processor = streams.processor
        self._query, self._pushed = query, PushedFrames(streams.config)
        self._turn = threading.Lock()
        self._closed = False

    @property
    def query(self) -> str:
        """What is asked of the commentary. A new one goes with the next block."""
        return self._query

    @query.setter
    def query(self, text: str) -> None:
        self._query = self._session.query = text

    def show(self, block: Block) -> Utterance:
        """Show the next block; what was said, in seconds of the video. Raises ClosedError once the stream is closed."""
        began = time.monotonic()
        ready = self._streams.look(block)
        tokens = self._processor.tokens_of(ready.grid)
        turn = Turn(self._session, lambda seat: seat.open_block(ready), Seat.close_block, tokens)
        interval: Interval = self._run(turn)
        latency = time.monotonic() - began
        self._streams._spoke(latency)
        return interval.spoken(block.origin_s, latency)

    def push(self, frames: torch.Tensor, time: float) -> list[TimedWord]:
        """Push frames uint8 [T, 3, H, W], shown from ``time`` seconds on; the words that the blocks they complete brought.

        Words share their interval evenly. Raises UserError for frames that are none or come out of order.
        """
        said = [self.show(block) for block in self._pushed.add(frames, time)]
        return [
            TimedWord(word["word"], word["start"], word["end"], one.latency or 0.0)
            for one in said
            for word in words_in_time([one])
        ]

    def ask(self, question: str, max_tokens: int = ANSWER_TOKENS) -> Answer:
        """Ask about what was shown and said so far; the commentary goes on afterwards, and remembers the answer.

        Raises UserError for a question that is empty or no text.
        """
        check_question(question)
        began = time.monotonic()
        turn = Turn(
            self._session,
            lambda seat: seat.open_question(question, max_tokens),
            lambda seat: seat.session.close_question(),
            len(question),
        )
        return Answer(self._run(turn), time.monotonic() - began)

    def close(self) -> None:
        """Leave; what is under way ends with ClosedError. A second call does nothing."""
        if not self._closed:
            self._closed = True
            self._batcher.leave(self._session)
            self._streams._left(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self, turn: Turn) -> Any:
        with self._turn:
            return self._batcher.run(turn, lambda: not self._closed)
