"""Bytes of pipes and of files that may still grow: read with time-outs, and given up as soon as nobody wants them."""

import errno
import fcntl
import os
import select
import signal
import stat
import sys
import threading
import time
from typing import Protocol

from livecc_assets.core.errors import MediaError, UserError
from livecc_assets.media.live_address import Address, LiveReport, Waits

#: Seconds after which a waiting reader looks whether it is still wanted.
_LOOK_UP = 0.1


class StoppedError(Exception):
    """Nobody wants the source any more."""


class BrokenOffError(Exception):
    """A source broke off; it may be opened again."""


class ByteSource(Protocol):
    """What FFmpeg reads from: a file object. ``seek`` and ``tell`` are asked for only where ``seekable()``."""

    def read(self, count: int) -> bytes:
        """Up to ``count`` bytes, none at the end. Raises MediaError("timed_out"), BrokenOffError, StoppedError."""
        ...

    def seekable(self) -> bool:
        """Whether the source can be read from another place."""
        ...

    def close(self) -> None:
        """Closes the source."""
        ...


def timed_out(name: str, seconds: float, anything: bool) -> MediaError:
    """The error of a source that is silent."""
    what = "nothing more" if anything else "nothing"
    return MediaError("timed_out", f"{name} delivered {what} for {seconds:g} s; check that its writer runs")


class PipeBytes:
    """Standard input or a FIFO. It ends where its writer closes it."""

    def __init__(self, address: Address, waits: Waits, stop: threading.Event) -> None:
        self._name, self._waits, self._stop = address.name, waits, stop
        self._got = False
        if address.uri == "-":
            self._fd = os.dup(sys.stdin.fileno())
            if os.isatty(self._fd):
                os.close(self._fd)
                raise UserError("standard input is a terminal; pipe a video into it")
        else:
            # Opened so, a FIFO without a writer does not hold us up.
            self._fd = os.open(address.uri, os.O_RDONLY | os.O_NONBLOCK)
        self._poll = select.poll()
        self._poll.register(self._fd, select.POLLIN | select.POLLHUP)

    def read(self, count: int) -> bytes:
        """See ByteSource."""
        patience = self._waits.reading if self._got else self._waits.opening
        until = time.monotonic() + patience
        while not self._stop.is_set():
            # A FIFO that no writer has opened yet is silent here, while it reads as ended.
            if self._poll.poll(_LOOK_UP * 1000):
                try:
                    data = os.read(self._fd, count)
                except BlockingIOError:
                    continue
                self._got = self._got or bool(data)
                return data
            if time.monotonic() > until:
                raise timed_out(self._name, patience, self._got)
        raise StoppedError

    def seekable(self) -> bool:
        """Never."""
        return False

    def close(self) -> None:
        """Closes this end of the pipe."""
        os.close(self._fd)


class FileBytes:
    """A regular file. While somebody writes it, its end is waited for and nothing is sought.

    It is complete when nobody holds it open for writing; where it grew under our eyes, after ``waits.quiet`` seconds more.
    """

    def __init__(self, address: Address, waits: Waits, stop: threading.Event, report: LiveReport) -> None:
        self._name, self._waits, self._stop, self._report = address.name, waits, stop, report
        self._fd = os.dup(sys.stdin.fileno()) if address.uri == "-" else os.open(address.uri, os.O_RDONLY)
        self.growing = is_being_written(self._fd)
        self._at, self._grew, self._size = 0, False, self._length()

    def read(self, count: int) -> bytes:
        """See ByteSource."""
        data = os.pread(self._fd, count, self._at)
        if not data and (self.growing or self._length() != self._size):
            data = self._wait(count)
        self._at += len(data)
        return data

    def _wait(self, count: int) -> bytes:
        """What is written next; nothing when nobody writes on."""
        since = time.monotonic()
        while not self._stop.wait(_LOOK_UP):
            written = is_being_written(self._fd)
            if self._length() < self._at:
                self._report.tell(f"{self._name} was cut short by its writer; what was read of it stands")
                return b""
            if data := os.pread(self._fd, count, self._at):
                self._grew = True
                return data
            waited = time.monotonic() - since
            if not written and (waited >= self._waits.quiet or not self._grew):
                return b""
            if waited >= self._waits.reading:
                self._report.tell(f"{self._name} has not grown for {waited:.0f} s; taken as complete")
                return b""
        raise StoppedError

    def _length(self) -> int:
        return os.fstat(self._fd).st_size

    def seekable(self) -> bool:
        """Whether the file is complete: indices at the end of an unfinished one are not there yet."""
        return not self.growing

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Moves to a place."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._length()}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        """The place in bytes."""
        return self._at

    def close(self) -> None:
        """Closes the file."""
        os.close(self._fd)


def is_being_written(fd: int) -> bool:
    """Whether any process has the file of ``fd`` open for writing; False where the system does not tell.

    Linux grants a read lease only on a file that nobody writes. It is given back at once.
    """
    if not hasattr(fcntl, "F_SETLEASE") or not stat.S_ISREG(os.fstat(fd).st_mode):
        return False
    try:
        # A writer that comes in between raises a signal, whose default would end the process; this one is ignored.
        fcntl.fcntl(fd, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN
    return False
