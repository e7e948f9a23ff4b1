"""Static steps on a CPU: as they are, and captured by a tracer, which like a CUDA graph runs no Python again."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.fx.experimental.proxy_tensor import make_fx

from livecc_assets.commentary.captured import Captures
from livecc_assets.commentary.decoder import Decoder


def traced(function: Callable[..., torch.Tensor], inputs: Sequence[torch.Tensor]) -> tuple[Callable[[], Any], Any]:
    """Captures ``function`` as a list of operations on the tensors that it used; the values are read anew each time.

    Tracing raises where the function reads a value to the host.
    """
    given = list(inputs)
    out = function(*given).clone()  # what a library keeps from its first call on is there before the tracing
    graph = make_fx(lambda tensors: function(*tensors))(given)
    return lambda: out.copy_(graph(given)), out


def capture_with(decoder: Decoder, capture: Any = traced) -> list[Captures]:
    """Let a decoder's step and choice be captured; the captures."""
    made = [decoder._static._captures, decoder._chooser._captures]
    for one in made:
        one._capture = capture
    return made
