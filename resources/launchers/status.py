"""What launchers know of a worker that runs elsewhere: that it is there, and how it does."""

import signal
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from livecc_assets.core.errors import EXIT_USER_ERROR
from livecc_assets.core.shortage import KEPT
from resources.launchers.base import Needs

MORE_MEMORY = "raise `memory` under `needs:` of the launcher's file, or lower its batch"

State = Literal["waiting", "running", "succeeded", "failed"]


@dataclass(frozen=True)
class Found:
    """A worker at its place: its name there, the place's own id, which no other ever has, its attempt's name in the store,
    whether it has ended."""

    name: str
    id: str
    attempt: str
    ended: bool = False


@dataclass(frozen=True)
class Status:
    """How a worker does: ``news`` says why it waits or how it failed, in words a person can act on.

    ``said_all`` marks failures for which the worker's own output adds nothing, such as an image that is missing; ``final``
    those that trying again cannot mend; ``gone`` a worker that somebody else removed, perhaps after it had succeeded. ``code``
    is the worker's exit code, where it ended by itself.
    """

    state: State
    news: str = ""
    said_all: bool = False
    final: bool = False
    gone: bool = False
    code: int = 0


class AlreadyThereError(Exception):
    """Somebody else made a worker of this name a moment ago."""


def removed(what: str) -> Status:
    """A worker that is not there any more."""
    return Status("failed", f"{what} by somebody else; run this again", said_all=True, gone=True)


def ended_with(code: int) -> Status:
    """A worker that ended by itself with an exit code other than 0."""
    text = f"The worker ended with exit code {code}"
    if code == 128 + signal.SIGKILL:
        text += f" (killed): out of memory, most often; {MORE_MEMORY}"
    return Status("failed", text, final=code == EXIT_USER_ERROR, code=code)


def out_of_memory(needs: Needs) -> Status:
    """A worker that its place killed, because it passed its limit of memory."""
    text = f"ran out of memory (OOM killed at {needs.memory}); {MORE_MEMORY}. {KEPT}"
    return Status("failed", text, final=True)


def out_of_time(needs: Needs) -> Status:
    """A worker that passed its time limit."""
    text = f"passed its time limit of {needs.time_limit} s; raise `time_limit` under `needs:` of the launcher's file, or do less"
    return Status("failed", f"{text}. {KEPT}", said_all=True, final=True)


def is_reachable(root: str, mounted: Iterable[str]) -> bool:
    """Whether workers reach the store: it is on S3, or lies in a folder that is mounted under the same path."""
    return root.startswith("s3://") or any(Path(root).is_relative_to(path) for path in mounted)
