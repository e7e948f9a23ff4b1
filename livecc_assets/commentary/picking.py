"""From logits to the next token: repetition penalty, ellipsis threshold, then greedy choice or sampling."""

from collections.abc import Collection

import numpy as np
import torch

from livecc_assets.commentary.eos import EosThreshold


def penalise(scores: torch.Tensor, ids: Collection[int], penalty: float) -> torch.Tensor:
    """Divide positive and multiply negative logits of ``ids`` by ``penalty``; ``scores`` [V] is edited in place."""
    if ids and penalty != 1.0:
        # An id that comes twice is read before either is written, and both write the same. This runs for every token of
        # every stream, where sorting out the second ones takes longer.
        seen = torch.from_numpy(np.fromiter(ids, np.int64, len(ids))).to(scores.device)
        picked = scores.index_select(0, seen)
        which = torch.minimum if penalty > 1 else torch.maximum  # as the sign says, in one operation less
        scores.index_copy_(0, seen, which(picked * penalty, picked / penalty))
    return scores


def sample(scores: torch.Tensor, generator: torch.Generator, temperature: float, top_k: int, top_p: float) -> int:
    """Draw one id from ``scores`` [V] after temperature, top-k and nucleus cut, in that order.

    ``generator`` lives on the CPU, one per stream, so neither the device nor neighbours in a batch change the draw.
    """
    scores = scores.float().cpu() / temperature
    if 0 < top_k < len(scores):
        scores = scores.masked_fill(scores < torch.topk(scores, top_k).values[-1], float("-inf"))
    probabilities = torch.softmax(scores, dim=-1)
    if top_p < 1.0:
        ordered, order = torch.sort(probabilities, descending=True)
        # Keep the smallest head that reaches top_p: a token stays while the mass before it is below top_p.
        outside = torch.cumsum(ordered, dim=-1) - ordered >= top_p
        probabilities = probabilities.scatter(0, order, ordered.masked_fill(outside, 0.0))
    return int(torch.multinomial(probabilities, 1, generator=generator))


def pick(
    scores: torch.Tensor,
    penalised: Collection[int],
    penalty: float,
    threshold: EosThreshold | None,
    generator: torch.Generator | None,
    temperature: float = 1.0,
    top_k: int = 50,
    top_p: float = 1.0,
) -> int:
    """The next id for one stream; ``scores`` float32 [V] may be edited in place. Greedy without a ``generator``.

    The threshold runs after the penalty and before temperature and top-k (method 3.4).
    """
    if penalty != 1.0 or threshold is not None:
        scores = penalise(scores, penalised, penalty)
        if threshold is not None:
            scores = threshold(scores)
    if generator is None:
        return int(scores.argmax())
    return sample(scores, generator, temperature, top_k, top_p)
