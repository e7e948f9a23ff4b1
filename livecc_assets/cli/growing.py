"""A file that grows while a command works, so that an interrupt, an error or a kill loses nothing that was written."""

import os
import stat
import sys
import tempfile
import time
from pathlib import Path
from typing import TextIO

from livecc_assets.cli.targets import is_stdout, special
from livecc_assets.core.shortage import writing

#: Seconds between two calls that have the disk keep what was written, for a power cut.
_SYNC_EVERY = 1.0


class GrowingFile:
    """Standard output, or a file that has its name from the first piece on.

    A file that stood there is replaced in one move by one that holds the first piece. Each piece is handed to the system
    at once, and so a reader sees whole pieces. A pipe or a device is written to as it is.
    """

    def __init__(self, out: str | Path | None) -> None:
        self.path = None
        if out is not None and not is_stdout(out):
            # What a link in /proc/self/fd leads to may have no name.
            self.path = Path(out) if special(Path(out)) else Path(out).resolve()
        self._file: TextIO | None = None
        self._synced = 0.0

    @property
    def begun(self) -> bool:
        """Whether anything was written."""
        return self._file is not None

    def write(self, piece: str) -> None:
        """Add a piece. Raises OSError naming the file."""
        if self.path is None:
            self._file = sys.stdout
            sys.stdout.write(piece)
            sys.stdout.flush()
            return
        with writing(self.path):
            if self._file is None:
                self._file = self._first(self.path, piece)
            else:
                self._file.write(piece)
                self._file.flush()
            if time.monotonic() - self._synced >= _SYNC_EVERY:
                self._sync(self._file)

    def close(self) -> None:
        """Nothing more comes; what was written is on the disk. A second call does nothing."""
        if self._file is not None and self.path is not None and not self._file.closed:
            with writing(self.path), self._file:
                self._sync(self._file)

    def _sync(self, file: TextIO) -> None:
        if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            os.fsync(file.fileno())
        self._synced = time.monotonic()

    @staticmethod
    def _first(path: Path, piece: str) -> TextIO:
        if special(path):
            file: TextIO = open(path, "w", encoding="utf-8")  # noqa: SIM115 (closed with the object)
            file.write(piece)
            file.flush()
            return file
        fd, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        file = open(fd, "w", encoding="utf-8")  # noqa: SIM115
        try:
            file.write(piece)
            file.flush()
            mask = os.umask(0)
            os.umask(mask)
            os.chmod(name, 0o666 & ~mask)  # temporary files are private; the result is as any other file
            os.replace(name, path)
        except BaseException:
            file.close()
            os.unlink(name)
            raise
        return file
