"""Functions over static shapes that a CUDA device replays as graphs, one launch each (method 3.10)."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import torch

from livecc_assets.commentary.transfer import onto

#: Held while a graph is captured and while another thread hands the device work of its own.
DEVICE_WORK = threading.Lock()
#: Graphs kept of one function; the one that was not used for longest goes.
_MOST = 16
#: Runs before the capture, so that libraries have chosen their kernels and taken their workspace.
_WARM_UP = 2


def rounded(count: int) -> int:
    """The next power of two: few shapes for any number of rows."""
    return 1 << max(0, count - 1).bit_length()


#: Captures ``function(*inputs)``; gives what runs it again on the same tensors, and the tensor that holds its result.
Capture = Callable[[Callable[..., torch.Tensor], Sequence[torch.Tensor]], tuple[Callable[[], Any], torch.Tensor]]


class Captures:
    """Runs functions of tensors: captured once for each key on CUDA and replayed from then on, called as they are elsewhere.

    A captured function reads and writes the memory it was captured with. Its Python runs no more, so it may not depend on
    values, and :meth:`forget` has to be called when a tensor that it uses beside its arguments is replaced.
    """

    def __init__(self, device: torch.device, capture: Capture | None = None) -> None:
        self._device = device
        self._capture = capture
        if capture is None and device.type == "cuda":
            self._capture = CudaCapture(device)
        self._made: OrderedDict[Hashable, tuple[list[torch.Tensor], Callable[[], Any], torch.Tensor]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._made)

    def forget(self) -> None:
        """Drop every capture."""
        self._made.clear()

    def run(self, key: Hashable, function: Callable[..., torch.Tensor], *given: torch.Tensor) -> torch.Tensor:
        """``function(*given)``, from the host or the device. ``key`` names the function with its arguments' shapes.

        To be called in inference mode. The result is the caller's own.
        """
        if self._capture is None:
            return function(*(onto(self._device, one) for one in given))
        if key not in self._made:
            inputs = [one.to(self._device, copy=True) for one in given]
            self._made[key] = (inputs, *self._capture(function, inputs))
            if len(self._made) > _MOST:
                self._made.popitem(last=False)
        self._made.move_to_end(key)
        inputs, replay, out = self._made[key]
        for own, new in zip(inputs, given, strict=True):
            own.copy_(onto(self._device, new))
        replay()
        return out.clone()


class CudaCapture:
    """Captures CUDA graphs. All share one pool of memory: they never run at the same time, and results are copied at once."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._pool = torch.cuda.graph_pool_handle()

    def __call__(
        self, function: Callable[..., torch.Tensor], inputs: Sequence[torch.Tensor]
    ) -> tuple[Callable[[], Any], torch.Tensor]:
        """As :data:`Capture` says. What other threads do on the device meanwhile is not captured."""
        with DEVICE_WORK, torch.cuda.device(self._device):
            side, here = torch.cuda.Stream(), torch.cuda.current_stream()
            side.wait_stream(here)
            with torch.cuda.stream(side):
                for _ in range(_WARM_UP):
                    function(*inputs)
            here.wait_stream(side)
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph, pool=self._pool, capture_error_mode="thread_local"):
                out = function(*inputs)
        return graph.replay, out
