"""One token of every row at shapes that stay the same from step to step, so that a graph can hold the step (method 3.10)."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch

from livecc_assets.commentary.attention import attend_room
from livecc_assets.commentary.cache import Places, StreamCache
from livecc_assets.commentary.captured import Captures, rounded

#: Attends for a layer: (its attention module, its number, queries [1, H, T, d]) -> [T, H, d].
Attend = Callable[[Any, int, torch.Tensor], torch.Tensor]
#: Runs the layers and the head: (ids [T], positions [3, T], places, attend) -> logits float32 [T, V].
Forward = Callable[[torch.Tensor, torch.Tensor, Places, Attend], torch.Tensor]


class StaticStep:
    """Feeds one token to each row that speaks. Rows that rest take part as well, and leave no trace.

    All rows attend to the whole room of the cache behind a mask of their lengths. Each writes its key to the slot behind its
    last one: what a resting row writes there is not counted, and overwritten by its next token.
    """

    def __init__(self, cache: StreamCache, captures: Captures) -> None:
        self._cache, self._captures = cache, captures
        self._generation = -1

    def logits(self, forward: Forward, ids: Sequence[int | None], positions: Sequence[torch.Tensor]) -> torch.Tensor:
        """Logits float32 [rows, V] after a token for each row (None: it rests), at ``positions`` int64 [3, 1] of those fed.

        The cache counts the tokens. It must hold some tokens already. Nothing is read from the device.
        """
        cache = self._cache
        cache.make_room([1] * len(cache.lengths))
        cache.fit()
        if cache.generation != self._generation:
            self._captures.forget()
            self._generation = cache.generation
        rows = min(rounded(len(ids)), cache.held)
        found = self._captures.run(rows, partial(self._step, forward), self._inputs(ids, positions, rows))
        widths = [int(row < len(ids) and ids[row] is not None) for row in range(len(cache.lengths))]
        cache.count(widths)
        return found[: len(ids)]

    def _inputs(self, ids: Sequence[int | None], positions: Sequence[torch.Tensor], rows: int) -> torch.Tensor:
        """Id, slot and positions of each row, int64 [5, rows]."""
        speaking = torch.tensor([row for row, one in enumerate(ids) if one is not None])
        inputs = torch.zeros(5, rows, dtype=torch.long)
        inputs[0, speaking] = torch.tensor([one for one in ids if one is not None])
        lengths = self._cache.lengths[:rows]
        inputs[1, : len(lengths)] = torch.tensor(lengths)
        inputs[2:, speaking] = torch.cat(list(positions), dim=1)
        return inputs

    def _step(self, forward: Forward, inputs: torch.Tensor) -> torch.Tensor:
        ids, slots, positions = inputs[0], inputs[1], inputs[2:]
        places = (torch.arange(len(ids), device=ids.device), slots)
        unseen = torch.arange(self._cache.room, device=ids.device) > slots[:, None]

        def attend(own: Any, layer: int, queries: torch.Tensor) -> torch.Tensor:
            keys, values = self._cache.seen(layer, slice(0, len(ids)), self._cache.room)
            return attend_room(queries[0].transpose(0, 1), keys, values, own.scaling, unseen)

        logits = forward(ids, positions, places, attend)
        self._cache.place(positions, places)
        return logits
