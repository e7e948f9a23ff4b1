"""A plain reference for `eviction: window`: lists of unrotated keys and values, dropped one by one and rotated afresh."""

from dataclasses import dataclass, field
from typing import Any

import torch
from commentary_streams import Recorded

from livecc_assets.commentary.config import CommentaryConfig
from livecc_assets.commentary.decoder import Chunk
from livecc_assets.commentary.interval import Block, Interval
from livecc_assets.training.positions import mrope_positions


@dataclass
class Token:
    """One cached token: its id, its turn, its frames' interval if it belongs to frames, keys and values by layer."""

    id: int
    turn: int
    start_s: float | None = None
    grid: tuple[int, int, int] | None = None
    keys: list[torch.Tensor] = field(default_factory=list)
    values: list[torch.Tensor] = field(default_factory=list)


class Reference:
    """One stream. It is told chunks and blocks; what leaves and where everything stands it decides by itself."""

    def __init__(self, engine: Any, config: CommentaryConfig, query: str) -> None:
        self.model, self.processor, self.config, self.query = engine.model, engine.processor, config, query
        self.tokens: list[Token] = []
        self.turn, self.query_turn, self.dropped = 0, -1, 0
        self.sent = ""

    def leave(self, end_s: float, said: Interval | None) -> None:
        """Drop what leaves before a block that ends at ``end_s``, or before a question at that time; ``said`` is what the newest
        turn said."""
        close = len(self.processor.encode("<|im_end|>\n"))
        waiting = 0 if said is None else close + (said.stopped == "length")
        room, stays = self.config.window_text_tokens, {0, self.query_turn}
        for turn in range(self.turn, 0, -1):
            if turn == self.query_turn:
                continue
            text = sum(token.turn == turn and token.start_s is None for token in self.tokens)
            room -= text + (waiting if turn == self.turn else 0)
            if room < 0:
                break
            stays.add(turn)
        since = end_s - self.config.window_vision_sec - 1e-6
        kept = [t for t in self.tokens if (t.turn in stays if t.start_s is None else t.start_s >= since)]
        self.dropped += len(self.tokens) - len(kept)
        self.tokens = kept

    def positions(self) -> torch.Tensor:
        """Positions [3, n] of the kept tokens: those of a sequence in which nothing else ever was."""
        ids = [token.id for token in self.tokens]
        grids = [token.grid for token in self.tokens if token.grid is not None]
        if self.config.positions == "train-consistent":
            return mrope_positions(ids, grids, self.processor)[0]
        # As published: frames of the first block have rows and columns, all else counts on.
        first = [i for i, t in enumerate(self.tokens) if t.turn == 1 and t.start_s is not None]
        end = first[-1] + 1 if first else 0
        head, at = mrope_positions(ids[:end], grids[:1] if first else [], self.processor)
        tail = torch.arange(at, at + len(ids) - end).expand(3, -1)
        return torch.cat([head, tail], dim=1)

    def feed(self, chunk: Chunk, block: Block) -> torch.Tensor:
        """Logits [V] after the chunk's last token."""
        fresh = [Token(id, self.turn) for id in chunk.ids]
        if chunk.grid is not None:
            self._parse(fresh, chunk, block)
        elif self.processor.im_start in chunk.ids:  # a question, after the end of the former turn
            self.turn += 1
            for token in fresh[chunk.ids.index(self.processor.im_start) :]:
                token.turn = self.turn
        self.tokens += fresh
        hidden = self.model.get_input_embeddings()(torch.tensor([chunk.ids]))
        if chunk.pixels is not None:
            vision = self.model.model.get_video_features(chunk.pixels, torch.tensor([chunk.grid])).pooler_output
            hidden[torch.tensor([chunk.ids]) == self.processor.video_pad] = torch.cat(list(vision))
        language = self.model.model.language_model
        cos, sin = language.rotary_emb(hidden, self.positions()[:, None])
        for layer in language.layers:
            hidden = hidden + self._attend(layer.self_attn, layer.input_layernorm(hidden)[0], fresh, cos[0], sin[0])
            hidden = hidden + layer.mlp(layer.post_attention_layernorm(hidden))
        return self.model.lm_head(language.norm(hidden))[0, -1]

    def _parse(self, fresh: list[Token], chunk: Chunk, block: Block) -> None:
        """Name turns and frames of a block's chunk by the template's own tokens."""
        opens = max(i for i, t in enumerate(chunk.ids[: chunk.ids.index(self.processor.video_pad)])
                    if t == self.processor.im_start)  # fmt: skip
        self.turn += 1
        if self.query != self.sent:
            self.sent = self.query
            self.query_turn = self.turn if self.query else self.query_turn
        frames = False
        for token in fresh[opens:]:
            token.turn = self.turn
            frames = frames or token.id == self.processor.vision_start
            token.start_s = block.start_s if frames else None
            if token.id == self.processor.vision_start:
                token.grid = chunk.grid
            frames = frames and token.id != self.processor.vision_end

    def _attend(
        self, own: Any, x: torch.Tensor, fresh: list[Token], cos: torch.Tensor, sin: torch.Tensor
    ) -> torch.Tensor:
        q, k, v = (p(x).unflatten(1, (-1, own.head_dim)) for p in (own.q_proj, own.k_proj, own.v_proj))
        for token, key, value in zip(fresh, k, v, strict=True):
            token.keys.append(key)
            token.values.append(value)
        layer = own.layer_idx
        keys = _turned(torch.stack([token.keys[layer] for token in self.tokens]), cos, sin)
        values = torch.stack([token.values[layer] for token in self.tokens])
        n = len(fresh)
        q = _turned(q, cos[-n:], sin[-n:])
        repeats = q.shape[1] // keys.shape[1]
        keys, values = keys.repeat_interleave(repeats, 1), values.repeat_interleave(repeats, 1)
        scores = torch.einsum("qhd,khd->hqk", q, keys) * own.head_dim**-0.5
        hidden = torch.ones(n, len(self.tokens), dtype=torch.bool).tril(len(self.tokens) - n)
        weights = scores.masked_fill(~hidden, float("-inf")).softmax(dim=-1)
        return own.o_proj(torch.einsum("hqk,khd->qhd", weights, values).flatten(1))


