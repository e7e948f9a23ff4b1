"""From logits to the next token: repetition penalty, ellipsis threshold, then greedy choice or sampling."""

from collections.abc import Iterable

import torch

from livecc_assets.commentary.eos import EosThreshold


def penalise(scores: torch.Tensor, ids: Iterable[int], penalty: float) -> torch.Tensor:
    """Divide positive and multiply negative logits of ``ids`` by ``penalty``; ``scores`` [V] is edited in place."""
    seen = torch.tensor(sorted(set(ids)), dtype=torch.long, device=scores.device)
    if len(seen) and penalty != 1.0:
        picked = scores[seen]
        scores[seen] = torch.where(picked < 0, picked * penalty, picked / penalty)
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
    penalised: Iterable[int],
    penalty: float,
    threshold: EosThreshold | None,
    generator: torch.Generator | None,
    temperature: float = 1.0,
    top_k: int = 50,
    top_p: float = 1.0,
) -> int:
    """The next id for one stream; ``scores`` [V] is not changed. Greedy without a ``generator``.

    The threshold runs after the penalty and before temperature and top-k (method 3.4).
    """
    if penalty != 1.0 or threshold is not None:
        scores = penalise(scores.float().clone(), penalised, penalty)
        if threshold is not None:
            scores = threshold(scores)
    if generator is None:
        return int(scores.argmax())
    return sample(scores, generator, temperature, top_k, top_p)
