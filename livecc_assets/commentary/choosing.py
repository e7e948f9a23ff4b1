"""The next tokens of all rows, chosen on the device and read in one piece (method 3.10)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial

import torch

from livecc_assets.commentary.captured import Captures, rounded

#: Ids are passed in rows of a multiple of these lengths, so that few shapes are captured.
_NEVER, _PENALISED = 16, 256


@dataclass(frozen=True)
class Choice:
    """How one row's next token is chosen: greedily, without ``never``, after the penalty on ``penalised`` (method 3.4).

    At a probability of ``threshold`` or less the ellipsis is suppressed; None: never.
    """

    never: Collection[int]
    penalised: Collection[int]
    penalty: float
    threshold: float | None = None


class Chooser:
    """Chooses for many rows at a time what ``picking.pick`` chooses for one. ``ellipsis`` is the threshold's token."""

    def __init__(self, ellipsis: int, captures: Captures) -> None:
        self._ellipsis, self._captures = ellipsis, captures

    def choose(self, logits: torch.Tensor, choices: Sequence[Choice | None]) -> list[int | torch.Tensor]:
        """For each row of ``logits`` float32 [B, V]: its token, or its logits where it has no choice to be made here.

        Reads from the device once.
        """
        if not any(choices):
            return list(logits)
        rows, spare = rounded(len(choices)), logits.shape[1]
        padded = logits.new_zeros(rows, spare)
        padded[: len(choices)] = logits
        never = _table([one.never if one else () for one in choices], rows, _NEVER, spare)
        penalised = _table([one.penalised if one else () for one in choices], rows, _PENALISED, spare)
        numbers = torch.tensor([_numbers(one) for one in choices] + [_numbers(None)] * (rows - len(choices)))
        key = (rows, spare, never.shape[1], penalised.shape[1])
        tokens = self._captures.run(
            key, partial(likeliest, ellipsis=self._ellipsis), padded, never, penalised, numbers
        ).tolist()
        return [logits[row] if one is None else tokens[row] for row, one in enumerate(choices)]


def likeliest(
    logits: torch.Tensor, never: torch.Tensor, penalised: torch.Tensor, numbers: torch.Tensor, ellipsis: int
) -> torch.Tensor:
    """Tokens int64 [B] of ``logits`` [B, V]; ``never`` and ``penalised`` hold ids [B, n], filled up with V.

    ``numbers`` [B, 2] are penalty and threshold. Nothing is read back, so that it can be captured.
    """
    scores = logits.masked_fill(_marked(never, logits), float("-inf"))
    penalty = numbers[:, :1]
    lowered = torch.where(scores < 0, scores * penalty, scores / penalty)
    scores = torch.where(_marked(penalised, logits), lowered, scores)
    weak = torch.softmax(scores, dim=-1)[:, ellipsis] <= numbers[:, 1]
    scores[:, ellipsis] = scores[:, ellipsis].masked_fill(weak, float("-inf"))
    return scores.argmax(dim=-1)


def _marked(ids: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
    marks = torch.zeros(logits.shape[0], logits.shape[1] + 1, dtype=torch.bool, device=logits.device)
    return marks.scatter_(1, ids, True)[:, :-1]


def _table(rows: Sequence[Collection[int]], count: int, step: int, spare: int) -> torch.Tensor:
    width = -(-max(1, *map(len, rows), 1) // step) * step
    filled = [[*ids, *[spare] * (width - len(ids))] for ids in rows]
    return torch.tensor(filled + [[spare] * width] * (count - len(filled)))


def _numbers(choice: Choice | None) -> tuple[float, float]:
    if choice is None:
        return 1.0, -1.0
    return choice.penalty, -1.0 if choice.threshold is None else choice.threshold
