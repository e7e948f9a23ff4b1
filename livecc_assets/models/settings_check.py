"""The small settings files of a model folder: they may name files, other models and code, none of which a stranger decides.

Libraries follow some of these settings whether or not remote code is trusted.
"""

import re
from pathlib import Path
from typing import Any

from livecc_assets.core.errors import UserError
from livecc_assets.core.text import brief
from livecc_assets.models.config_check import check_numbers
from livecc_assets.models.model_documents import MAX_TEMPLATE_BYTES, REMEDY, nodes, read_object
from livecc_assets.models.tokenizer_check import check_added

ADAPTER = "adapter_config.json"
_TOKENS = ("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json")
SETTINGS = frozenset(
    {
        *_TOKENS, ADAPTER, "config.json", "generation_config.json", "preprocessor_config.json", "processor_config.json",
        "video_preprocessor_config.json", "chat_template.json",
    }
)  # fmt: skip
#: Characters of a text in the files about tokens, templates apart.
_MAX_TEXT = 4_096
_FILE = re.compile(r".*_files?")
_NAME = re.compile(r"[\w-][\w. +=-]{0,199}")
#: Trainings leave in tokenizer_config.json where they ran; no library reads what this one names.
_LEFT_BEHIND = {"tokenizer_config.json": {"special_tokens_map_file"}}


def check_settings(path: Path) -> None:
    """UserError in one line for a setting that leads out of the folder, or that is larger than any model's."""
    document = read_object(path)
    if path.name == ADAPTER:
        raise UserError(f"{brief(path)} makes the folder an adapter of another model; merge it with its model first")
    check_numbers(document, path)
    for node in nodes(document):
        for key, value in node.items():
            if fault := _leads_out(key, value, path.name) or _too_long(key, value, path.name):
                raise UserError(f"{brief(path)}: {brief(key)[:80]} {fault}; remove this setting, or name another model")
    if path.name in _TOKENS:
        try:
            check_added(_added(document, path.name))
        except (ValueError, TypeError) as error:
            raise UserError(f"{brief(path)} has tokens that no tokenizer has ({brief(error)}); {REMEDY}") from None


def _leads_out(key: str, value: Any, file: str) -> str:
    """What is wrong with a setting, as the rest of a sentence about it."""
    if key == "init_inputs" and value:
        return "hands values past their names"
    texts = [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str)]
    if key.endswith("_implementation") and any("/" in one for one in texts):
        return "names code on a model hub"  # the library would fetch and run it
    if _FILE.fullmatch(key) and key not in _LEFT_BEHIND.get(file, ()):
        wrong = next((one for one in texts if not _NAME.fullmatch(one)), None)
        return "" if wrong is None else f"names {brief(repr(wrong[:80]))}, which is no file of the folder"
    return ""


def _too_long(key: str, value: Any, file: str) -> str:
    most = MAX_TEMPLATE_BYTES if "template" in key else _MAX_TEXT
    if isinstance(value, str) and len(value) > most and (file in _TOKENS or "template" in key):
        return f"has {len(value):,} characters, more than {most:,}"
    return ""


def _added(document: dict[str, Any], file: str) -> list[Any]:
    """The added tokens of one of the files, in the form of ``tokenizer.json``."""
    if file == "added_tokens.json":
        return [{"content": token, "id": number} for token, number in document.items()]
    listed = document.get("added_tokens_decoder") or {}
    if not isinstance(listed, dict) or not all(isinstance(token, dict) for token in listed.values()):
        raise ValueError("added_tokens_decoder is no object of objects")
    return [{**token, "id": int(number)} for number, token in listed.items()]
