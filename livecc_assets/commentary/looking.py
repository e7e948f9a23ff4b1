"""Frames are encoded while the words about the ones before are still being said (method 3.10)."""

from dataclasses import replace

import torch

from livecc_assets.commentary import transfer
from livecc_assets.commentary.captured import DEVICE_WORK
from livecc_assets.commentary.group import Loaded
from livecc_assets.commentary.interval import Block, prepared
from livecc_assets.commentary.vision import Seen, encode


class Looker:
    """Makes blocks ready for a session in the thread that has them, on a CUDA device on a stream of its own.

    Where no accelerator is used a block gets its patches alone: whoever speaks would wait for the same processor anyway.
    """

    def __init__(self, engine: Loaded) -> None:
        self._core, self._processor = engine.model.model, engine.processor
        weight = engine.model.get_input_embeddings().weight
        self._device, self._dtype = weight.device, weight.dtype
        self.encodes = transfer.accelerated(self._device)
        self._stream = torch.cuda.Stream(self._device) if self._device.type == "cuda" else None

    def look(self, block: Block) -> Block:
        """The block with its patches, and with what the vision tower makes of them. Raises what ``prepared`` raises."""
        ready = block if block.patches is not None else prepared(block, self._processor)
        return replace(ready, seen=self._encoded(ready)) if self.encodes else ready

    @torch.inference_mode()
    def _encoded(self, block: Block) -> Seen:
        assert block.patches is not None
        if self._stream is None:
            return Seen(encode(self._core, block.patches, [block.grid], self._device).to(self._dtype))
        with DEVICE_WORK, torch.cuda.stream(self._stream):
            embedded = encode(self._core, block.patches, [block.grid], self._device).to(self._dtype)
            return Seen(embedded, self._stream.record_event())
