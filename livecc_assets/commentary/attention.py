"""Attention of new tokens to a cache and to themselves, without a dense mask over thousands of tokens."""

from typing import Any

import torch
from torch.nn.attention.bias import causal_lower_right
from torch.nn.functional import scaled_dot_product_attention

#: Most entries of a mask: with more, the new tokens are taken in pieces.
_ENTRIES = 2**22
#: What PyTorch's flash kernels take.
_FLASH = (torch.bfloat16, torch.float16)
#: New tokens that are taken at once on a CPU, where only they need a mask.
_OWN = 512
#: PyTorch's kernel behind ``scaled_dot_product_attention`` on a CPU, which also tells the weight of what was seen. The public
#: function keeps that to itself; tests hold both to the same result.
_flash_on_cpu = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
#: Slots of a cache that are summed up by one block of the device; a room is a multiple of them.
PIECE = 256


def attend(queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, scale: float) -> torch.Tensor:
    """Causal attention of ``queries`` [1, H, q, d] to ``keys`` and ``values`` [1, KV, L, d], the last q of which are theirs.

    Returns [q, H, d]. The query heads that share a key head are laid side by side, so that keys are never repeated in memory.
    """
    if queries.shape[2] > 1 and queries.is_cuda and queries.dtype in _FLASH:
        return attend_causal(queries, keys, values, scale)
    if queries.shape[2] > 1 and queries.device.type == "cpu":
        return attend_split(queries, keys, values, scale)
    return attend_masked(queries, keys, values, scale)


def attend_masked(queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, scale: float) -> torch.Tensor:
    """The same as :func:`attend` on any device: in pieces whose masks are bounded."""
    _, heads, width, size = queries.shape
    shared = heads // keys.shape[1]
    past = keys.shape[2] - width
    step = max(1, _ENTRIES // (shared * keys.shape[2]))
    out = queries.new_empty(width, heads, size)
    for start in range(0, width, step):
        end = min(width, start + step)
        length = past + end
        packed = queries[:, :, start:end].reshape(1, keys.shape[1], shared * (end - start), size)
        mask = _mask(start, end, past, queries).repeat(shared, 1) if end - start > 1 else None
        piece = scaled_dot_product_attention(
            packed, keys[:, :, :length], values[:, :, :length], attn_mask=mask, scale=scale
        )
        out[start:end] = piece.reshape(heads, end - start, size).transpose(0, 1)
    return out


def attend_split(queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, scale: float) -> torch.Tensor:
    """The same as :func:`attend` on a CPU: to what came before without a mask, to themselves with a small one, and both joined
    by their weights. A mask over all of a long cache takes longer to make and to read than the attention itself."""
    _, heads, width, size = queries.shape
    groups, past = keys.shape[1], keys.shape[2] - width
    out = queries.new_empty(width, heads, size)
    for start in range(0, width, _OWN):
        end = min(width, start + _OWN)
        before = past + start
        packed = queries[:, :, start:end].reshape(1, groups, heads // groups * (end - start), size)
        own = slice(before, past + end)
        mask = _mask(0, end - start, 0, queries).repeat(heads // groups, 1)
        found, weight = _flash_on_cpu(
            packed, keys[:, :, own], values[:, :, own], 0.0, False, attn_mask=mask, scale=scale
        )
        if before:
            earlier, heavier = _flash_on_cpu(
                packed, keys[:, :, :before], values[:, :, :before], 0.0, False, scale=scale
            )
            both = torch.logaddexp(weight, heavier)
            shares = [(one - both).exp()[..., None].to(found.dtype) for one in (weight, heavier)]
            found = found * shares[0] + earlier * shares[1]
        out[start:end] = found.reshape(heads, end - start, size).transpose(0, 1)
    return out


def attend_causal(queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, scale: float) -> torch.Tensor:
    """The same as :func:`attend` in one call without a mask in memory, by a flash kernel where PyTorch has one."""
    bias = causal_lower_right(queries.shape[2], keys.shape[2])
    found = scaled_dot_product_attention(queries, keys, values, attn_mask=bias, scale=scale, enable_gqa=True)
    return found[0].transpose(0, 1)


def attend_room(
    queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, scale: float, unseen: torch.Tensor
) -> torch.Tensor:
    """Attention of one token a row, ``queries`` [B, H, d], to the whole room of ``keys`` and ``values`` [B, KV, R, d], [B, H, d].

    ``unseen`` bool [B, R]. The room is read in pieces side by side, as one stream alone would not keep a device busy. Scores and
    sums are float32. Made of products that a CUDA graph can hold; R is a multiple of ``PIECE``.
    """
    batch, heads, size = queries.shape
    shared, room = heads // keys.shape[1], keys.shape[2]
    packed = queries.reshape(-1, shared, size)
    scores = _product(packed, keys.flatten(0, 1).transpose(1, 2)) * scale
    hidden = unseen[:, None].expand(batch, keys.shape[1] * shared, room)
    scores = scores.view(batch, -1, room).masked_fill(hidden, torch.finfo(torch.float32).min)
    weights = scores.softmax(dim=-1).to(values.dtype)
    pieces = room // PIECE
    parts = weights.view(-1, shared, pieces, PIECE).transpose(1, 2).reshape(-1, shared, PIECE)
    sums = _product(parts, values.reshape(-1, PIECE, size)).view(-1, pieces, shared, size).sum(1)
    return sums.to(queries.dtype).view(batch, heads, size)


def _product(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """Products of matrices [n, a, b] and [n, b, c] in float32."""
    if left.dtype in _FLASH and left.is_cuda:
        return torch.bmm(left, right, out_dtype=torch.float32)
    return torch.bmm(left, right).float()


def attend_together(
    queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, scale: float, mask: torch.Tensor
) -> torch.Tensor:
    """Attention of one token a row, ``queries`` [B, H, d], to ``keys`` and ``values`` [B, KV, L, d]; returns [B, H, d].

    ``mask`` [B, 1, 1, L] as by :func:`visible`.
    """
    batch, heads, size = queries.shape
    packed = queries.reshape(batch, keys.shape[1], heads // keys.shape[1], size)
    found = scaled_dot_product_attention(packed, keys, values, attn_mask=mask, scale=scale)
    return found.reshape(batch, heads, size)


def visible(lengths: torch.Tensor, length: int, dtype: torch.dtype) -> torch.Tensor:
    """Additive mask [B, 1, 1, length] that shows each row its first ``lengths`` [B] slots."""
    hidden = torch.arange(length, device=lengths.device) >= lengths[:, None]
    # A finite minimum: a row that sees nothing must not become NaN.
    mask = torch.zeros(hidden.shape, dtype=dtype, device=lengths.device)
    return mask.masked_fill_(hidden, torch.finfo(dtype).min)[:, None, None]


def _mask(start: int, end: int, past: int, like: torch.Tensor) -> torch.Tensor:
    """Additive mask [end - start, past + end] of the queries ``start`` to ``end``."""
    rows = torch.arange(past + start, past + end, device=like.device)
    hidden = torch.arange(past + end, device=like.device) > rows[:, None]
    mask = torch.zeros(hidden.shape, dtype=like.dtype, device=like.device)
    return mask.masked_fill_(hidden, torch.finfo(like.dtype).min)


def attend_flash(module: Any, queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """The same as :func:`attend` by the library's FlashAttention, which is causal from the lower right on."""
    from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

    attention = ALL_ATTENTION_FUNCTIONS[module.config._attn_implementation]
    return attention(module, queries, keys, values, None, scaling=module.scaling)[0][0]
