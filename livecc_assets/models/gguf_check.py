"""The head of a GGUF file, walked without a library: it holds the configuration and the tokenizer of its model.

Layout: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

import struct
from pathlib import Path
from typing import Any, BinaryIO

from livecc_assets.core.errors import UserError
from livecc_assets.core.text import brief
from livecc_assets.models.config_check import check_numbers, check_weights
from livecc_assets.models.model_documents import MAX_TEXT_BYTES, REMEDY

_MAX_TENSORS, _MAX_SETTINGS, _MAX_ITEMS = 100_000, 10_000, 4_000_000
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
            config = _Head(file).settings()
    except (OSError, ValueError, struct.error) as error:
        raise UserError(f"{brief(path)} is no GGUF file that can be used ({brief(error)}); {REMEDY}") from None
    check_numbers(config, path)
    check_weights({**config, "rope": True}, path, size * _WEIGHTS_PER_BYTE)


class _Head:
    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def settings(self) -> dict[str, Any]:
        """Those settings that decide how much is built, under their names of config.json."""
        if self._file.read(4) != b"GGUF":
            raise ValueError("it does not begin with GGUF")
        version, tensors, count = self._number("I"), self._number("Q"), self._number("Q")
        if version not in (2, 3):
            raise ValueError(f"its version is {version}")
        if tensors > _MAX_TENSORS or count > _MAX_SETTINGS:
            raise ValueError(f"it names {tensors:,} tensors and {count:,} settings")
        found: dict[str, Any] = {}
        for _ in range(count):
            name, value = self._text().decode("utf-8", "replace"), self._value(self._number("I"))
            family, _, end = name.partition(".")
            if end in _NAMES and family != "tokenizer":
                found[_NAMES[end]] = value
        return found

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
