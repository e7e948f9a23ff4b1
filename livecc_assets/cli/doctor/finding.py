"""What the doctor finds."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing looked at: whether it is there, what was found, and what to do when it is not."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""
    required: bool = False
