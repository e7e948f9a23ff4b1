"""The rules in a ``tokenizer.json``: a library runs them over every text, so they are bounded before it reads them.

Format: https://huggingface.co/docs/tokenizers/components. Only what decides time and memory is
looked at; the library checks the rest.
"""

import base64
import binascii
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from livecc_assets.core.errors import UserError
from livecc_assets.core.text import brief
from livecc_assets.models.config_check import LIMITS
from livecc_assets.models.model_documents import MAX_TEXT_BYTES, REMEDY, nodes, read_object

#: What one parsed value costs in memory is some hundred bytes. The largest known tokenizers have 1.4 million.
_MAX_VALUES, _MAX_CONTAINERS = 4_000_000, 2_000_000
_MAX_ID = LIMITS["vocab_size"]
#: Characters of one token, and of all added tokens: from those the library builds one automaton.
_MAX_TOKEN, _MAX_ADDED, _MAX_ADDED_TOKEN, _MAX_ADDED_TEXT = 4_096, 65_536, 256, 1_000_000
#: Rules in all, items of a list in them, characters of a text in them, and the largest number there.
_MAX_RULES, _MAX_ITEMS, _MAX_TEXT, _MAX_NUMBER = 4_096, 1_024, 4_096, 1_000_000
#: Characters by which a rule replaces what it finds, and how many times longer all rules together may make a text.
_MAX_CONTENT, _MAX_GROWTH = 64, 1_024
#: Bytes of the table of a Precompiled normalizer, of which the usual one has 240,000, and of what it puts for one character.
_MAX_TABLE, _MAX_ENTRY = 4 * 1024 * 1024, 64
#: Numbers that may be larger: ids, and what truncation cuts a text to, which costs nothing.
_LARGEST: dict[str, int] = dict.fromkeys(("pad_id", "ids", "cls", "sep", "unk_id"), _MAX_ID)
_LARGEST["max_length"] = LIMITS["max_position_embeddings"]
_RULES = ("normalizer", "pre_tokenizer", "post_processor", "decoder", "truncation", "padding")


def check_tokenizer(path: Path) -> None:
    """UserError in one line for a ``tokenizer.json`` whose rules could take any time or memory."""
    _countable(path)
    document = read_object(path, MAX_TEXT_BYTES)
    try:
        check_added(document.get("added_tokens") or [])
        _vocabulary(_object(document.get("model") or {}, "model"))
        _rules({key: document[key] for key in _RULES if document.get(key) is not None})
        for key in ("normalizer", "decoder"):
            _growth(document.get(key), key)
    except ValueError as error:
        raise UserError(f"{brief(path)} has rules that no tokenizer has ({brief(error)}); {REMEDY}") from None


def _countable(path: Path) -> None:
    """A file of 64 MiB can hold twenty million empty lists, which would take gigabytes."""
    if path.stat().st_size > MAX_TEXT_BYTES:
        return  # read_object tells it
    text = path.read_bytes()
    values, containers = text.count(b",") + text.count(b":"), text.count(b"[") + text.count(b"{")
    if values > 2 * _MAX_VALUES or containers > _MAX_CONTAINERS:
        raise UserError(
            f"{brief(path)} holds some {values:,} values, a tokenizer has at most {_MAX_VALUES:,}; {REMEDY}"
        )


def check_added(tokens: Any) -> None:
    """ValueError for a list of added tokens that are too many, too long, or have an id that no model has."""
    if not isinstance(tokens, list) or len(tokens) > _MAX_ADDED:
        raise ValueError(f"more than {_MAX_ADDED:,} added tokens, or no list of them")
    text = 0
    for token in tokens:
        content = _object(token, "an added token").get("content")
        if not isinstance(content, str) or len(content) > _MAX_ADDED_TOKEN:
            raise ValueError(f"the added token {_shown(content)} has more than {_MAX_ADDED_TOKEN} characters")
        _id(token.get("id"), content)
        text += len(content)
    if text > _MAX_ADDED_TEXT:
        raise ValueError(f"added tokens with {text:,} characters")


