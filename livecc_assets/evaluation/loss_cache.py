"""Losses kept on disk: experiments are judged against the same opponent, whose half of the work is then done once."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path

from filelock import FileLock

from livecc_assets.evaluation.judge import Messages, TextModel


class CachedLosses:
    """A text model that looks up (prompt, answer) pairs first; `save` adds what was new to the file.

    `identity` must change with the weights. Each loss is computed by itself: its last digits would depend on its company,
    and so on what was known before. They are rounded to 5 decimals. A missing or damaged file costs time, nothing else.
    """

    def __init__(self, model: TextModel, identity: str, folder: Path) -> None:
        self.model, self.max_tokens = model, model.max_tokens
        name = hashlib.sha256(f"{identity}/{model.max_tokens}/alone".encode()).hexdigest()[:16]
        self.path = folder / f"losses-{name}.json"
        self.known = self._read()
        self.fresh: dict[str, list[float]] = {}

    def losses(self, pairs: Sequence[tuple[Messages, str]]) -> list[tuple[float, int]]:
        """Loss and number of tokens of each answer."""
        keys = [hashlib.sha256(json.dumps(pair).encode()).hexdigest()[:32] for pair in pairs]
        missing = {key: pair for key, pair in zip(keys, pairs, strict=True) if key not in self.known}
        for key, pair in missing.items():
            ((loss, tokens),) = self.model.losses([pair])
            self.known[key] = self.fresh[key] = [round(loss, 5), tokens]
        return [(self.known[key][0], int(self.known[key][1])) for key in keys]

    def save(self) -> None:
        """Add what was computed here to what others have saved meanwhile."""
        if not self.fresh:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{self.path}.lock"):
            draft = self.path.with_suffix(f".{os.getpid()}")
            draft.write_text(json.dumps(self._read() | self.fresh), encoding="utf-8")
            os.replace(draft, self.path)

    def _read(self) -> dict[str, list[float]]:
        try:
            return dict(json.loads(self.path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return {}
