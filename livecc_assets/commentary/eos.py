"""The streaming-EOS threshold: weak ellipses are suppressed, so that the model talks more (method 3.4)."""

import torch


class EosThreshold:
    """Processor of one interval's logits; a fresh object (``count`` 0) belongs to every interval.

    For generated token n the threshold is ``base + step * n``; where the softmax probability of ``token_id`` is at
    or below it, that logit becomes -inf. It never forces a stop. The comparison is made in float32, as published:
    a probability that equals the threshold after rounding is suppressed.
    """

    def __init__(self, token_id: int, base: float, step: float = 0.0) -> None:
        self.token_id = token_id
        self.base = base
        self.step = step
        self.count = 0

    def level(self, count: int) -> float:
        """The threshold for the interval's token number ``count``."""
        return self.base + self.step * count

    def __call__(self, scores: torch.Tensor) -> torch.Tensor:
        """``scores`` [B, V] or [V] -> the same tensor, edited in place."""
        threshold = self.level(self.count)
        self.count += 1
        # A Python number compared with a float32 tensor is rounded to float32 first: the published behaviour.
        low = torch.softmax(scores.float(), dim=-1)[..., self.token_id] <= threshold
        column = scores[..., self.token_id]
        column.masked_fill_(low, float("-inf"))
        return scores
