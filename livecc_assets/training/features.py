"""Inputs of the model for a sample; what a frozen vision tower makes of a clip is computed once and kept."""

from dataclasses import replace
from typing import Any

import torch

from livecc_assets.training.data import Loader, Sample
from livecc_assets.training.sequence import TrainingSequence


class FeatureCache:
    """Keeps what further epochs would compute again, within ``limit_bytes``.

    With the vision tower frozen (the paper's recipe) that is its output, a few numbers a token, instead of pixels; the clip
    is then neither decoded nor seen again. Otherwise it is the sequence with its pixels. A clip that does not fit is
    simply read again.
    """

    def __init__(self, model: Any, loader: Loader, limit_bytes: int, frozen_vision: bool) -> None:
        self._model, self._loader = model, loader
        self._free, self._frozen = limit_bytes, frozen_vision
        self._outputs: dict[int, dict[str, torch.Tensor]] = {}
        self._seen: set[int] = set()

    def inputs(self, sample: Sample) -> dict[str, Any]:
        """Keyword arguments of the model's forward, with a batch dimension, on its device."""
        sequence, device = sample.sequence, self._model.device
        inputs: dict[str, Any] = {
            "input_ids": sequence.input_ids[None].to(device),
            # Three rows: with the fourth the model would look for packed sequences, of which there are none.
            "position_ids": sequence.position_ids[1:, None].to(device),
            "mm_token_type_ids": sequence.mm_token_type_ids[None].to(device),
        }
        if self._frozen:
            outputs = self._outputs.get(sample.index) or self._see(sequence)
            self._remember(sample, outputs)
            if outputs:
                inputs["mm_encoder_outputs"] = {kind: _as_outputs(part.to(device)) for kind, part in outputs.items()}
            return inputs
        self._remember(sample, None)
        for name in ("pixel_values", "image_grid_thw", "pixel_values_videos", "video_grid_thw"):
            value = getattr(sequence, name)
            if value is not None:
                inputs[name] = value.to(device)
        return inputs

    @torch.no_grad()
    def _see(self, sequence: TrainingSequence) -> dict[str, torch.Tensor]:
        """Visual tokens [N, hidden] of the images and videos, in order."""
        device, outputs = self._model.device, {}
        for kind, pixels, grids in (
            ("image", sequence.pixel_values, sequence.image_grid_thw),
            ("video", sequence.pixel_values_videos, sequence.video_grid_thw),
        ):
            if pixels is not None and grids is not None:
                values = pixels.to(device=device, dtype=self._model.dtype)
                outputs[kind] = self._model.model.visual(values, grid_thw=grids.to(device)).pooler_output
        return outputs

    def _remember(self, sample: Sample, outputs: dict[str, torch.Tensor] | None) -> None:
        if sample.index in self._seen:
            return
        self._seen.add(sample.index)
        slim = sample.sequence
        if outputs is not None:
            slim = replace(slim, pixel_values=None, pixel_values_videos=None)
            outputs = {kind: part.cpu() for kind, part in outputs.items()}
        size = sum(part.nbytes for part in (outputs or {}).values())
        size += sum(value.nbytes for value in vars(slim).values() if isinstance(value, torch.Tensor))
        if size <= self._free:
            self._free -= size
            if outputs is not None:
                self._outputs[sample.index] = outputs
            self._loader.keep(sample.index, slim)


def _as_outputs(tokens: torch.Tensor) -> Any:
    """Visual tokens in the form in which the model takes them ready-made."""
    from transformers.modeling_outputs import BaseModelOutputWithPooling

    return BaseModelOutputWithPooling(pooler_output=(tokens,))  # type: ignore[arg-type]
