"""Whether a model was instruct-tuned, as its own record or its publisher says. It is never told from a name.

A tuned model is asked with a query, a base model is given title and previous speech (method 4.2). Asked in the other's
way, either scores below what it can.
"""

import json
from pathlib import Path

from livecc_assets.core.errors import UserError
from livecc_assets.core.text import brief
from livecc_assets.models.reference import hub_name
from livecc_assets.store.uris import local_path

#: The record that a checkpoint of this project carries: ``{"instruct": true}``.
RECORD = "livecc.json"

#: Published models, by what their publishers say of them (method 2.7, 5).
_PUBLISHED = {
    "chenjoya/LiveCC-7B-Base": False,
    "chenjoya/LiveCC-7B-Instruct": True,
    "Qwen/Qwen2-VL-2B": False,
    "Qwen/Qwen2-VL-7B": False,
    "Qwen/Qwen2-VL-2B-Instruct": True,
    "Qwen/Qwen2-VL-7B-Instruct": True,
}
#: Models that ship with the project (`livecc_assets.models.embedded`).
_EMBEDDED = {"tiny-qwen2-vl": False}


def instruct_of(ref: str) -> bool | None:
    """Whether the model behind a reference was instruct-tuned; None where nothing says so.

    Raises UserError for a record that cannot be read.
    """
    if ref.startswith("embedded:"):
        return _EMBEDDED.get(ref.removeprefix("embedded:"))
    if ref.startswith("hub:"):
        return _PUBLISHED.get(hub_name(ref)[0])
    path = local_path(f"{ref.rstrip('/')}/{RECORD}")
    if not path.is_file():
        return None
    try:
        told = json.loads(path.read_text("utf-8"))["instruct"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise UserError(
            f"{path}: no record of a checkpoint ({brief(error)}); remove it and say --instruct or --base"
        ) from None
    if not isinstance(told, bool):
        raise UserError(f"{path}: `instruct` is neither true nor false; remove the file and say --instruct or --base")
    return told


def write_tuning(folder: Path, instruct: bool) -> Path:
    """Write the record into a model's folder; returns its path."""
    path = folder / RECORD
    path.write_text(json.dumps({"instruct": instruct}), "utf-8")
    return path
