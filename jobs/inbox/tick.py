"""One tick of the inbox sensor: what it works with, how long it may take, and what it has to say."""

import time
from dataclasses import dataclass, field

import dagster as dg

from jobs.inbox.cursor import Cursor
from jobs.inbox.places import address
from livecc_assets.core.redaction import redact
from livecc_assets.core.text import printable
from livecc_assets.graph.settings import Settings
from livecc_assets.store.store import Store

#: Seconds of listing and registering in one tick; Dagster ends a tick after 60. What is left waits for the next tick.
TICK_SECONDS = 25
#: Folders that a tick names; a skip reason stands in one line of the UI.
NAMED = 10


def clock() -> float:
    """Unix seconds."""
    return time.time()


@dataclass
class Tick:
    """``settled``: seconds for which a folder must rest. ``waits``: by folder, why nothing is asked for it."""

    inbox: str
    settings: Settings
    store: Store
    cursor: Cursor
    context: dg.SensorEvaluationContext
    settled: int
    waits: dict[str, str] = field(default_factory=dict)
    ends: float = field(default_factory=lambda: time.monotonic() + TICK_SECONDS)

    @property
    def over(self) -> bool:
        """Whether the tick has taken its time."""
        return time.monotonic() > self.ends

    def now(self) -> float:
        """Unix seconds."""
        return clock()

    def address(self, name: str) -> str:
        """Where the folder lies."""
        return address(self.inbox, name)

    def pass_over(self, name: str, error: Exception) -> None:
        """Tell why nothing is done about a folder."""
        self.context.log.warning(f"{printable(name)} of the inbox is passed over: {printable(redact(str(error)))}")

    def summary(self) -> str:
        """What waits and why, in one line."""
        named = [f"{printable(name)} ({why})" for name, why in list(self.waits.items())[:NAMED]]
        more = f" and {len(self.waits) - NAMED} more" if len(self.waits) > NAMED else ""
        return f"waiting: {', '.join(named)}{more}" if named else "nothing new in the inbox"
