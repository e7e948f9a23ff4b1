"""General instructions from a generator or from published jsonl files (method 1.11)."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from livecc_assets.core.errors import UserError
from livecc_assets.core.text import sound_values
from livecc_assets.runtime.task import Task
from livecc_assets.store.interface import Blobs
from livecc_assets.store.rows import Rejected
from livecc_assets.store.uris import local_path

_MEDIA = ("image", "video")


def instruction_rows(task: Task) -> Iterator[dict[str, Any] | Rejected]:
    """Rows of one source: ``generator: sample-world`` renders them, ``jsonl: PATH`` imports conversations (method 1.11)."""
    config = task.config
    if config.get("generator") == "sample-world":
        from livecc_assets.sample.instructions import generate
        from livecc_assets.sample.published import publish

        folder, seed, count = task.home / "sample" / "instructions", int(config.get("seed", 0)), int(config["count"])
        yield from generate(folder, seed, count)
        publish(folder, task.writer.blobs)
    elif config.get("jsonl"):
        yield from read_conversations(local_path(config["jsonl"]), config["source"])
    else:
        raise UserError(
            f"instructions.{config['source']}.jsonl is empty: set it to the file of conversations in the profile"
        )


def media_root(about: dict[str, Any], home: Path, blobs: Blobs) -> str:
    """Folder or prefix of the media of a source of instructions: where its jsonl lies, or the sample's own.

    Its rows name media by paths in it, and it is in no key: rows stay as they are when it moves. Pictures that change
    under their names are not noticed.
    """
    if about.get("generator"):
        from livecc_assets.sample.published import place_of

        return place_of(home / "sample" / "instructions", blobs)
    path = str(about.get("jsonl") or "")
    return path.rpartition("/")[0] if "://" in path else str(Path(path).resolve().parent) if path else ""


def read_conversations(path: Path, source: str) -> Iterator[dict[str, Any] | Rejected]:
    """Conversations of a jsonl file, one JSON list of turns a line; a seek index on the last line is skipped.

    Relative media paths are those of the file's folder, wherever it lies. A line that is no conversation is rejected.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such file; set instructions.{source}.jsonl in the profile")
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            name = f"{source}:{number}"
            try:
                turns = sound_values(json.loads(line))  # a tokenizer takes no half of a character
            except (ValueError, RecursionError) as error:  # also a number of thousands of digits, and endless nesting
                yield Rejected(name, "error", "malformed_json", f"{path.name} line {number + 1}: {error}", "")
                continue
            if isinstance(turns, list) and turns and all(isinstance(offset, int) for offset in turns):
                continue  # the seek index
            fault = _fault(turns)
            if fault:
                yield Rejected(name, "error", "malformed_conversation", f"{path.name} line {number + 1}: {fault}", "")
                continue
            yield {"sample_id": name, "source": source, "conversation": json.dumps(turns)}


def _fault(turns: Any) -> str:
    """Why this is no conversation; empty when it is one."""
    if not isinstance(turns, list) or not turns:
        return "expected a list of turns"
    for turn in turns:
        if not isinstance(turn, dict) or turn.get("role") not in ("system", "user", "assistant"):
            return "every turn needs a role: system, user or assistant"
        if not isinstance(turn.get("content"), list):
            return "every turn needs a list as content"
        for element in turn["content"]:
            kind = element.get("type") if isinstance(element, dict) else None
            if kind not in (*_MEDIA, "text"):
                return f"content of type {kind!r}; known are image, video and text"
            if not isinstance(element.get(kind), str):
                return f"a {kind} element without its {kind}"
            if "pos" in element:
                return "frames packed in one blob file (`pos`) are not supported; unpack them to a video"
    return ""
