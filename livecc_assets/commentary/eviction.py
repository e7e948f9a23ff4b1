"""What a stream keeps when its cache is thrown away: all text, no vision (method 3.5).

The published code never evicts; the paper discards visual tokens every 240 s, keeps the text tokens and prefills again.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from livecc_assets.models.qwen2_vl import Processor


@dataclass(frozen=True)
class SpokenTurn:
    """The text of one block: its user turn without vision, the assistant's opening and the words; no closing tokens."""

    ids: list[int]
    holds_query: bool


def without_vision(ids: Sequence[int], processor: Processor) -> list[int]:
    """``ids`` without video pads and the two markers around them."""
    vision = {processor.vision_start, processor.vision_end, processor.video_pad, processor.image_pad}
    return [token for token in ids if token not in vision]


def carry_over(turns: Sequence[SpokenTurn], close: Sequence[int], budget: int) -> list[SpokenTurn]:
    """The turns that go into the rebuilt context: the latest query's, and the newest ones while they fit.

    ``budget`` counts text tokens, each turn's closing tokens included. Without a bound an endless stream would outgrow
    the model's context by its text alone; the query's turn is kept whatever it costs.
    """
    query = max((index for index, turn in enumerate(turns) if turn.holds_query), default=None)
    left = budget - (len(turns[query].ids) + len(close) if query is not None else 0)
    kept: list[int] = []
    for index in range(len(turns) - 1, -1, -1):
        if index == query:
            kept.append(index)
            continue
        left -= len(turns[index].ids) + len(close)
        if left < 0:
            break
        kept.append(index)
    if query is not None and query not in kept:
        kept.append(query)
    return [turns[index] for index in sorted(kept)]