def _turned(x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    half = x.shape[-1] // 2
    other = torch.cat((-x[..., half:], x[..., :half]), dim=-1)
    return x * cos[:, None] + other * sin[:, None]


class Compared:
    """A group whose every logit is held against its sessions' references."""

    def __init__(self, recorded: Any, references: list[Reference]) -> None:
        self.group, self.references = recorded, references
        self.worst, self.lengths, self.tops = 0.0, [], []
        self._said: list[Interval | None] = [None] * len(references)
        self._blocks: list[Block] = []
        inner = self.group.decoder.extend

        def extend(chunks: list[Chunk | None]) -> torch.Tensor:
            out = inner(chunks)
            with torch.inference_mode():
                for seat, reference, block in zip(self.group.seats, self.references, self._blocks, strict=True):
                    chunk = chunks[seat.row] if seat.row < len(chunks) else None
                    if chunk is not None:
                        expected = reference.feed(chunk, block)
                        assert torch.equal(reference.positions()[:, -len(chunk.ids) :], chunk.positions)
                        self.worst = max(self.worst, float((out[seat.row] - expected).abs().max()))
            return out

        self.group.decoder.extend = extend

    def step(self, blocks: list[Block]) -> list[Interval]:
        self._blocks = blocks
        for session, reference, block, said in zip(
            self.group.sessions, self.references, blocks, self._said, strict=True
        ):
            reference.query = session.query
            reference.leave(block.end_s, said)
        intervals = self.group.step(blocks)
        self._said = list(intervals)
        self.lengths.append(self.group.decoder.length)
        return intervals

    def ask(self, question: str, max_tokens: int) -> list[str]:
        for reference, block, said in zip(self.references, self._blocks, self._said, strict=True):
            reference.leave(block.end_s, said)  # no time has passed since the block
        answers = self.group.ask([question] * len(self.references), max_tokens)
        for row, session in enumerate(self.group.sessions):
            ids = list(session._generated)
            ended = ids[-1] == session._processor.im_end
            self._said[row] = Interval(0.0, 0.0, answers[row], ids, "end" if ended else "length")
        return answers

    def keep(self, rows: list[int]) -> None:
        self.group.keep(rows)
        self.references = [self.references[row] for row in rows]
        self._said = [self._said[row] for row in rows]


def compared(engine: Any, config: CommentaryConfig, query: str = "what now?") -> Compared:
    """A group of one beside its reference."""
    return Compared(Recorded(engine, config, query).group, [Reference(engine, config, query)])
