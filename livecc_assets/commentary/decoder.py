"""Cached forward passes of one model for several streams at once, with explicit positions (method 3.3).

Nothing is kept on the model: the library's own position logic is bypassed (it stores ``rope_deltas`` on the model,
which concurrent streams would corrupt), so one model serves any number of decoders. The layers are run here rather
than by the library because it rotates keys before a cache sees them, and a window has to place them anew (method 3.5).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from livecc_assets.commentary import transfer
from livecc_assets.commentary.attention import attend, attend_flash, attend_together
from livecc_assets.commentary.cache import Places, StreamCache, rotate
from livecc_assets.commentary.captured import Captures
from livecc_assets.commentary.choosing import Choice, Chooser
from livecc_assets.commentary.packing import Packed
from livecc_assets.commentary.static_step import Attend, StaticStep
from livecc_assets.commentary.transfer import onto
from livecc_assets.commentary.vision import Seen, encode
from livecc_assets.commentary.window import Move
from livecc_assets.core.errors import UserError
from livecc_assets.models.qwen2_vl import Processor
from livecc_assets.training.positions import Grid

#: Rotary encodings that look at the positions' values, which a graph cannot.
_GROWING = ("dynamic", "longrope")


@dataclass(frozen=True)
class Chunk:
    """New tokens of one stream: ``ids`` [q], ``positions`` int64 [3, q], and the pixels behind the video pads among them.

    ``pixels`` is float32 [N, 1176] with its patch ``grid``, or None when the chunk holds no frames.
    ``seen`` is what the vision tower made of them, where somebody asked it before.
    """

    ids: list[int]
    positions: torch.Tensor
    pixels: torch.Tensor | None = None
    grid: Grid | None = None
    seen: Seen | None = None


class Decoder:
    """The caches of several streams, one a row, and the way to extend them.

    Rows need not advance together: a step takes any chunks of any rows, one behind the other without padding, so that a row
    that speaks, one that is shown a block and one that rests cost what they would cost alone, or less. ``replaceable`` lets
    :meth:`keep` drop tokens from the middle. Raises UserError for a model with sliding attention.
    """

    def __init__(self, model: Any, processor: Processor, rows: int = 1, replaceable: bool = False) -> None:
        self._model, self._processor = model, processor
        self._head = model.lm_head
        self._core = model.model
        self._language = model.model.language_model
        self._embed = model.get_input_embeddings()
        self._pad = processor.video_pad
        self._replaceable = replaceable
        if set(self._language.config.layer_types) != {"full_attention"}:
            raise UserError(
                "The checkpoint uses sliding attention, which streams cannot. Set use_sliding_window: false."
            )
        self._flash = str(self._language.config._attn_implementation).startswith("flash")
        self.device = self._embed.weight.device
        self.dtype = self._embed.weight.dtype
        #: Whether tokens are fed and chosen at static shapes (method 3.10). Some encodings turn by the longest length so far.
        self.static = transfer.accelerated(self.device) and self._language.rotary_emb.rope_type not in _GROWING
        layers = self._language.config.num_hidden_layers
        self.cache = StreamCache(layers, rows, replaceable, spare_rows=self.static)
        self._static = StaticStep(self.cache, Captures(self.device))
        self._chooser = Chooser(processor.streaming_eos, Captures(self.device))
        self._resting: list[int] = []

    @property
    def rows(self) -> int:
        """Rows of the cache, resting ones included."""
        return len(self.cache.lengths)

    @property
    def length(self) -> int:
        """Cached tokens of the longest row."""
        return max(self.cache.lengths, default=0)

    def open(self) -> int:
        """An empty row: one that was closed, or a new one."""
        if self._resting:
            return self._resting.pop(0)
        self.cache.lengths.append(0)
        return self.rows - 1

    def close(self, row: int) -> None:
        """Give a row back."""
        self.clear(row)
        self._resting = sorted([*self._resting, row])
        # Rows for which no memory was found must not ask for it again with every later step.
        while self._resting[-1:] == [self.rows - 1] and self.rows > max(1, self.cache.held):
            self._resting.pop()
            self.cache.lengths.pop()

    def clear(self, row: int) -> None:
        """Forget a row's tokens."""
        self.cache.free(row)

    def beside(self) -> "Decoder":
        """A decoder of the same model with one empty row."""
        return Decoder(self._model, self._processor, 1, self._replaceable)

    @torch.inference_mode()
    def adopt(self, row: int, other: "Decoder") -> None:
        """Go on in this row with what the other decoder's only row holds."""
        self.cache.copy(row, other.cache)

    @torch.inference_mode()
    def select(self, rows: Sequence[int]) -> None:
        """Keep only these rows, in this order; they are numbered anew."""
        self.cache.select(rows)
        self._resting = []

    @torch.inference_mode()
    def keep(self, row: int, move: Move) -> None:
        """Drop what leaves a row's window, close the gaps, and place the rest anew."""
        kept = move.kept.to(self.device)
        placed = self.cache.placed(row)[:, kept] - move.shift.to(self.device)
        self.cache.rearrange(row, kept, placed, *self._language.rotary_emb(self._embed.weight, placed[:, None]))

    @torch.inference_mode()
    def step(self, chunks: Sequence[Chunk | None], choices: Sequence[Choice | None]) -> list[int | torch.Tensor]:
        """As :meth:`extend`, and choose: each row's next token, or its logits [V] where it has no choice to be made here.

        Where steps are static all tokens are read from the device in one piece; elsewhere all rows get their logits.
        """
        before, room = list(self.cache.lengths), self.cache.room
        try:
            logits = self.extend(chunks)
            return self._chooser.choose(logits, choices) if self.static else list(logits)
        except Exception:
            # Who tries again feeds the same tokens, and asks for no memory that was not there.
            self.cache.lengths, self.cache.room = before, room
            raise

    @torch.inference_mode()
    def extend(self, chunks: Sequence[Chunk | None]) -> torch.Tensor:
        """Run one chunk for each row (None: nothing new) and return the logits [B, V] after each one's last token.

        Rows beyond ``chunks`` rest. The logits of a row without a chunk are zeros.
        """
        widths = [0 if chunk is None else len(chunk.ids) for chunk in chunks]
        if self.static and self.cache.held and max(widths) == 1:
            ids = [None if chunk is None else chunk.ids[0] for chunk in chunks]
            return self._static.logits(self._forward, ids, [chunk.positions for chunk in chunks if chunk is not None])
        widths += [0] * (self.rows - len(widths))
        self.cache.make_room(widths)
        packed = Packed(widths, self.cache.lengths, self.device, self.dtype)
        fed = [chunk for chunk in chunks if chunk is not None]
        ids = torch.tensor([token for chunk in fed for token in chunk.ids])
        embedded = self._embed(onto(self.device, ids))
        self._put_frames(embedded, ids == self._pad, fed)
        positions = onto(self.device, torch.cat([chunk.positions for chunk in fed], dim=1))

        def attend_packed(own: Any, layer: int, queries: torch.Tensor) -> torch.Tensor:
            return self._attend(own, layer, queries, packed)

        hidden = self._layers(embedded[None], positions[:, None], packed.places, attend_packed)
        self.cache.advance(widths, positions, packed.places)
        found = self._head(hidden[0, packed.last]).float()
        if len(fed) == len(chunks):
            return found
        logits = found.new_zeros(len(chunks), found.shape[1])
        logits[packed.rows] = found
        return logits

    def _forward(
        self, ids: torch.Tensor, positions: torch.Tensor, places: Places, attend_static: Attend
    ) -> torch.Tensor:
        """Logits float32 [T, V] after each of ``ids`` [T] at ``positions`` [3, T]."""
        hidden = self._layers(self._embed(ids)[None], positions[:, None], places, attend_static)
        return self._head(hidden[0]).float()

    def _layers(
        self, hidden: torch.Tensor, positions: torch.Tensor, places: Places, attend_all: Attend
    ) -> torch.Tensor:
        """All decoder layers over ``hidden`` [1, T, D] at ``positions`` [3, 1, T]; the cache takes the new keys."""
        cos, sin = self._language.rotary_emb(hidden, positions)
        for index, layer in enumerate(self._language.layers):
            own = layer.self_attn
            normed = layer.input_layernorm(hidden)
            queries, plain, values = (
                project(normed).unflatten(2, (-1, own.head_dim)).transpose(1, 2)
                for project in (own.q_proj, own.k_proj, own.v_proj)
            )
            self.cache.append(index, plain, values, cos, sin, places)
            found = attend_all(own, index, rotate(queries, cos, sin))
            hidden = hidden + own.o_proj(found.flatten(1)[None])
            hidden = hidden + layer.mlp(layer.post_attention_layernorm(hidden))
        return self._language.norm(hidden)

    def _attend(self, own: Any, layer: int, queries: torch.Tensor, packed: Packed) -> torch.Tensor:
        """Attention of all tokens [1, H, T, d] to their own rows: [T, H, d]."""
        out = queries.new_empty(queries.shape[2], queries.shape[1], queries.shape[3])
        for row, start, width in packed.alone:
            keys, values = self.cache.seen(layer, slice(row, row + 1), packed.ends[row])
            piece = queries[:, :, start : start + width]
            found = attend_flash(own, piece, keys, values) if self._flash else attend(piece, keys, values, own.scaling)
            out[start : start + width] = found
        if packed.together is not None:
            tokens, rows, mask = packed.together
            keys, values = self.cache.seen(layer, slice(0, mask.shape[0]), mask.shape[3])
            given = queries.new_zeros(mask.shape[0], queries.shape[1], queries.shape[3])
            given[rows] = queries[0, :, tokens].transpose(0, 1)
            out[tokens] = attend_together(given, keys, values, own.scaling, mask)[rows]
        return out

    def _put_frames(self, embedded: torch.Tensor, pads: torch.Tensor, chunks: Sequence[Chunk]) -> None:
        """Replace the embeddings [T, D] of the video pads by what the vision tower makes of all streams' new frames."""
        shown = [chunk for chunk in chunks if chunk.pixels is not None]
        if not shown:
            return
        fresh = [(chunk.pixels, chunk.grid) for chunk in shown if chunk.seen is None]
        parts: list[torch.Tensor] = []
        if fresh:
            made = encode(
                self._core, torch.cat([p for p, _ in fresh if p is not None]), [g for _, g in fresh if g], self.device
            )
            parts = list(made.split([chunk.ids.count(self._pad) for chunk in shown if chunk.seen is None]))
        vision = torch.cat([parts.pop(0) if chunk.seen is None else chunk.seen.here() for chunk in shown])
        # Places are found on the host: a mask on the device would make it wait for their number.
        embedded[onto(self.device, pads.nonzero()[:, 0])] = vision.to(self.dtype)
