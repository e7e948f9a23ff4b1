"""When a folder's files rest, by the sensor's own looks: their times say nothing, since ``cp -p`` keeps them."""

import math

from jobs.inbox.cursor import Waiting
from livecc_assets.core.environment import whole_number

#: Seconds for which a folder's listing must have been the same. A writer may pause for a minute between two files.
SETTLED, SETTLED_VARIABLE = 90, "LIVECC_INBOX_SETTLED"


def settled_seconds() -> int:
    """The seconds in force. Raises UserError when the environment holds no such number."""
    remedy = "write for how many seconds a folder's files must stay the same, 0 for no wait"
    return whole_number(SETTLED_VARIABLE, SETTLED, remedy)


def observed(before: Waiting, digest: str, now: float) -> Waiting:
    """What to remember of a folder after a look at it. A clock that was set back starts the wait anew."""
    return before if before.digest == digest and before.since <= now else Waiting(digest, now)


def still_waits(before: Waiting, after: Waiting, now: float, settled: int) -> str:
    """Why a folder is not ready at this look, for people; empty when its files rest."""
    left = after.since + settled - now
    if left <= 0:
        return ""
    return "its files change" if before.digest not in ("", after.digest) else f"settles in {math.ceil(left)} s"
