"""The state of one stream: what was shown and said, where the next token stands, which token comes next.

A session holds no tensors of the model's. :class:`~livecc_assets.commentary.group.Group` runs one or several sessions
through the model; the session says what to feed and reads the logits.
"""

import math
from collections import deque

import torch

from livecc_assets.commentary.choosing import Choice
from livecc_assets.commentary.config import CommentaryConfig
from livecc_assets.commentary.control import Cut, SpeechControl
from livecc_assets.commentary.decoder import Chunk
from livecc_assets.commentary.eos import EosThreshold
from livecc_assets.commentary.eviction import SpokenTurn, carry_over, without_vision
from livecc_assets.commentary.interval import Block, Interval, prepared
from livecc_assets.commentary.picking import pick
from livecc_assets.commentary.prompts import DEFAULT_QUERY
from livecc_assets.commentary.window import Move, Window, cuts
from livecc_assets.models.qwen2_vl import Processor, pixel_values
from livecc_assets.training import chat
from livecc_assets.training.positions import Grid, mrope_positions

#: A user turn up to the end of its video, where the first question goes on.
_OPEN_VIDEO = chat.user_turn(chat.VIDEO).partition(chat.VIDEO)[0] + chat.VIDEO


class Session:
    """One stream. ``query`` may be set anew at any time; it is sent with the next block, once (method 3.2)."""

    def __init__(
        self, processor: Processor, config: CommentaryConfig, query: str = DEFAULT_QUERY, seed: int | None = None
    ) -> None:
        self.config = config
        self.query = query
        self._processor = processor
        self._system = processor.encode(chat.system_turn())
        self._close = processor.encode(chat.assistant_turn("")[len(chat.assistant_open()) :])
        self._open = processor.encode(chat.assistant_open())
        self._silence = processor.encode(chat.ELLIPSIS)
        self._ellipsis = {processor.im_end, *self._silence}
        # Tokens of the template, never of speech: a generated pad would be taken for a frame that is not there.
        template = {"im_start", "vision_start", "vision_end", "image_pad", "video_pad"}
        self._template = sorted(getattr(processor, name) for name in template)
        self._never = torch.tensor(self._template)
        self._generator = None
        if config.sample:
            self._generator = torch.Generator().manual_seed(config.seed if seed is None else seed)
        self._pending = list(self._system)
        self._room = 0
        self._sent_query: str | None = None
        self._next_position = 0
        self._first_chunk = True
        self._evicted_at = 0.0
        self._turns: list[SpokenTurn] = []  # kept for `eviction: paper` alone
        self._window: Window | None = None
        if config.policy == "window":
            self._window = Window(config.window_text_tokens, config.window_vision_sec)
        self._seen: set[int] = set()
        self._recent: deque[int] = deque(maxlen=config.penalty_window)
        self._block: Block | None = None
        self._shown_until = 0.0  # end of the last block, in seconds
        self._generated: list[int] = []
        self._threshold: EosThreshold | None = None
        self._control = SpeechControl(config, processor) if config.rule == "corrected" else None
        self._cut: Cut | None = None
        self._answer_limit: int | None = None  # of a question's answer; None while commenting
        self._video_is_open = False  # whether a whole video waits for its question, in the same turn

    def due_for_eviction(self, start_s: float) -> bool:
        """Whether the block that starts at ``start_s`` should find a cache rebuilt from text alone."""
        left = self.evicts_in(start_s)
        return left is not None and bool(self._turns) and left <= 1e-6

    def evicts_in(self, now_s: float) -> float | None:
        """Seconds from ``now_s`` to the next of the paper's evictions; None under another policy."""
        if self.config.policy != "paper" or self.config.eviction_sec is None:
            return None
        return self._evicted_at + self.config.eviction_sec - now_s

    @property
    def usual_turn(self) -> float:
        """Text tokens of a turn, as the latest were."""
        lately = self._turns[-32:]
        return sum(len(turn.ids) + len(self._close) for turn in lately) / max(1, len(lately))

    def begin_carrying(self, steps: int) -> None:
        """Choose the turns that the next eviction carries over, with room for ``steps`` more, a quarter longer than usual."""
        coming = math.ceil(1.25 * steps * self.usual_turn)
        self._turns = carry_over(self._turns, self._close, max(0, self.config.max_text_tokens - coming))

    def carried_ids(self) -> list[int]:
        """The context of text alone: system, and the turns carried over with those since. Between two blocks only."""
        ids = [*self._system]
        for turn in self._turns:
            ids += turn.ids + self._close
        return ids

    def carries_little_enough(self) -> bool:
        """Whether the turns that are to be carried over still fit their bound."""
        return len(carry_over(self._turns, self._close, self.config.max_text_tokens)) == len(self._turns)

    def evict(self, start_s: float, prefilled: int = 0) -> None:
        """Start over from the text so far; the caller drops the cache, the next chunk prefills what is kept.

        ``prefilled`` tokens of :meth:`carried_ids` are in the cache that the caller goes on with.
        """
        if not prefilled:
            self._turns = carry_over(self._turns, self._close, self.config.max_text_tokens)
        self._pending = self.carried_ids()[prefilled:]
        self._next_position = prefilled
        self._first_chunk = True
        self._evicted_at = start_s

    def leave(self, end_s: float | None = None) -> Move | None:
        """What has to leave the cache before the block that ends at ``end_s`` is opened, or before a question (None), for which
        no time has passed since the last block; None where all stays.

        The caller drops it from the cache; the session counts it as gone.
        """
        if self._window is None:
            return None
        now_s = self._shown_until if end_s is None else end_s
        move, newest_stays = self._window.move(now_s, len(self._pending))
        if not newest_stays:
            self._pending = []  # the end of a turn that is gone
        if move is not None:
            self._next_position -= move.back
        return move

    @property
    def room(self) -> int:
        """Cache slots to allocate once the first block is open; 0 where the need is not known."""
        return self._room

    def open_block(self, block: Block) -> Chunk:
        """The chunk that shows a block to the model and asks it to speak."""
        block = block if block.patches is not None else prepared(block, self._processor)
        grid = block.grid
        new_query = self.query if self.query != self._sent_query else ""
        self._sent_query = self.query
        turn = self._user_turn(block, new_query, grid) + self._open
        if self.config.policy == "paper":
            self._turns.append(SpokenTurn(without_vision(turn, self._processor), bool(new_query)))
        self._block, self._generated, self._cut = block, [], None
        self._shown_until = block.end_s
        if self._control:
            self._control.begin(block.start_s, block.end_s)
        self._threshold = None
        if self.config.eos_base is not None:
            self._threshold = EosThreshold(self._processor.streaming_eos, self.config.eos_base, self.config.eos_step)
        chunk = self._place(self._pending + turn, [grid])
        self._note(chunk, len(self._pending), block, bool(new_query))
        self._pending = []
        return Chunk(chunk.ids, chunk.positions, block.patches, grid, block.seen)

    def accept(self, logits: torch.Tensor) -> Chunk | None:
        """Choose the next token from ``logits`` [V]; the chunk to feed next, or None when the interval has ended."""
        return self.take(self._choose(logits))

    def choice(self) -> Choice | None:
        """How the next token may be chosen on the device, as :meth:`accept` would; None where it takes the logits.

        Draws are made on the host (``picking.sample``). The released penalty reaches as far back as the stream, which no fixed
        shape holds.
        """
        if self.config.rule == "released":
            return None
        if self._answer_limit is not None:
            return Choice(self._template, self._generated, self.config.repetition_penalty)
        if self._generator is not None:
            return None
        level = self._threshold.level(len(self._generated)) if self._threshold else None
        return Choice(self._template, self._recent, self.config.repetition_penalty, level)

    def _choose(self, logits: torch.Tensor) -> int:
        config = self.config
        allowed = logits.float().index_fill(0, self._never.to(logits.device), float("-inf"))  # a copy of its own
        released = config.rule == "released"
        if self._answer_limit is not None:
            penalised = self._seen if released else self._generated
            return pick(allowed, penalised, config.repetition_penalty, None, None)
        return pick(
            allowed,
            self._seen if released else self._recent,
            config.repetition_penalty,
            self._threshold,
            self._generator,
            config.temperature,
            config.top_k,
            config.top_p,
        )

    def take(self, token: int) -> Chunk | None:
        """Say ``token``, whoever chose it; the chunk to feed next, or None when the interval has ended."""
        if self._answer_limit is not None:
            return self._take_answer(token, self._answer_limit)
        config = self.config
        if self._control:
            self._cut = self._control.refuses(self._generated, token)
            if self._cut:
                self._end_speech()
                return None
        self._generated.append(token)
        if token not in self._ellipsis:
            self._recent.append(token)
        if token == self._processor.im_end:
            self._pending = list(self._close)
            return None
        if len(self._generated) >= config.max_new_tokens:
            # The last token was never fed. The published code forgets it although it was shown.
            lost = config.rule == "released"
            self._pending = ([] if lost else [token]) + self._close
            return None
        if self._window is not None:
            self._window.add(1, 1)
        return self._place([token], [])

    def open_video(self, frames: torch.Tensor) -> Chunk:
        """The chunk that shows a whole video, uint8 [T, 3, H, W], to a session that saw nothing yet (method 3.6).

        What it predicts is no answer: :meth:`open_question` goes on in the same turn. Raises ValueError under a policy by
        which something leaves, since a video leaves in no part.
        """
        if self.config.policy != "none":
            raise ValueError(f"a whole video does not leave the cache, but eviction is {self.config.policy}")
        patches, grid = pixel_values(frames, self._processor)
        ids = self._pending + self._filled(_OPEN_VIDEO, grid)
        chunk = self._place(ids, [grid])
        self._pending, self._video_is_open = [], True
        return Chunk(chunk.ids, chunk.positions, patches, grid)

    def open_question(self, question: str, max_tokens: int) -> Chunk:
        """The chunk that puts a question, between two blocks; the answer has at most ``max_tokens`` (method 3.6).

        Question and answer are a turn of text like any other: they stay and leave as such. The first question about a
        whole video ends the video's turn.
        """
        turn = self._question_turn(question)
        if self.config.policy == "paper":
            self._turns.append(SpokenTurn(turn, False))
        self._generated, self._answer_limit, self._video_is_open = [], max(1, max_tokens), False
        if self._window is not None:
            self._window.add(len(self._pending), len(self._pending))
            self._window.open_turn(False)
            self._window.add(len(turn), len(turn))
        chunk = self._place(self._pending + turn, [])
        self._pending = []
        return chunk

    def next_question(self, question: str) -> int:
        """The position of the answer's first token, were this question put now."""
        return self._next_position + len(self._pending) + len(self._question_turn(question))

    @property
    def answered(self) -> str:
        """The answer so far; a character of which only the first bytes were generated is left out."""
        spoken = self._generated[:-1] if self.answer_ended else self._generated
        return self._processor.decode(spoken).rstrip("\ufffd").strip()

    @property
    def answer_ended(self) -> bool:
        """Whether the model itself ended its answer."""
        return self._generated[-1:] == [self._processor.im_end]

    def stop_answer(self) -> None:
        """Let the answer end where it is, in place of :meth:`accept`: what was fed of it stays in the context."""
        self._pending = list(self._close)

    def close_question(self) -> str:
        """The answer, after :meth:`accept` returned None or :meth:`stop_answer`."""
        self._answer_limit = None
        spoken = self._generated[:-1] if self.answer_ended else self._generated
        if self._turns:
            last = self._turns[-1]
            self._turns[-1] = SpokenTurn(last.ids + spoken, last.holds_query)
        return self._processor.decode(spoken).strip()

    def _question_turn(self, question: str) -> list[int]:
        text = chat.user_turn(chat.plain(question))
        if self._video_is_open:
            text = chat.user_turn(chat.VIDEO + chat.plain(question))[len(_OPEN_VIDEO) :]
        return self._processor.encode(text) + self._open

    def _take_answer(self, token: int, limit: int) -> Chunk | None:
        """As :meth:`take`, for an answer: the likeliest words, penalised by those of the answer alone (method 3.6).

        As published, everything before counts, and an answer that is cut is remembered without its last token.
        """
        released = self.config.rule == "released"
        self._generated.append(token)
        if token == self._processor.im_end:
            self._pending = list(self._close)
            return None
        if len(self._generated) >= limit:
            self._pending = ([] if released else [token]) + self._close
            return None
        if self._window is not None:
            self._window.add(1, 1)
        return self._place([token], [])

    def _end_speech(self) -> None:
        """End the interval as training ends one, with the ellipsis. Nothing of it was fed, so it goes before the next block."""
        silent = self._processor.decode(self._generated).endswith(chat.ELLIPSIS)
        ending = [] if silent else self._silence
        self._generated += [*ending, self._processor.im_end]
        self._pending = ending + self._close

    def close_block(self) -> Interval:
        """The finished interval, after :meth:`accept` returned None."""
        assert self._block is not None
        if self._control:
            self._control.end()
        ended = self._generated[-1] == self._processor.im_end
        spoken = self._generated[:-1] if ended else list(self._generated)
        remembered = spoken[:-1] if not ended and self.config.rule == "released" else spoken
        if self._turns:
            last = self._turns[-1]
            self._turns[-1] = SpokenTurn(last.ids + remembered, last.holds_query)
        text = self._processor.decode(spoken).replace(chat.ELLIPSIS, "").strip()
        block, self._block = self._block, None
        stopped = self._cut or ("end" if ended else "length")
        return Interval(block.start_s, block.end_s, text, list(self._generated), stopped)

    def _user_turn(self, block: Block, query: str, grid: Grid) -> list[int]:
        return self._filled(chat.user_turn(chat.block_content(block.start_s, block.end_s, query)), grid)

    def _filled(self, text: str, grid: Grid) -> list[int]:
        """Ids of a text with one video, whose pad is repeated for each of its tokens."""
        ids: list[int] = []
        for token in self._processor.encode(text):
            ids += [token] * self._processor.tokens_of(grid) if token == self._processor.video_pad else [token]
        return ids

    def _note(self, chunk: Chunk, opens: int, block: Block, holds_query: bool) -> None:
        """Tell the window what a block's chunk consists of: the end of the former turn, then text, frames and text."""
        if self._window is None:
            return
        bounds = [0, *cuts(chunk.ids, opens, self._processor.vision_start, self._processor.vision_end)]
        at = [int(chunk.positions[0, bound]) for bound in bounds[:-1]] + [self._next_position]
        sizes = [
            (end - start, to - since) for start, end, since, to in zip(bounds, bounds[1:], at, at[1:], strict=False)
        ]
        self._window.add(*sizes[0])
        self._window.open_turn(holds_query)
        self._window.add(*sizes[1])
        self._window.add(*sizes[2], start_s=block.start_s)
        self._window.add(*sizes[3])
        if not self._room:
            self._room = self._window.room(len(chunk.ids), block.end_s - block.start_s, self.config.max_new_tokens)

    def _place(self, ids: list[int], grids: list[Grid]) -> Chunk:
        """Give new tokens their positions: M-RoPE as in training, or plain ones after the first chunk as published.

        Text alone has plain positions either way.
        """
        if grids and (self.config.positions == "train-consistent" or self._first_chunk):
            positions, self._next_position = mrope_positions(ids, grids, self._processor, self._next_position)
        else:
            first, self._next_position = self._next_position, self._next_position + len(ids)
            one = len(ids) == 1  # as for every word
            positions = torch.full((3, 1), first) if one else torch.arange(first, self._next_position).expand(3, -1)
        self._first_chunk = self._first_chunk and not grids
        if self.config.rule == "released":
            self._seen.update(ids)
        return Chunk(ids, positions)