def _vocabulary(model: dict[str, Any]) -> None:
    """``vocab`` maps tokens to ids, or lists (token, score) in the order of their ids."""
    vocab = model.get("vocab") or {}
    if not isinstance(vocab, dict | list):
        raise ValueError("a vocabulary that is no object and no list")
    if len(vocab) > _MAX_ID:
        raise ValueError(f"{len(vocab):,} tokens")
    for token in vocab:
        text = token[0] if isinstance(token, list) and token else token
        if not isinstance(text, str) or len(text) > _MAX_TOKEN:
            raise ValueError(f"the token {_shown(text)} has more than {_MAX_TOKEN:,} characters, or is no text")
    if isinstance(vocab, dict):
        for token, number in vocab.items():
            _id(number, token)
    _rules({key: value for key, value in model.items() if key not in ("vocab", "merges")})


def _rules(rules: dict[str, Any]) -> None:
    """Every number, text and list in the rules, wherever it stands."""
    for count, node in enumerate(nodes(rules), start=1):
        if count > _MAX_RULES:
            raise ValueError(f"more than {_MAX_RULES:,} parts")
        for key, value in _leaves(node):
            if isinstance(value, list) and len(value) > _MAX_ITEMS:
                raise ValueError(f"{brief(key)[:40]} lists {len(value):,} items")
            if isinstance(value, int | float) and not abs(value) <= _LARGEST.get(key, _MAX_NUMBER):
                raise ValueError(f"{brief(key)[:40]} is {_shown(value)}")
            if isinstance(value, str) and len(value) > _MAX_TEXT and key != "precompiled_charsmap":
                raise ValueError(f"{brief(key)[:40]} has {len(value):,} characters")


def _leaves(node: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """What an object holds, and what its lists hold, at any depth; objects come by themselves."""
    waiting: list[tuple[str, Any]] = list(node.items())
    while waiting:
        key, value = waiting.pop()
        yield key, value
        if isinstance(value, list) and len(value) <= _MAX_ITEMS:
            waiting.extend((key, one) for one in value)


def _growth(rules: Any, key: str) -> None:
    """How many times longer the rules can make a text: they run one after the other."""
    most = 1
    for node in nodes({key: rules}):
        if node.get("type") == "Replace":
            content, pattern = node.get("content"), node.get("pattern")
            if not isinstance(content, str) or len(content) > _MAX_CONTENT:
                raise ValueError(f"{key} replaces by {_shown(content)}; at most {_MAX_CONTENT} characters are usual")
            text = pattern.get("String") if isinstance(pattern, dict) else None
            # Any pattern but a plain text may find nothing, between every two characters, and put the content there.
            most *= max(1, -(-len(content) // len(text))) if isinstance(text, str) and text else len(content) + 1
        elif node.get("type") == "Precompiled":
            most *= _longest_entry(node.get("precompiled_charsmap"))
    if most > _MAX_GROWTH:
        raise ValueError(f"{key} makes a text up to {most:,} times longer")


def _longest_entry(coded: Any) -> int:
    """Of the table of a Precompiled normalizer: size of a trie (u32), the trie, and the texts that it points to."""
    if coded is None:
        return 1
    if not isinstance(coded, str) or len(coded) > _MAX_TABLE:
        raise ValueError(f"a table of more than {_MAX_TABLE:,} bytes")
    try:
        table = base64.b64decode(coded, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("a table that is no base64") from None
    trie = int.from_bytes(table[:4], "little")
    if len(table) < 4 or trie % 4 or not 0 < trie <= len(table) - 4:
        raise ValueError("a table whose trie does not fit into it")
    longest = max(map(len, table[4 + trie :].split(b"\0")))
    if longest > _MAX_ENTRY:
        raise ValueError(f"a table that puts {longest:,} bytes for one character")
    return max(1, longest)


def _id(number: Any, token: str) -> None:
    if type(number) is not int or not 0 <= number < _MAX_ID:
        raise ValueError(f"the token {_shown(token)} has the id {_shown(number)}")


def _object(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{what} is no object")
    return value


def _shown(value: Any) -> str:
    return brief(repr(value[:40] if isinstance(value, str) else value)[:60])
