"""What the vision tower makes of frames: beside the words that are being said, or at the step that needs it (method 3.10)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from livecc_assets.commentary.transfer import onto
from livecc_assets.training.positions import Grid


@dataclass(frozen=True)
class Seen:
    """Embeddings [n, D] of a block's video pads. ``ready`` is when the device has them, if another stream makes them."""

    embedded: torch.Tensor
    ready: Any = None

    def here(self) -> torch.Tensor:
        """The embeddings, for work that is queued from now on; the device waits for them, the host does not."""
        if self.ready is not None:
            stream = torch.cuda.current_stream(self.embedded.device)
            stream.wait_event(self.ready)
            self.embedded.record_stream(stream)
        return self.embedded


def encode(core: Any, pixels: torch.Tensor, grids: Sequence[Grid], device: torch.device) -> torch.Tensor:
    """Embeddings [n, D] of patches [N, 1176] with their grids, by ``core``, the model without its head."""
    found = core.get_video_features(onto(device, pixels), onto(device, torch.tensor(grids))).pooler_output
    return torch.cat(list(found)).to(device)
