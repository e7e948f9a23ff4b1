"""Time stamps of log lines, by which a stream that was cut is taken up again without a hole or a repeat."""

from datetime import datetime


def nanoseconds(stamp: str) -> int:
    """Nanoseconds since 1970 of an RFC 3339 stamp with any number of decimals and any offset; ValueError for other text.

    As text they do not sort: a node may leave trailing zeros out, and names its own offset.
    """
    seconds, _, rest = stamp.partition(".")
    digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
    whole = datetime.fromisoformat(f"{seconds}{rest[len(digits) :]}")
    if whole.tzinfo is None:
        raise ValueError(f"{stamp}: no offset")
    return int(whole.timestamp()) * 10**9 + int(f"{digits:0<9}"[:9] if digits else 0)


class Resumed:
    """Lines of one source over several streams: each new stream repeats some of what the one before it gave."""

    def __init__(self) -> None:
        #: Nanoseconds of the newest line so far, 0 before the first.
        self.newest = 0
        self._resumed = 0

    def reopened(self) -> None:
        """A new stream begins: what is not newer than now's newest line was seen already."""
        self._resumed = self.newest

    def new(self, raw: bytes) -> str | None:
        """The text of a line ``STAMP TEXT``, or None where it was seen before the stream was cut.

        Within one stream stamps may step back a little, for the two outputs of a process are read side by side.
        """
        stamp, _, line = raw.decode(errors="replace").rstrip("\n").partition(" ")
        try:
            at = nanoseconds(stamp)
        except ValueError:  # a line of the engine's own
            return f"{stamp} {line}".rstrip()
        if at <= self._resumed:
            return None
        self.newest = max(self.newest, at)
        return line
