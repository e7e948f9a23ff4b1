"""CTranslate2's ``model.bin``, walked without the library: do its variables fit their shapes and the file?

Layout: ``ctranslate2/specs/model_spec.py``, ``ModelSpec._serialize``.
"""

import math
import struct
from pathlib import Path
from typing import BinaryIO

from livecc_assets.core.errors import UserError
from livecc_assets.core.text import brief
from livecc_assets.models.model_documents import REMEDY

#: Earlier versions lay variables out otherwise.
_VERSIONS, _MAX_NAME, _MAX_VARIABLES, _MAX_RANK = range(4, 33), 256, 1_000_000, 8
#: Bytes of an item, by the number of its type: float32, int8, int16, int32, float16, bfloat16.
_ITEM = {0: 4, 1: 1, 2: 2, 3: 4, 4: 2, 5: 2}


def check_ctranslate2(path: Path, size: int) -> None:
    """UserError for a file that is no CTranslate2 model, or whose variables do not fit their shapes and the file."""
    try:
        with path.open("rb") as file:
            _walk(file, size)
    except (OSError, ValueError, struct.error) as error:
        raise UserError(f"{brief(path)} is no CTranslate2 model that can be used ({brief(error)}); {REMEDY}") from None


def _walk(file: BinaryIO, size: int) -> None:
    version = _number(file, "I")
    if version not in _VERSIONS:
        raise ValueError(f"its version is {version}")
    _name(file)
    _number(file, "I")  # the revision of the kind of model
    count = _number(file, "I")
    if not 1 <= count <= _MAX_VARIABLES:
        raise ValueError(f"it names {count:,} variables")
    for _ in range(count):
        name, rank = _name(file), _number(file, "B")
        if rank > _MAX_RANK:
            raise ValueError(f"{name} has {rank} dimensions")
        shape = [_number(file, "I") for _ in range(rank)]
        kind, held = _number(file, "B"), _number(file, "I")
        if kind not in _ITEM or math.prod(shape) * _ITEM[kind] != held:
            raise ValueError(f"{name} of type {kind} and shape {shape} has {held:,} bytes")
        if file.seek(held, 1) > size:
            raise ValueError(f"it ends within {name}")
    aliases = _number(file, "I")
    if aliases > _MAX_VARIABLES:
        raise ValueError(f"it names {aliases:,} aliases")
    for _ in range(2 * aliases):
        _name(file)


def _number(file: BinaryIO, letter: str) -> int:
    return struct.unpack(f"<{letter}", file.read(struct.calcsize(f"<{letter}")))[0]


def _name(file: BinaryIO) -> str:
    length = _number(file, "H")
    if not 1 <= length <= _MAX_NAME:
        raise ValueError(f"a name has {length:,} bytes")
    return file.read(length).decode("utf-8", "replace").rstrip("\0")
