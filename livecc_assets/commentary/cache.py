"""Keys and values of several streams, in buffers that are written in place (method 3.5).

Each stream has a row of its own and is as long as it is: none is padded to another's length. Appending a token costs one
token, not a copy of all tokens so far. A replaceable cache also keeps every key as it was before rotation, so that what
stays can be given new positions when something leaves: turned afresh each time, never turned on from an earlier turn, so
that no error adds up over hours.
"""

from collections.abc import Sequence

import torch

from livecc_assets.commentary.attention import PIECE
from livecc_assets.commentary.captured import rounded

#: Where new tokens go: each one's row and slot, tensors [T], or one row and a slice of it.
Places = tuple[torch.Tensor, torch.Tensor] | tuple[int, slice]

#: Tokens of spare room at least, and share of the length, that full buffers grow by.
_SPARE, _GROWTH = PIECE, 0.25


def rotate(states: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    """Rotary embedding of ``states`` [B, heads, q, d] by ``cos`` and ``sin`` [B, q, d]."""
    first, second = states.chunk(2, dim=-1)
    return states * cos.unsqueeze(1) + torch.cat((-second, first), dim=-1) * sin.unsqueeze(1)


class StreamCache:
    """Keys and values of every layer, [rows, heads, room, d] each; ``room`` slots a row are allocated at the first token.

    With ``spare_rows`` buffers get a power of two of rows, so that they are seldom replaced when rows are added.
    """

    def __init__(
        self, n_layers: int, rows: int, replaceable: bool = False, room: int = 0, spare_rows: bool = False
    ) -> None:
        self.lengths = [0] * rows
        self.room = 0
        self.reserve(room)
        #: Goes up whenever a buffer is replaced by another one.
        self.generation = 0
        self._spare_rows = spare_rows
        self._replaceable = replaceable
        self._positions: torch.Tensor | None = None
        self._kinds = ("keys", "values", "plain") if replaceable else ("keys", "values")
        self._layers: list[dict[str, torch.Tensor]] = [{} for _ in range(n_layers)]

    def make_room(self, widths: Sequence[int]) -> None:
        """See to it that ``widths`` more tokens of each row find room."""
        longest = max(length + width for length, width in zip(self.lengths, widths, strict=True))
        if longest > self.room:
            self.reserve(longest + max(_SPARE, int(longest * _GROWTH)))

    def reserve(self, room: int) -> None:
        """Allocate at least ``room`` slots a row from the next token on."""
        self.room = max(self.room, -(-room // _SPARE) * _SPARE)

    def fit(self) -> None:
        """Give the buffers the rows and the room that they would have from the next token on."""
        for buffers in self._layers:
            for kind, buffer in buffers.items():
                buffers[kind] = self._fitting(buffer, buffer)
        if self._positions is not None:
            self._positions = self._fitting(self._positions, self._positions)

    @property
    def held(self) -> int:
        """Rows of the buffers; 0 before the first token."""
        return self._layers[0]["keys"].shape[0] if self._layers and self._layers[0] else 0

    def append(
        self,
        layer: int,
        plain: torch.Tensor,
        values: torch.Tensor,
        cos: torch.Tensor,
        sin: torch.Tensor,
        places: Places,
    ) -> None:
        """Write unrotated keys ``plain`` and ``values`` [1, heads, T, d], the tokens of all streams one behind the other.

        :meth:`advance` ends the step.
        """
        buffers = self._layers[layer]
        for kind, new in zip(self._kinds, (rotate(plain, cos, sin), values, plain), strict=False):
            buffers[kind] = self._fitting(buffers.get(kind), new)
            _put(buffers[kind], places, new[0])

    def advance(self, widths: Sequence[int], positions: torch.Tensor, places: Places) -> None:
        """Count the new slots as cached, at ``positions`` [3, T], after every layer has them."""
        self.place(positions, places)
        self.count(widths)

    def place(self, positions: torch.Tensor, places: Places) -> None:
        """Write the positions [3, T] of the new slots."""
        if self._replaceable:
            self._positions = self._fitting(self._positions, positions[None, :, :, None])
            _put(self._positions, places, positions[:, :, None])

    def count(self, widths: Sequence[int]) -> None:
        """Count so many new slots of each row as cached."""
        self.lengths = [length + width for length, width in zip(self.lengths, widths, strict=True)]

    def seen(self, layer: int, rows: slice, length: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Rotated keys and values [rows, heads, length, d] of a layer, without a copy."""
        buffers = self._layers[layer]
        return buffers["keys"][rows, :, :length], buffers["values"][rows, :, :length]

    def free(self, row: int) -> None:
        """Forget a row's tokens; its slots serve the next stream."""
        self.lengths[row] = 0

    def copy(self, row: int, other: "StreamCache") -> None:
        """Put the other cache's only row in the place of this one's ``row``."""
        self.lengths[row] = 0
        length = other.lengths[0]
        self.make_room([length if at == row else 0 for at in range(len(self.lengths))])
        for own, theirs in zip(self._layers, other._layers, strict=True):
            for kind, buffer in theirs.items():
                own[kind] = self._fitting(own.get(kind), buffer)
                own[kind][row, :, :length] = buffer[0, :, :length]
        if other._positions is not None:
            self._positions = self._fitting(self._positions, other._positions)
            self._positions[row, :, :length] = other._positions[0, :, :length]
        self.lengths[row] = length

    def select(self, rows: Sequence[int]) -> None:
        """Keep only these rows, in that order."""
        self.lengths = [self.lengths[row] for row in rows]
        for buffers in self._layers:
            for kind, buffer in buffers.items():
                buffers[kind] = _rows(buffer, rows)
        if self._positions is not None:
            self._positions = _rows(self._positions, rows)
        self.generation += 1

    def placed(self, row: int) -> torch.Tensor:
        """Positions [3, n] of a row's tokens; of a replaceable cache alone."""
        assert self._positions is not None
        return self._positions[row, :, : self.lengths[row], 0]

    def rearrange(
        self, row: int, slots: torch.Tensor, placed: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor
    ) -> None:
        """Keep ``slots`` [n] of a row, in that order, at positions ``placed`` [3, n] with ``cos`` and ``sin`` [1, n, d]."""
        assert self._positions is not None
        width = len(slots)
        self._positions[row, :, :width, 0] = placed
        for buffers in self._layers:
            for kind in ("plain", "values"):
                buffers[kind][row, :, :width] = buffers[kind][row].index_select(1, slots)
            buffers["keys"][row, :, :width] = rotate(buffers["plain"][row : row + 1, :, :width], cos, sin)[0]
        self.lengths[row] = width

    @property
    def n_bytes(self) -> int:
        """Memory held, spare room included."""
        return sum(b.numel() * b.element_size() for buffers in self._layers for b in buffers.values())

    def _fitting(self, old: torch.Tensor | None, like: torch.Tensor) -> torch.Tensor:
        """The buffer, grown where rows or room were added. Unused slots hold zeros: a mask hides them, but not a NaN."""
        if old is not None and old.shape[0] >= len(self.lengths) and old.shape[2] >= self.room:
            return old
        rows = rounded(len(self.lengths)) if self._spare_rows else len(self.lengths)
        buffer = like.new_zeros((rows, like.shape[1], self.room, like.shape[3]))
        self.generation += 1
        if old is not None:
            buffer[: old.shape[0], :, : old.shape[2]] = old
        return buffer


def _put(buffer: torch.Tensor, places: Places, new: torch.Tensor) -> None:
    """Write ``new`` [heads, T, d]."""
    rows, slots = places
    buffer[rows, :, slots] = new if isinstance(rows, int) else new.transpose(0, 1)


def _rows(buffer: torch.Tensor, rows: Sequence[int]) -> torch.Tensor:
    return buffer[torch.tensor(list(rows), dtype=torch.long, device=buffer.device)]
