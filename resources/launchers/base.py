"""A worker's work, and what it needs of the place where it runs (docs/design.md, "Launchers")."""

import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from livecc_assets.core.errors import EXIT_PASSING_ERROR, EXIT_USER_ERROR
from livecc_assets.core.shortage import KEPT

#: Lines of the worker's output that a failure message carries.
TAIL_LINES = 20
#: How the line begins in which a worker tells its own end.
OWN = "livecc: "
#: Where a worker away from this machine keeps what it may lose, and the number of its user, as the images have them.
HOME, USER = "/scratch", 10001
#: Seconds a cancelled worker has to end by itself.
GRACE = 20


@dataclass(frozen=True)
class Needs:
    """What a worker asks of the machine that runs it; ``local`` heeds ``time_limit`` alone.

    ``cpu_limit``: how many of the node's processors it may use while they are idle; 0 for no more than its ``cpus``.
    ``memory``, ``shm`` (a memory-backed /dev/shm) and ``disk`` (scratch on the node's own disk, empty for no bound; Kubernetes
    only) are Kubernetes quantities such as 16Gi; ``gpus`` and ``processes`` count per node; ``time_limit`` is in seconds, 0
    for none. ``secret``: the Kubernetes Secret whose keys become its environment, empty for the launcher's. ``volumes`` and
    ``volume_mounts`` (as Kubernetes has them) come to those of the launcher.
    """

    image: str = ""
    cpus: float = 1.0
    cpu_limit: float = 0.0
    memory: str = "4Gi"
    shm: str = "1Gi"
    gpus: int = 0
    nodes: int = 1
    processes: int = 1
    time_limit: int = 0
    disk: str = ""
    secret: str = ""
    volumes: Sequence[Mapping[str, Any]] = ()
    volume_mounts: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True)
class Job:
    """One worker's work. ``asset``, ``partition`` and ``key`` say what it computes, under the store's ``root``.

    ``name`` is what messages call it, ``module`` the program, ``extras`` what the program is given (JSON). ``made`` says
    whether the result has been committed by now, by whomever; None where only the worker's own messages can tell.
    """

    name: str
    module: str
    asset: str
    partition: str = ""
    key: str = ""
    root: str = ""
    extras: Mapping[str, Any] = field(default_factory=dict)
    needs: Needs = field(default_factory=Needs)
    made: Callable[[], bool] | None = None


def quote(tail: list[str]) -> str:
    """The end of a worker's output, as a failure message shows it."""
    return "The end of its output:\n" + ("\n".join(tail[-TAIL_LINES:]) or "(it printed nothing)")


def own_words(code: int, tail: Sequence[str]) -> str | None:
    """The one line with which a worker ended that knew why; its exit code says that there is one."""
    if code not in (EXIT_USER_ERROR, EXIT_PASSING_ERROR):
        return None
    said = [line.removeprefix(OWN) for line in tail if line.startswith(OWN)]
    return said[-1].rstrip() if said else None


def explain(code: int, tail: list[str]) -> str:
    """What a worker's exit status means, in words a person can act on, with the end of its output."""
    if (said := own_words(code, tail)) is not None:
        return said
    if code == -signal.SIGKILL:
        why = f"was killed (SIGKILL): out of memory, most often; give it a smaller batch or a larger machine. {KEPT}"
        if not tail:
            return f"The worker {why}"
    elif code == -signal.SIGXCPU:
        why = "was ended by SIGXCPU: the chat template of its model runs too long; name another model, or raise `ulimit -t`"
    elif code < 0:
        why = f"was ended by {signal.Signals(-code).name}"
    else:
        why = f"ended with exit code {code}"
    return f"The worker {why}. {quote(tail)}"
