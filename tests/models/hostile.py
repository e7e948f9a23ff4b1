"""Ways to spoil a sound model folder; the large files are sparse, so that they take no disk."""

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from livecc_assets.core.errors import UserError
from livecc_assets.models.folder_check import checked

Spoil = Callable[[Path], object]
GIB = 1024**3


def refusal(folder: Path) -> str:
    """The one line with which a model folder is refused."""
    with pytest.raises(UserError) as caught:
        checked(folder)
    line = str(caught.value)
    assert "\n" not in line
    assert line.isprintable()
    assert len(line) < 800
    return line


def grown(name: str, size: int) -> Spoil:
    """The file gets ``size`` bytes; a new one holds nothing but zeros."""

    def spoil(folder: Path) -> None:
        with (folder / name).open("ab") as file:
            file.truncate(size)

    return spoil


def written(name: str, content: bytes) -> Spoil:
    """The file holds ``content`` instead."""
    return lambda folder: (folder / name).write_bytes(content)


def config(**values: Any) -> Spoil:
    """Settings of ``config.json`` change; those of an object are merged into it."""

    def spoil(folder: Path) -> None:
        path = folder / "config.json"
        document = json.loads(path.read_text("utf-8"))
        for key, value in values.items():
            document[key] = document[key] | value if isinstance(value, dict) and key in document else value
        path.write_text(json.dumps(document), "utf-8")

    return spoil


def merged(name: str, **values: Any) -> Spoil:
    """Settings of a JSON file change; one that is not there holds these alone."""

    def spoil(folder: Path) -> None:
        path = folder / name
        document = json.loads(path.read_text("utf-8")) if path.is_file() else {}
        path.write_text(json.dumps(document | values), "utf-8")

    return spoil


def safetensors(header: object, data: int = 0, length: int | None = None) -> bytes:
    """A safetensors file with this header (bytes stay as they are), ``data`` zeros, and maybe a lie about its length."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + bytes(data)


def tensor(start: int, end: int, shape: list[int], dtype: str = "F32") -> dict[str, Any]:
    """One entry of such a header."""
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}


def gguf(settings: list[tuple[str, bytes]], tensors: int = 0, count: int | None = None, version: int = 3) -> bytes:
    """The head of a GGUF file; each value is given as its type and bytes."""
    start = b"GGUF" + struct.pack("<IQQ", version, tensors, len(settings) if count is None else count)
    return start + b"".join(struct.pack("<Q", len(name)) + name.encode() + value for name, value in settings)


def index(weight_map: object) -> Spoil:
    """An index of weights that lie in several files."""
    return written("model.safetensors.index.json", json.dumps({"weight_map": weight_map}).encode())
