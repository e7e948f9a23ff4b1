"""What a stream with ``eviction: window`` remembers: attention sinks, recent text, recent vision (method 3.5).

The preset is StreamingVLM's (arXiv 2510.09608): 512 text tokens and 16 s of vision, at positions that stay contiguous.
Only numbers are kept here: of which turn each cached token is, and how far the positions run over it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Move:
    """What an eviction leaves of a stream: ``kept`` [n], its cached tokens' numbers, and ``shift`` [n], to be taken off
    all three axes of each one's position. ``back`` is what the next position moves back by."""

    kept: torch.Tensor
    shift: torch.Tensor
    back: int


@dataclass
class _Piece:
    """Tokens that stay or leave together: a turn's text before or after its frames, or the frames with their markers.

    ``advance`` is how far the positions run from the first token to the piece that follows.
    ``start_s`` is where the interval of the frames begins; None for text.
    """

    turn: int
    tokens: int
    advance: int
    start_s: float | None = None


class Window:
    """The pieces of one stream's cache, in its order. Turn 0 is the system turn; it never leaves."""

    def __init__(self, text_tokens: int, vision_sec: float) -> None:
        self._text_tokens, self._vision_sec = text_tokens, vision_sec
        self._pieces: list[_Piece] = []
        self._turn = 0
        self._query_turn = 0

    def open_turn(self, holds_query: bool) -> None:
        """What is added from now on belongs to a new turn. One that holds a query is the sink in the former one's place."""
        self._turn += 1
        if holds_query:
            self._query_turn = self._turn

    def add(self, tokens: int, advance: int, start_s: float | None = None) -> None:
        """Note that the turn goes on by ``tokens``, over which positions run by ``advance``."""
        last = self._pieces[-1] if self._pieces else None
        if last is not None and start_s is None and (last.turn, last.start_s) == (self._turn, None):
            last.tokens += tokens
            last.advance += advance
        elif tokens:
            self._pieces.append(_Piece(self._turn, tokens, advance, start_s))

    def move(self, end_s: float, pending: int) -> tuple[Move | None, bool]:
        """What has to leave before the block that ends at ``end_s`` comes in, and whether the newest turn's text stays.

        ``pending`` tokens of the newest turn are not cached yet; they count as its text. A turn's text stays whole or
        leaves whole; the newest turns stay while they fit. Frames leave when their interval begins before the window.
        """
        texts = self._text_that_stays(pending)
        horizon = end_s - self._vision_sec - 1e-6
        stays = [p.turn in texts if p.start_s is None else p.start_s >= horizon for p in self._pieces]
        newest = self._turn in texts
        if all(stays):
            return None, newest
        kept: list[torch.Tensor] = []
        shifts: list[torch.Tensor] = []
        at = gone = 0
        for piece, stay in zip(self._pieces, stays, strict=True):
            if stay:
                kept.append(torch.arange(at, at + piece.tokens))
                shifts.append(torch.full((piece.tokens,), gone))
            else:
                gone += piece.advance
            at += piece.tokens
        self._pieces = [piece for piece, stay in zip(self._pieces, stays, strict=True) if stay]
        return Move(torch.cat(kept), torch.cat(shifts), gone), newest

    def room(self, block_tokens: int, block_s: float, answer_tokens: int) -> int:
        """Cache slots that the stream will need when its window is full, judged by its first block's size."""
        sinks = sum(piece.tokens for piece in self._pieces if piece.start_s is None)
        vision = block_tokens / max(block_s, 1e-3) * self._vision_sec
        return sinks + self._text_tokens + int(vision) + 2 * block_tokens + 2 * answer_tokens

    @property
    def tokens(self) -> int:
        """Tokens in the cache."""
        return sum(piece.tokens for piece in self._pieces)

    def _text_that_stays(self, pending: int) -> set[int]:
        sizes: dict[int, int] = {self._turn: pending}
        for piece in self._pieces:
            if piece.start_s is None:
                sizes[piece.turn] = sizes.get(piece.turn, 0) + piece.tokens
        sinks = {0, self._query_turn}
        left, stays = self._text_tokens, set(sinks)
        for turn in sorted(sizes.keys() - sinks, reverse=True):
            left -= sizes[turn]
            if left < 0:
                break
            stays.add(turn)
        return stays


def cuts(ids: Sequence[int], opens: int, vision_start: int, vision_end: int) -> list[int]:
    """Where a chunk whose turn opens at token ``opens`` changes between text and frames, both ends included."""
    start = ids.index(vision_start, opens)
    return [opens, start, ids.index(vision_end, start) + 1, len(ids)]
