"""One model that answers one viewer's questions about a whole video (method 3.6): it is looked at first, and then kept."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from livecc_assets.commentary.config import CommentaryConfig
from livecc_assets.commentary.conversation import Conversation
from livecc_assets.commentary.streams import ANSWER_TOKENS, Stream
from livecc_assets.core.errors import MediaError, UserError
from livecc_assets.web.site import Model
from livecc_assets.web.sources import Source

#: Hears a message for the page.
Tell = Callable[[dict[str, Any]], None]
#: Questions that may wait.
_MOST_QUESTIONS = 4
#: Seconds for which the thread is waited for at the end: a video that is being looked at is looked at to its end.
_FAREWELL = 5.0
#: Seconds after which one that waits for its turn looks whether its viewer is still there.
_LOOK_UP = 0.1
_LOG = logging.getLogger(__name__)


class Converser:
    """Looks at ``source`` from its second ``at`` to ``until`` (None: the end), then answers, in a thread of its own.

    ``place`` is a stream of the model, which is shown nothing: a conversation takes the room of one as long as it works. Of
    all conversations of a model one works at a time, so that they take no more of the commentary's share than one. ``tell``
    hears ``looked`` and then answers, each with the seconds since it was asked for.
    """

    def __init__(
        self, model: Model, place: Stream, source: Source, until: float | None, config: CommentaryConfig, tell: Tell
    ) -> None:
        self._model, self._place, self._source, self._until = model, place, source, until
        self._config, self._tell = config, tell
        self._changed = threading.Condition()
        self._questions: deque[tuple[str, float]] = deque()
        self._closed, self._over = False, False
        self._thread = threading.Thread(target=self._work, name="converser", daemon=True)
        self._thread.start()

    def ask(self, question: str) -> None:
        """A question, answered in its turn. Raises UserError while too many wait, and where there is nothing to ask about."""
        with self._changed:
            if self._over:
                raise UserError("This conversation is over; start again.")
            if len(self._questions) >= _MOST_QUESTIONS:
                raise UserError("Too many questions wait for their answers; ask again in a moment.")
            self._questions.append((question, time.monotonic()))
            self._changed.notify_all()

    def close(self) -> None:
        """The viewer is gone: an answer under way ends, and what waits is dropped."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join(_FAREWELL)

    def _work(self) -> None:
        try:
            self._talk()
        except Exception as error:
            if not isinstance(error, MediaError | UserError):
                _LOG.exception("a model failed while it was asked about a video")
            self._fail(error)
        finally:
            self._over = True
            self._place.close()

    def _talk(self) -> None:
        began = time.monotonic()
        with self._turn() as wanted:
            if not wanted:
                return
            conversation = self._look()
        self._tell({"type": "looked", "took": round(time.monotonic() - began, 3)})
        while (asked := self._next()) is not None:
            question, since = asked
            with self._turn() as wanted:
                if not wanted:
                    return
                try:
                    reply = conversation.ask(question, ANSWER_TOKENS, lambda piece: not self._closed)
                except UserError as error:
                    self._fail(error)
                    continue
            told = {"type": "answer", "at": 0.0, "question": question, "text": reply.text, "stopped": reply.stopped}
            self._tell(told | {"latency": round(time.monotonic() - since, 3)})

    @contextmanager
    def _turn(self) -> Iterator[bool]:
        """Within it no other conversation of the model works. Gives whether the viewer is still there."""
        while not self._model.conversing.acquire(timeout=_LOOK_UP):
            if self._closed:
                yield False
                return
        try:
            yield not self._closed
        finally:
            self._model.conversing.release()

    def _look(self) -> Conversation:
        engine = self._model.engine
        if engine is None:
            raise UserError("This model answers no questions about a whole video.")
        return Conversation(engine, str(self._source.path), self._source.at or None, self._until, self._config)

    def _next(self) -> tuple[str, float] | None:
        """The next question and when it came, waited for; None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._questions)
            return None if self._closed else self._questions.popleft()

    def _fail(self, error: Exception) -> None:
        if not self._closed:
            self._tell({"type": "error", "text": self._source.words(error)})
