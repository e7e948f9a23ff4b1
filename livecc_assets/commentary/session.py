"""The state of one stream: what was shown and said, where the next token stands, which token comes next.

A session holds no tensors of the model's. :class:`~livecc_assets.commentary.group.Group` runs one or several sessions
through the model; the session says what to feed and reads the logits.
"""

from collections import deque
from dataclasses import dataclass
from typing import Literal

import torch

from livecc_assets.commentary.config import CommentaryConfig
from livecc_assets.commentary.decoder import Chunk
from livecc_assets.commentary.eos import EosThreshold
from livecc_assets.commentary.eviction import SpokenTurn, carry_over, without_vision
from livecc_assets.commentary.picking import pick
from livecc_assets.commentary.prompts import DEFAULT_QUERY
from livecc_assets.models.qwen2_vl import Processor, pixel_values
from livecc_assets.training import chat
from livecc_assets.training.positions import Grid, mrope_positions


@dataclass(frozen=True)
class Block:
    """Frames of one interval: uint8 [T, 3, H, W], and the interval in seconds since the stream began."""

    start_s: float
    end_s: float
    frames: torch.Tensor


@dataclass(frozen=True)
class Interval:
    """What was said in one interval. ``text`` is without the closing ellipsis; ``ids`` as generated, ``<|im_end|>`` included."""

    start_s: float
    end_s: float
    text: str
    ids: list[int]
    stopped: Literal["end", "length"]


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
        self._ellipsis = {processor.im_end, *processor.encode(chat.ELLIPSIS)}
        # Tokens of the template, never of speech: a generated pad would be taken for a frame that is not there.
        template = {"im_start", "vision_start", "vision_end", "image_pad", "video_pad"}
        self._never = torch.tensor(sorted(getattr(processor, name) for name in template))
        self._generator = None
        if config.sample:
            self._generator = torch.Generator().manual_seed(config.seed if seed is None else seed)
        self._pending = list(self._system)
        self._sent_query: str | None = None
        self._next_position = 0
        self._first_chunk = True
        self._evicted_at = 0.0
        self._turns: list[SpokenTurn] = []
        self._seen: set[int] = set()
        self._recent: deque[int] = deque(maxlen=config.penalty_window)
        self._block: Block | None = None
        self._generated: list[int] = []
        self._threshold: EosThreshold | None = None

    def due_for_eviction(self, start_s: float) -> bool:
        """Whether the block that starts at ``start_s`` should find a cache rebuilt from text alone."""
        every = self.config.evicts_every
        return every is not None and bool(self._turns) and start_s - self._evicted_at >= every - 1e-6

    def evict(self, start_s: float) -> None:
        """Start over from the text so far; the caller drops the cache, the next chunk prefills what is kept."""
        self._turns = carry_over(self._turns, self._close, self.config.max_text_tokens)
        self._pending = [*self._system]
        for turn in self._turns:
            self._pending += turn.ids + self._close
        self._next_position = 0
        self._first_chunk = True
        self._evicted_at = start_s

    def open_block(self, block: Block) -> Chunk:
        """The chunk that shows a block to the model and asks it to speak."""
        pixels, grid = pixel_values(block.frames, self._processor)
        new_query = self.query if self.query != self._sent_query else ""
        self._sent_query = self.query
        turn = self._user_turn(block, new_query, grid) + self._open
        self._turns.append(SpokenTurn(without_vision(turn, self._processor), bool(new_query)))
        self._block, self._generated = block, []
        self._threshold = None
        if self.config.eos_base is not None:
            self._threshold = EosThreshold(self._processor.streaming_eos, self.config.eos_base, self.config.eos_step)
        chunk = self._place(self._pending + turn, [grid])
        self._pending = []
        return Chunk(chunk.ids, chunk.positions, pixels, grid)

    def accept(self, logits: torch.Tensor) -> Chunk | None:
        """Choose the next token from ``logits`` [V]; the chunk to feed next, or None when the interval has ended."""
        config = self.config
        token = pick(
            logits.index_fill(0, self._never.to(logits.device), float("-inf")),
            self._seen if config.rule == "released" else self._recent,
            config.repetition_penalty,
            self._threshold,
            self._generator,
            config.temperature,
            config.top_k,
            config.top_p,
        )
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
        return self._place([token], [])

    def close_block(self) -> Interval:
        """The finished interval, after :meth:`accept` returned None."""
        assert self._block is not None
        ended = self._generated[-1] == self._processor.im_end
        spoken = self._generated[:-1] if ended else list(self._generated)
        remembered = spoken[:-1] if not ended and self.config.rule == "released" else spoken
        last = self._turns[-1]
        self._turns[-1] = SpokenTurn(last.ids + remembered, last.holds_query)
        text = self._processor.decode(spoken).replace(chat.ELLIPSIS, "").strip()
        block, self._block = self._block, None
        return Interval(block.start_s, block.end_s, text, list(self._generated), "end" if ended else "length")

    def _user_turn(self, block: Block, query: str, grid: Grid) -> list[int]:
        text = chat.user_turn(chat.block_content(block.start_s, block.end_s, query))
        ids: list[int] = []
        for token in self._processor.encode(text):
            ids += [token] * self._processor.tokens_of(grid) if token == self._processor.video_pad else [token]
        return ids

    def _place(self, ids: list[int], grids: list[Grid]) -> Chunk:
        """Give new tokens their positions: M-RoPE as in training, or plain ones after the first chunk as published.

        Text alone has plain positions either way.
        """
        if grids and (self.config.positions == "train-consistent" or self._first_chunk):
            positions, self._next_position = mrope_positions(ids, grids, self._processor, self._next_position)
        else:
            index = torch.arange(self._next_position, self._next_position + len(ids))
            positions, self._next_position = index.expand(3, -1), self._next_position + len(ids)
        self._first_chunk = False
        if self.config.rule == "released":
            self._seen.update(ids)
        return Chunk(ids, positions)
