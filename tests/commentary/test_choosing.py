"""Tokens chosen for all rows at once are those chosen one by one (method 3.4, 3.10)."""

import pytest
import torch

from livecc_assets.commentary.captured import Captures
from livecc_assets.commentary.choosing import Choice, Chooser
from livecc_assets.commentary.eos import EosThreshold
from livecc_assets.commentary.picking import pick

ELLIPSIS, NEVER = 3, (5, 6)


def _one_by_one(logits: torch.Tensor, choice: Choice) -> int:
    allowed = logits.index_fill(0, torch.tensor(list(choice.never), dtype=torch.long), float("-inf"))
    threshold = None if choice.threshold is None else EosThreshold(ELLIPSIS, choice.threshold)
    return pick(allowed, choice.penalised, choice.penalty, threshold, None)


@pytest.mark.parametrize("rows", [1, 3, 8])
def test_every_row_gets_what_it_would_get_alone(rows: int) -> None:
    generator = torch.Generator().manual_seed(rows)
    chooser = Chooser(ELLIPSIS, Captures(torch.device("cpu")))
    seen, changed = set(), 0
    for turn in range(60):
        logits = torch.randn(rows, 12, generator=generator) * 2
        logits[:, NEVER[turn % 2]] += turn % 3
        logits[:, ELLIPSIS] += 2
        choices = [
            Choice(
                NEVER,
                torch.randint(0, 12, (turn % 9,), generator=generator).tolist(),
                (1.0, 1.05, 3.0)[(turn + row) % 3],
                (None, 0.4, 0.0)[(turn // 2 + row) % 3],
            )
            for row in range(rows)
        ]
        found = chooser.choose(logits, choices)
        assert found == [_one_by_one(one, choice) for one, choice in zip(logits, choices, strict=True)]
        seen |= set(found)
        changed += found != logits.argmax(-1).tolist()
    assert changed > 8
    assert ELLIPSIS in seen
    assert not seen & set(NEVER)


def test_rows_that_choose_elsewhere_get_their_logits() -> None:
    logits = torch.tensor([[0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 2.0, 0.0], [3.0, 0.0, 0.0, 0.0]])
    found = Chooser(ELLIPSIS, Captures(torch.device("cpu"))).choose(
        logits, [Choice((), (), 1.0), None, Choice([0], [], 1.0)]
    )
    assert (found[0], found[2]) == (1, 1)
    assert torch.equal(torch.as_tensor(found[1]), logits[1])


def test_any_number_of_penalised_tokens_is_heeded() -> None:
    logits = torch.arange(1.0, 2001.0)[None]
    chooser = Chooser(ELLIPSIS, Captures(torch.device("cpu")))
    for count in (0, 1, 255, 256, 257, 900):
        assert chooser.choose(logits, [Choice((), range(2000 - count, 2000), 1000.0)]) == [1999 - count]
