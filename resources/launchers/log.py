"""What a worker prints, on its way from where it runs to the reader and to the store."""

import contextlib
import sys
import tempfile
import threading
from collections import deque
from pathlib import Path

from livecc_assets.core.redaction import redact
from livecc_assets.store.blobs import Blobs
from resources.launchers.base import TAIL_LINES


class Log:
    """A worker's output without secrets: shown as it comes, its end kept for a failure text, all of it for the store."""

    def __init__(self, shown: bool = True) -> None:
        self.tail: deque[str] = deque(maxlen=TAIL_LINES)
        self._shown = shown
        self._file = tempfile.NamedTemporaryFile("w", suffix=".log", errors="replace")  # noqa: SIM115
        self._lock = threading.Lock()

    def add(self, line: str) -> None:
        """One line, without its end."""
        line = redact(line)
        with self._lock:
            self.tail.append(line)
            with contextlib.suppress(OSError):  # a full disk costs the copy in the store, not the worker
                self._file.write(line + "\n")
        if self._shown:
            sys.stderr.write(line + "\n")
            sys.stderr.flush()

    def keep(self, blobs: Blobs, key: str) -> None:
        """Store what was said so far."""
        with self._lock:
            self._file.flush()
            if Path(self._file.name).stat().st_size:
                blobs.upload(Path(self._file.name), key)

    def close(self) -> None:
        """Drop the local copy."""
        self._file.close()
