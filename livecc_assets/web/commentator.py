"""One model that talks to one viewer (method 3.9): what it is shown is always the newest, and questions come in between."""

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import torch

from livecc_assets.commentary.interval import Block
from livecc_assets.commentary.latency import Latencies
from livecc_assets.commentary.streams import Stream, TimedWord
from livecc_assets.commentary.subtitles import vtt_cue
from livecc_assets.commentary.utterance import Utterance
from livecc_assets.core.errors import UserError
from livecc_assets.web.telling import words

#: Hears a message for the page.
Tell = Callable[[dict[str, Any]], None]
#: Questions that may wait, and pictures of a camera: 4 s of them.
_MOST_QUESTIONS, _MOST_PICTURES = 4, 16
#: Questions without a picture in between. What is asked and answered leaves the model's memory with the pictures that come.
_MOST_IN_A_ROW = 8
#: Seconds for which the thread is waited for at the end. What it has under way ends with the stream.
_FAREWELL = 10.0
_LOG = logging.getLogger(__name__)


class Commentator:
    """Runs a stream in a thread of its own. ``tell`` is called there with what is said, answered and skipped.

    Blocks and pictures that the model is too late for are left out, and the page is told how many.
    """

    def __init__(self, stream: Stream, tell: Tell) -> None:
        self._stream, self._tell = stream, tell
        self._changed = threading.Condition()
        self._block: Block | None = None
        self._pictures: deque[tuple[float, torch.Tensor]] = deque()
        self._questions: deque[str] = deque()
        self._ending, self._closed, self._skipped = False, False, 0
        self._in_a_row = 0
        self._latencies, self._reached = Latencies(), 0.0
        self._thread = threading.Thread(target=self._work, name="commentator", daemon=True)
        self._thread.start()

    def show(self, block: Block) -> None:
        """The next block. One that still waits is left out."""
        with self._changed:
            self._in_a_row = 0
            self._skipped += self._block is not None
            self._block = block
            self._changed.notify_all()

    def push(self, picture: torch.Tensor, at: float) -> None:
        """A camera's picture, uint8 [1, 3, H, W], seen at second ``at``."""
        with self._changed:
            if len(self._pictures) >= _MOST_PICTURES:
                self._pictures.popleft()
                self._skipped += 1
            self._in_a_row = 0
            self._pictures.append((at, picture))
            self._changed.notify_all()

    def leave_out(self) -> None:
        """Count a camera's picture that is not looked at."""
        self._skipped += 1

    def ask(self, question: str) -> None:
        """A question, answered next. Raises UserError while too many wait."""
        with self._changed:
            if len(self._questions) >= _MOST_QUESTIONS:
                raise UserError("Too many questions wait for their answers; ask again in a moment.")
            if self._in_a_row >= _MOST_IN_A_ROW:
                raise UserError("Let it play on for a moment, and then ask again.")
            self._in_a_row += 1
            self._questions.append(question)
            self._changed.notify_all()

    def query(self, text: str) -> None:
        """What is asked of the commentary from the next block on."""
        self._stream.query = text

    def end(self) -> None:
        """No more is shown; questions may still come."""
        with self._changed:
            self._ending = True
            self._changed.notify_all()

    def close(self) -> None:
        """The viewer is gone: what waits is dropped, and the stream's place is free."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._stream.close()
        self._thread.join(_FAREWELL)

    def _work(self) -> None:
        try:
            while (job := self._next()) is not None:
                try:
                    job()
                except UserError as error:
                    if not self._closed:
                        self._tell({"type": "error", "text": words(error)})
        except Exception:
            _LOG.exception("a model failed while it commented")
            self._tell({"type": "error", "text": "The model failed; the server's output says why. Start again."})

    def _next(self) -> Callable[[], None] | None:
        """What to do next, waited for; None at the end."""
        with self._changed:
            while not self._closed:
                if self._questions:
                    question = self._questions.popleft()
                    return lambda: self._answer(question)
                if self._block is not None:
                    block, self._block = self._block, None
                    return lambda: self._comment(block)
                if self._pictures:
                    at, picture = self._pictures.popleft()
                    return lambda: self._see(picture, at)
                if self._ending:
                    self._ending = False
                    return lambda: self._tell({"type": "ended"})
                self._changed.wait()
        return None

    def _answer(self, question: str) -> None:
        found = self._stream.ask(question)
        self._tell(
            {
                "type": "answer",
                "at": self._reached,
                "question": question,
                "text": found.text,
                "latency": round(found.latency, 3),
            }
        )

    def _comment(self, block: Block) -> None:
        self._say(self._stream.show(block))

    def _see(self, picture: torch.Tensor, at: float) -> None:
        words: Sequence[TimedWord] = self._stream.push(picture, at)
        if words:
            text = " ".join(word.word for word in words)
            self._say(Utterance(words[0].start, words[-1].end, text, max(word.latency for word in words)))

    def _say(self, one: Utterance) -> None:
        self._reached = one.end
        latency = one.latency or 0.0
        self._latencies.add(latency)
        self._latencies.video += one.end - one.start
        self._latencies.taken += latency
        said = {"type": "said", "start": one.start, "end": one.end, "text": one.text, "cue": vtt_cue(one)}
        said |= {"stopped": one.stopped, "latency": round(latency, 3), "skipped": self._skipped}
        self._tell(said | self._latencies.as_metadata())
