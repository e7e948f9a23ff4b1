"""What one server serves: the models, the limits, and who is watching."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from livecc_assets.commentary.config import CommentaryConfig
from livecc_assets.commentary.group import Loaded
from livecc_assets.commentary.streams import FullError, Streams

#: Models that a page shows side by side.
MOST_MODELS = 2


@dataclass(frozen=True)
class Limits:
    """What a viewer may ask for, and for how many there is room.

    ``upload_bytes`` and ``seconds`` bound a video; a live source ends after ``seconds``, too. A viewer without a source
    for ``waiting`` seconds, or to whom nothing happens for ``idle`` seconds, gives up the seat. An upload that stands
    still for ``stalled`` seconds, or takes more than ``uploading``, is given up.
    """

    viewers: int = 16
    upload_bytes: int = 500 * 2**20
    seconds: float = 30 * 60.0
    waiting: float = 120.0
    idle: float = 600.0
    stalled: float = 30.0
    uploading: float = 1800.0


@dataclass(frozen=True)
class Model:
    """A model under the name that the page shows.

    ``engine`` answers questions about whole videos. ``conversing`` is held by the conversation that works now.
    """

    name: str
    streams: Streams
    engine: Loaded | None = None
    conversing: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)


class Seats:
    """Counts who is in."""

    def __init__(self, most: int) -> None:
        self.most, self._taken, self._lock = most, 0, threading.Lock()

    @property
    def taken(self) -> int:
        """Seats that somebody has."""
        return self._taken

    def take(self) -> None:
        """One seat more. Raises FullError, in words for the one who came too late."""
        with self._lock:
            if self._taken >= self.most:
                seats = "the only seat is" if self.most == 1 else f"all {self.most} seats are"
                raise FullError(f"{seats.capitalize()} taken. Try again when somebody has left.")
            self._taken += 1

    def give_back(self) -> None:
        """One seat less."""
        with self._lock:
            self._taken -= 1


@dataclass
class Site:
    """Everything that viewers share, which is nothing of theirs.

    ``folder`` is for uploads. ``hosts`` are those whose web addresses viewers may name; None: any.
    """

    models: Sequence[Model]
    config: CommentaryConfig
    folder: Path
    limits: Limits = field(default_factory=Limits)
    hosts: frozenset[str] | None = None

    def __post_init__(self) -> None:
        self.seats = Seats(self.limits.viewers)
