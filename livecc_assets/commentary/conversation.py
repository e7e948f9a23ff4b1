"""Questions and answers about a whole video: it is shown once, all later turns are text over the kept cache (method 3.6)."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from livecc_assets.commentary.config import CommentaryConfig
from livecc_assets.commentary.decoder import Chunk, Decoder
from livecc_assets.commentary.group import Loaded
from livecc_assets.commentary.prompts import check_question
from livecc_assets.commentary.session import Session
from livecc_assets.commentary.streams import ANSWER_TOKENS, Answer
from livecc_assets.core.errors import UserError
from livecc_assets.training.reading import read_video


@dataclass(frozen=True)
class Reply(Answer):
    """An answer, and who ended it: the model, the cap on tokens, or whoever listened."""

    stopped: Literal["end", "length", "interrupt"]


class Conversation:
    """One video, seconds ``start`` to ``end``, and what is asked about it.

    Nothing leaves the cache: every answer knows the video and all turns before. Answers are the likeliest words. Of
    ``config`` count the rule, the positions, the repetition penalty, and how a clip is sampled and sized. The video is shown
    at once, so that the first answer waits for its question alone. Raises MediaError for what cannot be read.
    """

    def __init__(
        self,
        engine: Loaded,
        video: str,
        start: float | None = None,
        end: float | None = None,
        config: CommentaryConfig | None = None,
    ) -> None:
        config = (config or CommentaryConfig()).but(eviction="none")
        element = {"video": video, "video_start": start, "video_end": end}
        frames = read_video(element, config, config.rule, config.blank_frames)
        self._session = Session(engine.processor, config)
        self._decoder = Decoder(engine.model, engine.processor, 1)
        self._positions = int(engine.model.config.get_text_config().max_position_embeddings)
        self._broken = False
        self._decoder.extend([self._session.open_video(frames)])

    def ask(
        self,
        question: str,
        max_tokens: int = ANSWER_TOKENS,
        hear: Callable[[str], bool] = lambda piece: True,
    ) -> Reply:
        """The answer, of at most ``max_tokens``.

        ``hear`` gets what each token adds to the text, often nothing, and says whether to go on. What was said until then
        is the answer, and the conversation remembers it. Raises UserError for a question that is empty, no text, or more
        than the model's positions have room for; the conversation goes on after it.
        """
        began = time.monotonic()
        self._check(question, max_tokens)
        self._broken = True  # until the turn is complete: an exception in between leaves a cache that fits no session
        chunk: Chunk | None = self._session.open_question(question, max_tokens)
        said, interrupted = "", False
        while chunk is not None:
            logits = self._decoder.extend([chunk])[0]
            if interrupted:
                self._session.stop_answer()
                break
            chunk = self._session.accept(logits)
            so_far = self._session.answered
            interrupted = not hear(so_far[len(said) :])
            said = so_far
        cut = "end" if self._session.answer_ended else "length"
        text = self._session.close_question()
        self._broken = False
        if len(text) > len(said):
            hear(text[len(said) :])
        return Reply(text, time.monotonic() - began, "interrupt" if chunk is not None else cut)

    def _check(self, question: str, max_tokens: int) -> None:
        if self._broken:
            raise UserError("the conversation broke off in the middle of an answer; begin a new one")
        check_question(question)
        last = self._session.next_question(question) + max_tokens
        if last > self._positions:
            raise UserError(
                f"with this question and an answer of {max_tokens} tokens the conversation would reach position {last}, and the "
                f"model knows {self._positions}; begin a new one, or ask for shorter answers"
            )
