"""What may be spent at a chat endpoint: calls, tokens and money, per run and per day.

A day's spending is kept in the artifact store, an object a process, so that all runs of a deployment count together.
"""

from __future__ import annotations

import json
import os
import secrets
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from livecc_assets.core.errors import UserError
from livecc_assets.store.garbage import SPENT
from livecc_assets.store.interface import Blobs

FOLDER = SPENT
#: Seconds between two writes of what this process spent, and between two looks at what others did.
_WRITES, _LOOKS = 1.0, 20.0
#: Characters of English a token, for estimates.
CHARACTERS = 4
#: Tokens of a verdict with its reason, for estimates.
ANSWER_TOKENS = 60


class BudgetError(UserError):
    """The next call would go beyond the budget."""


@dataclass(frozen=True)
class Spent:
    """Calls, tokens that went in and came out, and what they cost in the currency of the prices."""

    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float = 0.0

    def __add__(self, other: Spent) -> Spent:
        mine, theirs = asdict(self), asdict(other)
        return Spent(**{name: mine[name] + theirs[name] for name in mine})

    def of(self, limit: str) -> float:
        """Calls, tokens or cost, as the limits are named."""
        return self.tokens_in + self.tokens_out if limit == "tokens" else getattr(self, limit)


def tokens_of(text: str) -> int:
    """About how many tokens a text has."""
    return len(text) // CHARACTERS + 1


class Budget:
    """Counts what is spent and refuses what would be too much; safe to use from many threads.

    ``limits``: any of calls, tokens, cost, calls_per_day, tokens_per_day, cost_per_day. ``price``: ``input`` and
    ``output``, per million tokens. Without ``blobs`` a day is what this process spent.
    """

    def __init__(
        self, limits: Mapping[str, float | None], price: Mapping[str, float] | None = None, blobs: Blobs | None = None
    ) -> None:
        self._limits = {name: value for name, value in limits.items() if value is not None}
        self._price, self._blobs = price, blobs if any("_per_day" in name for name in self._limits) else None
        if price is None and any(name.startswith("cost") for name in self._limits):
            raise UserError("a budget of money needs the model's price: name price.input and price.output")
        self._lock = threading.Lock()
        self.spent, self._reserved = Spent(), Spent()
        self._name = f"{os.getpid():x}-{secrets.token_hex(4)}"
        self._others, self._looked, self._wrote = Spent(), float("-inf"), 0.0

    @property
    def priced(self) -> bool:
        """Whether it is known what a token costs."""
        return self._price is not None

    def cost_of(self, tokens_in: int, tokens_out: int) -> float:
        """What so many tokens cost; 0 where no price is known."""
        price = self._price or {"input": 0.0, "output": 0.0}
        return (tokens_in * price["input"] + tokens_out * price["output"]) / 1e6

    def reserve(self, prompt: str, answer: int = ANSWER_TOKENS) -> Spent:
        """Before a call: about what it will take. Raises BudgetError where that is not left."""
        asked = tokens_of(prompt)
        wanted = Spent(1, asked, answer, self.cost_of(asked, answer))
        with self._lock:
            run = self.spent + self._reserved + wanted
            day = run + self._spent_by_others()
            for name, most in self._limits.items():
                limit, _, per_day = name.partition("_per_")
                if (day if per_day else run).of(limit) > most * (1 + 1e-9):
                    when = "today" if per_day else "in this run"
                    raise BudgetError(
                        f"the budget of {most:g} {limit} {when} (budget.{name}) is spent; raise it, or run this again "
                        f"{'tomorrow' if per_day else 'to spend as much again'}: what came is kept"
                    )
            self._reserved += wanted
        return wanted

    def settle(self, wanted: Spent, tokens_in: int | None, tokens_out: int | None) -> None:
        """After a call: what it took. None where the endpoint does not say, or gave no answer that could be read."""
        took_in = wanted.tokens_in if tokens_in is None else tokens_in
        took_out = wanted.tokens_out if tokens_out is None else tokens_out
        with self._lock:
            self._reserved += Spent(-wanted.calls, -wanted.tokens_in, -wanted.tokens_out, -wanted.cost)
            self.spent += Spent(wanted.calls, took_in, took_out, self.cost_of(took_in, took_out))
            if not self._reserved.calls or time.monotonic() - self._wrote >= _WRITES:
                self._write()

    def _write(self) -> None:
        self._wrote = time.monotonic()
        if self._blobs is not None and self.spent.calls:
            with suppress(UserError):  # a store that is away does not end a run; what is spent is written the next time
                self._blobs.put(f"{FOLDER}{_today()}/{self._name}.json", json.dumps(asdict(self.spent)).encode())

    def _spent_by_others(self) -> Spent:
        if self._blobs is not None and time.monotonic() - self._looked >= _LOOKS:
            self._looked, total = time.monotonic(), Spent()
            for item in self._blobs.listed(f"{FOLDER}{_today()}/"):
                found = None if self._name in item.key else self._blobs.get(item.key)
                with suppress(ValueError, TypeError):
                    total += Spent(**json.loads(found[0])) if found else Spent()
            self._others = total
        return self._others


def _today() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d}"


def budget_of(config: Mapping[str, Any], blobs: Blobs | None = None) -> Budget:
    """The budget that an endpoint's section of the profile names."""
    return Budget(config.get("budget") or {}, config.get("price"), blobs)
