"""A key/value cache that grows in place: appending a token costs one token, not a copy of all tokens so far."""

from typing import Any

import torch
from transformers.cache_utils import Cache, DynamicLayer

#: Tokens of spare room at least, and share of the length, that a full layer grows by.
_SPARE, _GROWTH = 256, 0.25


class GrowingLayer(DynamicLayer):
    """One layer's keys and values [B, heads, L, d] as views of a buffer that is larger than needed."""

    _buffers: tuple[torch.Tensor, torch.Tensor] | None = None

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Append [B, heads, q, d]; returns everything cached so far."""
        held = self.get_seq_length()
        total = held + key_states.shape[-2]
        if self._buffers is None or self._buffers[0].shape[-2] < total:
            self._grow(key_states, value_states, held, total)
        assert self._buffers is not None
        for buffer, new in zip(self._buffers, (key_states, value_states), strict=True):
            buffer[:, :, held:total] = new
        self.keys, self.values = (buffer[:, :, :total] for buffer in self._buffers)
        return self.keys, self.values

    def select(self, rows: torch.Tensor, slots: torch.Tensor | None = None) -> None:
        """Keep only the given rows of the batch and, where named, only these token slots."""
        if self._buffers is not None:
            held = self.get_seq_length() if slots is None else len(slots)
            kept = [buffer[rows] if slots is None else buffer[rows][:, :, slots] for buffer in self._buffers]
            self._buffers = (kept[0], kept[1])
            self.keys, self.values = (buffer[:, :, :held] for buffer in kept)

    def _grow(self, keys: torch.Tensor, values: torch.Tensor, held: int, total: int) -> None:
        if not self.is_initialized:
            self.lazy_initialization(keys, values)
        room = -(-(total + max(_SPARE, int(total * _GROWTH))) // _SPARE) * _SPARE
        old = self._buffers
        buffers = []
        for index, new in enumerate((keys, values)):
            buffer = new.new_empty((*new.shape[:-2], room, new.shape[-1]))
            if old is not None:
                buffer[:, :, :held] = old[index][:, :, :held]
            buffers.append(buffer)
        self._buffers = (buffers[0], buffers[1])


class GrowingCache(Cache):
    """The model's cache for one group of streams."""

    def __init__(self, n_layers: int) -> None:
        super().__init__(layers=[GrowingLayer() for _ in range(n_layers)])

    def select(self, rows: torch.Tensor, slots: torch.Tensor | None = None) -> None:
        """Keep only the given rows of the batch, in that order, and only the given token slots."""
        for layer in self.layers:
            assert isinstance(layer, GrowingLayer)
            layer.select(rows, slots)

    @property
    def n_bytes(self) -> int:
        """Memory held, spare room included."""
        total = 0
        for layer in self.layers:
            for buffer in getattr(layer, "_buffers", None) or ():
                total += buffer.numel() * buffer.element_size()
        return total
