"""The head of a GGUF file, walked without a library: it holds the configuration and the tokenizer of its model.

Layout: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

import math
import struct
from pathlib import Path
from typing import Any, BinaryIO

from livecc_assets.core.errors import UserError
from livecc_assets.core.text import brief
from livecc_assets.models.config_check import check_numbers, check_weights
from livecc_assets.models.model_documents import MAX_TEXT_BYTES, REMEDY

_MAX_TENSORS, _MAX_SETTINGS, _MAX_ITEMS = 100_000, 10_000, 4_000_000
_MAX_RANK, _MAX_ALIGNMENT = 4, 65_536
#: Type number: letter of ``struct``.
_NUMBERS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_TEXT, _LIST = 8, 9
#: End of a setting's name: what it is called in config.json.
_NAMES = {
    "block_count": "num_hidden_layers",
    "embedding_length": "hidden_size",
    "feed_forward_length": "intermediate_size",
    "attention.head_count": "num_attention_heads",
    "attention.head_count_kv": "num_key_value_heads",
    "vocab_size": "vocab_size",
    "expert_count": "num_experts",
}
#: The thinnest weights have one bit.
_WEIGHTS_PER_BYTE = 8


def check_gguf(path: Path, size: int) -> None:
    """UserError for a file that is no GGUF file, or whose head asks for more than a model has."""
    try:
        with path.open("rb") as file:
            head = _Head(file)
            config = head.settings()
            head.check_tensors(size)
    except (OSError, ValueError, struct.error) as error:
        raise UserError(f"{brief(path)} is no GGUF file that can be used ({brief(error)}); {REMEDY}") from None
    check_numbers(config, path)
    check_weights({**config, "rope": True}, path, size * _WEIGHTS_PER_BYTE)


def _block_sizes() -> dict[int, tuple[int, int]]:
    """Type of a tensor: items in a block, and its bytes."""
    try:
        from gguf.constants import GGML_QUANT_SIZES
    except ImportError:
        raise UserError("a GGUF file needs the package gguf: pip install gguf") from None
    return {int(kind): sizes for kind, sizes in GGML_QUANT_SIZES.items()}


class _Head:
    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._tensors, self._alignment = 0, 32

    def settings(self) -> dict[str, Any]:
        """Those settings that decide how much is built, under their names of config.json."""
        if self._file.read(4) != b"GGUF":
            raise ValueError("it does not begin with GGUF")
        version, tensors, count = self._number("I"), self._number("Q"), self._number("Q")
        if version not in (2, 3):
            raise ValueError(f"its version is {version}")
        if tensors > _MAX_TENSORS or count > _MAX_SETTINGS:
            raise ValueError(f"it names {tensors:,} tensors and {count:,} settings")
        self._tensors = tensors
        found: dict[str, Any] = {}
        for _ in range(count):
            name, value = self._text().decode("utf-8", "replace"), self._value(self._number("I"))
            family, _, end = name.partition(".")
            if name == "general.alignment":
                self._alignment = value
            if end in _NAMES and family != "tokenizer":
                found[_NAMES[end]] = value
        return found

    def check_tensors(self, size: int) -> None:
        """The table behind the settings: every tensor lies in the file, and all of them together are not larger than it."""
        block_sizes = _block_sizes()
        ends, total = 0, 0
        for _ in range(self._tensors):
            name, rank = self._text(), self._number("I")
            if rank > _MAX_RANK:
                raise ValueError(f"the tensor {brief(name)[:80]} has {rank} dimensions")
            items = math.prod(self._number("Q") for _ in range(rank))
            kind, offset = self._number("I"), self._number("Q")
            if kind not in block_sizes:
                raise ValueError(f"the tensor {brief(name)[:80]} has the unknown type {kind}")
            block, held = block_sizes[kind]
            taken = -(-items // block) * held
            ends, total = max(ends, offset + taken), total + taken
        if type(self._alignment) is not int or not 1 <= self._alignment <= _MAX_ALIGNMENT:
            raise ValueError(f"its alignment is {brief(repr(self._alignment))[:40]}")
        start = -(-self._file.tell() // self._alignment) * self._alignment
        if self._tensors and start + max(ends, total) > size:
            raise ValueError(f"its tensors need {start + max(ends, total):,} bytes, it has {size:,}")

    def _value(self, kind: int) -> Any:
        """The value of a number; of a text nothing, and of a list its numbers."""
        if kind in _NUMBERS:
            return self._number(_NUMBERS[kind])
        if kind == _TEXT:
            return self._text() and None
        if kind != _LIST:
            raise ValueError(f"a setting has the unknown type {kind}")
        inner, items = self._number("I"), self._number("Q")
        if inner == _LIST or items > _MAX_ITEMS:
            raise ValueError(f"a setting is a list of {items:,} items of type {inner}")
        if inner == _TEXT:
            for _ in range(items):
                self._text()
            return None
        letter = _NUMBERS.get(inner, "")
        if not letter:
            raise ValueError(f"a setting has the unknown type {inner}")
        return list(struct.unpack(f"<{items}{letter}", self._bytes(items * struct.calcsize(f"<{letter}"))))

    def _number(self, letter: str) -> Any:
        return struct.unpack(f"<{letter}", self._bytes(struct.calcsize(f"<{letter}")))[0]

    def _text(self) -> bytes:
        return self._bytes(self._number("Q"))

    def _bytes(self, length: int) -> bytes:
        if length > MAX_TEXT_BYTES or self._file.tell() > MAX_TEXT_BYTES:
            raise ValueError(f"its head has more than {MAX_TEXT_BYTES:,} bytes")
        data = self._file.read(length)
        if len(data) < length:
            raise ValueError("it ends within its head")
        return data
