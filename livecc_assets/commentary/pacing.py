"""Real time: a file's blocks come when a live stream would have brought them, and what is too late is counted."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar

#: What happens to a block that comes too late: all are shown, as published (method 3.2), or those that are over are skipped.
Late = Literal["catch-up", "skip"]


class Timed(Protocol):
    """A block: its interval in seconds since the stream began."""

    @property
    def end_s(self) -> float:
        """When the block's last frame has been seen."""
        ...


B = TypeVar("B", bound=Timed)


@dataclass
class Pace:
    """Paces one stream. ``behind``: how many seconds late the last block was; ``waited``: seconds slept in all.

    ``clock`` and ``sleep`` are the machine's own, in seconds.
    """

    late: Late = "catch-up"
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    behind: float = 0.0
    waited: float = 0.0

    def paced(self, blocks: Iterable[B]) -> Iterator[tuple[B, float | None]]:
        """(Block, when it was there by ``clock``) in order, each no sooner than its end; the time is None for a skipped one.

        With ``skip`` a block is skipped when the next one is over, too: what is shown is always the newest. The first block
        and the last one are shown.
        """
        began, left = self.clock(), iter(blocks)
        block, first = next(left, None), True
        while block is not None:
            due = began + block.end_s
            if (early := due - self.clock()) > 0:
                self.sleep(early)
                self.waited += early
            following = next(left, None) if self.late == "skip" and not first else None
            if following is not None and began + following.end_s <= self.clock():
                yield block, None
            else:
                self.behind = max(0.0, self.clock() - due)
                yield block, due
            block = following if following is not None else next(left, None)
            first = False
