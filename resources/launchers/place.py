"""What every place away from this machine can do: find, make, watch and remove workers."""

import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TypeVar

from resources.launchers.base import Job
from resources.launchers.log import Log
from resources.launchers.status import Found, Status
from resources.launchers.waiting import no_answer
from resources.launchers.waiting import patiently as ask_again

T = TypeVar("T")


class Place(ABC):
    """The contract that the Docker and the Kubernetes launcher fulfil; ``place`` names the kind in messages."""

    place: str
    #: Seconds between two looks at a worker.
    interval = 1.0
    #: Seconds for which a service that does not answer is asked again.
    patience = 600.0
    #: Where a person reads that it does not answer.
    say: Callable[[str], None] = staticmethod(lambda text: print(text, file=sys.stderr))

    def check(self, job: Job) -> None:  # noqa: B027 -- most places take any job
        """Refuse what cannot work there; ``dagster.Failure`` says what to change."""

    @abstractmethod
    def find(self, name: str) -> Found | None:
        """The worker of this name, if there is one."""

    @abstractmethod
    def create(self, job: Job, name: str, attempt: str, environment: dict[str, str], run_id: str) -> None:
        """Make it. Raises AlreadyThereError when another one has the name, ``dagster.Failure`` when it can't be made.

        Called again after a lost answer, it finds its own attempt there and is content.
        """

    def begin(self, job: Job, found: Found) -> None:  # noqa: B027 -- most create it whole
        """Do what :meth:`create` leaves to do; also for an adopted worker, whose creator may have died in between."""

    @abstractmethod
    def delete(self, found: Found, wait: bool = True) -> None:
        """Stop and remove this one, and no other of its name, with all that belongs to it; return when that is gone.

        An absent one is no error. ``wait=False`` only asks for it.
        """

    @abstractmethod
    def workers(self) -> list[Found]:
        """Every worker of this project there."""

    @abstractmethod
    def look(self, job: Job, found: Found) -> Status:
        """How it does now."""

    @abstractmethod
    def follow(self, found: Found, log: Log, stop: threading.Event) -> None:
        """Feed its output from the first line into ``log`` until it ends or ``stop`` is set; runs in a thread."""

    @abstractmethod
    def is_passing(self, error: Exception) -> bool:
        """Whether a failed call is worth repeating: the service was away, busy or restarted."""

    def patiently(self, call: Callable[[], T], seconds: float | None = None) -> T:
        """Repeat a call while its failures are passing ones, for ``seconds`` at most (None: ``patience``)."""
        seconds = self.patience if seconds is None else seconds
        return ask_again(call, self.is_passing, seconds, lambda error: self.say(no_answer(self.place, error)))
