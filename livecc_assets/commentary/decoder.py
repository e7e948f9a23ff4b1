"""Cached forward passes of one model for several streams at once, with explicit positions (method 3.3).

Nothing is kept on the model: the library's own position logic is bypassed (it stores ``rope_deltas`` on the model,
which concurrent streams would corrupt), so one model serves any number of decoders.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from livecc_assets.commentary.cache import GrowingCache
from livecc_assets.models.qwen2_vl import Processor
from livecc_assets.training.positions import Grid


@dataclass(frozen=True)
class Chunk:
    """New tokens of one stream: ``ids`` [q], ``positions`` int64 [3, q], and the pixels behind the video pads among them.

    ``pixels`` is float32 [N, 1176] with its patch ``grid``, or None when the chunk holds no frames.
    """

    ids: list[int]
    positions: torch.Tensor
    pixels: torch.Tensor | None = None
    grid: Grid | None = None


class Decoder:
    """The cache of a group of streams and the way to extend it.

    Streams of a group advance together but need not be equally long: chunks are padded on the right, and a mask
    keeps the padding's cache slots out of everybody's sight. A stream alone in its group has no padding.
    """

    def __init__(self, model: Any, processor: Processor, rows: int = 1) -> None:
        self._head = model.lm_head
        self._core = model.model
        self._language = model.model.language_model
        self._embed = model.get_input_embeddings()
        self._pad = processor.video_pad
        self._flash = str(self._language.config._attn_implementation).startswith("flash")
        if self._flash and rows > 1:
            raise ValueError("FlashAttention takes no mask with holes: run one stream a group, or load with sdpa")
        self.device = self._embed.weight.device
        self.dtype = self._embed.weight.dtype
        self.reset(rows)

    def reset(self, rows: int) -> None:
        """Forget everything and serve ``rows`` streams."""
        self.rows = rows
        self.cache = GrowingCache(self._language.config.num_hidden_layers)
        self._valid = torch.zeros(rows, 0, dtype=torch.bool, device=self.device)

    @property
    def length(self) -> int:
        """Cache slots in use, padding included."""
        return self._valid.shape[1]

    @torch.inference_mode()
    def select(self, rows: Sequence[int]) -> None:
        """Keep only these streams, in this order. A stream left alone gets rid of its padding, too."""
        index = torch.tensor(list(rows), dtype=torch.long, device=self.device)
        valid = self._valid[index]
        slots = valid[0].nonzero().squeeze(1) if len(index) == 1 else None
        self.cache.select(index, slots)
        self._valid = valid if slots is None else valid[:, slots]
        self.rows = len(index)

    @torch.inference_mode()
    def extend(self, chunks: Sequence[Chunk | None]) -> torch.Tensor:
        """Run one chunk for each stream (None: nothing new) and return the logits [B, V] after each one's last token.

        The row of a stream without a chunk is meaningless.
        """
        width = max(len(chunk.ids) for chunk in chunks if chunk is not None)
        ids = torch.full((self.rows, width), self._pad, dtype=torch.long)
        positions = torch.zeros(3, self.rows, width, dtype=torch.long)
        fresh = torch.zeros(self.rows, width, dtype=torch.bool)
        last = torch.zeros(self.rows, dtype=torch.long)
        for row, chunk in enumerate(chunks):
            if chunk is not None:
                size = len(chunk.ids)
                ids[row, :size] = torch.tensor(chunk.ids)
                positions[:, row, :size] = chunk.positions
                fresh[row, :size] = True
                last[row] = size - 1
        embedded = self._embed(ids.to(self.device))
        self._put_frames(embedded, (ids == self._pad) & fresh, chunks)
        index = torch.arange(self.length, self.length + width).expand(1, self.rows, -1)
        hidden = self._language(
            inputs_embeds=embedded,
            position_ids=torch.cat([index, positions]).to(self.device),
            attention_mask={"full_attention": self._mask(fresh.to(self.device))},
            past_key_values=self.cache,
            use_cache=True,
        ).last_hidden_state
        self._valid = torch.cat([self._valid, fresh.to(self.device)], dim=1)
        return self._head(hidden[torch.arange(self.rows), last.to(self.device)]).float()

    def _put_frames(self, embedded: torch.Tensor, pads: torch.Tensor, chunks: Sequence[Chunk | None]) -> None:
        """Replace the embeddings of the video pads by what the vision tower makes of all streams' new frames."""
        seen = [chunk for chunk in chunks if chunk is not None and chunk.pixels is not None]
        if not seen:
            return
        pixels = torch.cat([chunk.pixels for chunk in seen if chunk.pixels is not None])
        grids = torch.tensor([chunk.grid for chunk in seen])
        vision = self._core.get_video_features(pixels.to(self.device), grids.to(self.device)).pooler_output
        embedded[pads.to(self.device)] = torch.cat(list(vision)).to(self.device, self.dtype)

    def _mask(self, fresh: torch.Tensor) -> torch.Tensor | None:
        """Additive mask [B, 1, q, L+q]: causal among the new tokens, without padding. None where nothing is hidden."""
        width = fresh.shape[1]
        if self._flash or (self.rows == 1 and width == 1):
            return None
        causal = torch.ones(width, width, dtype=torch.bool, device=self.device).tril()
        seen = torch.cat(
            [
                self._valid[:, None, :].expand(-1, width, -1),
                causal[None] & fresh[:, None, :],
            ],
            dim=2,
        )
        mask = torch.zeros(seen.shape, dtype=self.dtype, device=self.device)
        # A finite minimum: a row that may see nothing (padding) must not become NaN.
        return mask.masked_fill_(~seen, torch.finfo(self.dtype).min).unsqueeze(1)
