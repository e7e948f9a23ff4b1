"""Attention in pieces equals attention in one piece, and no mask grows with the cache."""

import pytest
import torch
from commentary_streams import CONFIG, Recorded, random_blocks

from livecc_assets.commentary import attention
from livecc_assets.commentary.attention import (
    PIECE,
    attend,
    attend_causal,
    attend_masked,
    attend_room,
    attend_together,
    visible,
)


def _naive(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, seen: torch.Tensor | None) -> torch.Tensor:
    repeats, past = q.shape[1] // k.shape[1], k.shape[2] - q.shape[2]
    k, v = k.repeat_interleave(repeats, 1), v.repeat_interleave(repeats, 1)
    visible = torch.ones(q.shape[2], k.shape[2], dtype=torch.bool).tril(past)[None, None]
    if seen is not None:
        visible = visible & seen[:, None, None]
    weights = (q @ k.transpose(2, 3) * 0.25).masked_fill(~visible, float("-inf")).softmax(-1)
    return (weights @ v).transpose(1, 2)


def _tensors(batch: int, new: int, held: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(new)
    shapes = [(batch, 6, new, 16), (batch, 2, held + new, 16), (batch, 2, held + new, 16)]
    q, k, v = (torch.randn(shape, generator=generator) for shape in shapes)
    return q, k, v


@pytest.mark.parametrize("entries", [1, 3 * 70 * 4, 2**22])
@pytest.mark.parametrize(("new", "held"), [(1, 0), (1, 60), (30, 0), (30, 40)])
def test_pieces_equal_the_whole(monkeypatch: pytest.MonkeyPatch, entries: int, new: int, held: int) -> None:
    monkeypatch.setattr(attention, "_ENTRIES", entries)
    q, k, v = _tensors(1, new, held)
    torch.testing.assert_close(attend_masked(q, k, v, 0.25), _naive(q, k, v, None)[0], atol=1e-6, rtol=0)


@pytest.mark.parametrize("own", [1, 7, 512])
@pytest.mark.parametrize(("new", "held"), [(2, 0), (30, 0), (30, 40), (3, 3000)])
def test_what_came_before_and_the_new_tokens_are_joined_by_their_weights(
    monkeypatch: pytest.MonkeyPatch, own: int, new: int, held: int
) -> None:
    monkeypatch.setattr(attention, "_OWN", own)
    q, k, v = _tensors(1, new, held)
    torch.testing.assert_close(attend(q, k, v, 0.25), _naive(q, k, v, None)[0], atol=1e-6, rtol=0)
    # The past, or what is new, may outweigh the other beyond all digits.
    for sharp in (q * 100, -q * 100):
        torch.testing.assert_close(attend(sharp, k, v, 0.25), _naive(sharp, k, v, None)[0], atol=1e-4, rtol=0)


def test_rows_of_any_length_attend_together_as_each_would_alone() -> None:
    q, k, v = _tensors(4, 1, 50)
    lengths = torch.tensor([51, 7, 0, 30])
    found = attend_together(q[:, :, 0], k, v, 0.25, visible(lengths, 51, torch.float32))
    for row in (0, 1, 3):
        ends = int(lengths[row])
        alone = attend(q[row : row + 1], k[row : row + 1, :, :ends], v[row : row + 1, :, :ends], 0.25)
        torch.testing.assert_close(found[row], alone[0], atol=1e-6, rtol=0)
    assert found.isfinite().all(), "a row that sees nothing"


def test_no_mask_is_larger_than_its_bound(engine, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []
    inner = attention._mask

    def measured(*given):
        sizes.append(inner(*given).numel())
        return inner(*given)

    monkeypatch.setattr(attention, "_OWN", 60)
    monkeypatch.setattr(attention, "_mask", measured)
    stream = Recorded(engine, CONFIG.but(eviction="none"))
    stream.run(random_blocks(20, (112, 112)))
    assert stream.group.decoder.length > 500
    assert 0 < max(sizes) <= 60 * 60


@pytest.mark.parametrize(("new", "held"), [(2, 0), (2, 60), (30, 0), (30, 40)])
def test_the_call_without_a_mask_in_memory_equals_the_pieces(new: int, held: int) -> None:
    q, k, v = _tensors(1, new, held)
    torch.testing.assert_close(attend_causal(q, k, v, 0.25), attend(q, k, v, 0.25), atol=1e-5, rtol=0)


def test_attention_over_the_whole_room_equals_each_row_alone() -> None:
    q, k, v = _tensors(4, 1, 2 * PIECE - 1)
    lengths = torch.tensor([2 * PIECE, 7, 1, PIECE + 30])
    unseen = torch.arange(2 * PIECE) >= lengths[:, None]
    found = attend_room(q[:, :, 0], k, v, 0.25, unseen)
    for row in range(4):
        ends = int(lengths[row])
        alone = attend(q[row : row + 1], k[row : row + 1, :, :ends], v[row : row + 1, :, :ends], 0.25)
        torch.testing.assert_close(found[row], alone[0], atol=1e-6, rtol=0)
