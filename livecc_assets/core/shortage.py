"""What runs out (space, memory, open files, threads), as one line: what, where, and what to do.

Libraries say it in many ways, and it often ends as the cause of another error. So the doors at which errors become lines
(the command, a worker's entry, a step) ask here, and nothing in between need know.
"""

import errno
import mmap
import os
import re
import resource
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from livecc_assets.core.errors import UserError
from livecc_assets.core.folders import as_unwritable, setting_of, state_folders
from livecc_assets.core.text import brief

#: Starts the notes of an exception that say where the work was (``BaseException.add_note``).
AT = "livecc at: "
KEPT = "Then run this again; what is finished is kept"

_SPACE, _QUOTA, _SIZE = "out of disk space", "out of disk quota", "over the allowed size of a file"
_MEMORY, _GPU = "out of memory", "out of GPU memory"
_DATABASE = "a database cannot be written"
_FILES, _THREADS = "out of open files", "out of threads or processes"
_NUMBERS = {
    errno.ENOSPC: _SPACE,
    errno.EDQUOT: _QUOTA,
    errno.EFBIG: _SIZE,
    errno.ENOMEM: _MEMORY,
    errno.EMFILE: _FILES,
    errno.ENFILE: _FILES,
    errno.EAGAIN: _THREADS,  # of a fork; nothing here reads without waiting
}
_SQLITE = {sqlite3.SQLITE_FULL: _SPACE, sqlite3.SQLITE_NOMEM: _MEMORY}
#: How Rust ends what the system said. Its libraries (safetensors, tokenizers) raise classes of their own, or none in particular.
_RUST = re.compile(r"\(os error (\d+)\)$")
#: What other native code says in words alone: torch and its oneDNN, CTranslate2, the loader of shared libraries.
_WORDS = {
    _GPU: re.compile(r"CUDA out of memory|CUDA error: out of memory|CUDA failed with error out of memory"),
    _MEMORY: re.compile(
        r"can't allocate memory|Cannot allocate memory|bad_alloc|failed to map segment|could not create a primitive"
    ),
    _THREADS: re.compile(r"can't start new thread|Resource temporarily unavailable"),
    _SPACE: re.compile(r"No space left on device|database or disk is full"),
    _QUOTA: re.compile(r"Disk quota exceeded"),
    _SIZE: re.compile(r"File too large"),
    _FILES: re.compile(r"Too many open files"),
}
_REMEDIES = {
    _SPACE: "free space there, or name a folder with more room{setting}",
    _QUOTA: "free space or raise the quota there, or name another folder{setting}",
    _SIZE: "raise the limit on the size of a file (ulimit -f)",
    _DATABASE: "look after the disk that holds it: its room, its quota, its health",
    _MEMORY: "end other programs, raise the limit (ulimit -v, or the container's), or use a larger machine or smaller batches",
    _GPU: "end what else uses the GPU, or use a larger one or smaller batches",
    _FILES: "raise the limit on open files (ulimit -n)",
    # A thread takes memory, too, and the system says the same of either.
    _THREADS: "raise the limit on processes or memory (ulimit -u, ulimit -v, or the container's)",
}
#: How ``tempfile`` says that none of its candidates takes a byte, whatever the reason.
_NO_TEMPORARY = "No usable temporary directory"
#: Room below which a folder counts as full, where an error does not say which one is.
_FULL = 1 << 20


class ShortageError(UserError):
    """Something ran out, and the same work succeeds once there is more of it."""


def as_line(error: BaseException) -> UserError | None:
    """The line for an error that a shortage or an unwritable place brought about, at whatever remove; else None."""
    chain = list(_chain(error))
    if (found := next((one for one in chain if isinstance(one, ShortageError)), None)) is not None:
        return found
    for one in chain:
        if what := _what(one):
            return ShortageError(_line(what, one, chain))
        if isinstance(one, FileNotFoundError) and _NO_TEMPORARY in str(one):
            return ShortageError(f"{one}; free space there, or name a folder with room in TMPDIR. {KEPT}")
    if isinstance(error, UserError):
        return None
    told = (as_unwritable(one) for one in chain if isinstance(one, OSError))
    return next((line for line in told if line is not None), None)


def raise_if_short(error: BaseException) -> None:
    """Raise ShortageError where one brought this error about: what it says of a file or a row is not so."""
    for one in _chain(error):
        if what := _what(one):
            raise ShortageError(_line(what, one, [one])) from error


@contextmanager
def writing(path: Path | str) -> Iterator[None]:
    """Around writes to an open file: the system's errors do not name it, and so get its name here."""
    try:
        yield
    except OSError as error:
        if error.errno is not None and error.filename is None:  # one without a number would be told as "None"
            error.filename = str(path)
        raise


def has_room(size: int) -> bool:
    """Whether this process can still get so much memory, and one more thread."""
    try:
        mmap.mmap(-1, size).close()
        thread = threading.Thread(target=int)
        thread.start()
        thread.join()
    except (OSError, MemoryError, RuntimeError):
        return False
    return True


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and all that led to it. Libraries keep a database's error as ``orig``."""
    seen, waiting = list[BaseException](), [error]
    while waiting:
        one = waiting.pop(0)
        if one in seen:
            continue
        seen.append(one)
        yield one
        waiting += [
            next
            for next in (one.__cause__, one.__context__, getattr(one, "orig", None))
            if isinstance(next, BaseException)
        ]


def _what(error: BaseException) -> str | None:
    """What ran out, by the error itself."""
    if isinstance(error, UserError):
        return None  # its words quote others'
    if type(error).__name__ == "OutOfMemoryError":  # torch's, of a GPU
        return _GPU
    if isinstance(error, MemoryError):
        return _MEMORY
    if isinstance(error, sqlite3.Error):
        return _of_database(error)
    if isinstance(error, OSError) and error.errno is not None:
        return _NUMBERS.get(error.errno)
    if found := _RUST.search(str(error)):
        return _NUMBERS.get(int(found[1]))
    if isinstance(error, RuntimeError | OSError | ImportError):
        return next((what for what, words in _WORDS.items() if words.search(str(error))), None)
    return None


def _of_database(error: sqlite3.Error) -> str | None:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the rest says more of the same
    if code in _SQLITE:
        return _SQLITE[code]
    if code not in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR):
        return None
    # SQLite does not say why. A process at its limit of open files still is.
    try:
        os.close(os.open(os.devnull, os.O_RDONLY))
    except OSError as why:
        return _NUMBERS.get(why.errno or 0)
    if code == sqlite3.SQLITE_CANTOPEN:
        return None
    limited = resource.getrlimit(resource.RLIMIT_FSIZE)[0] != resource.RLIM_INFINITY
    return _SIZE if limited else _SPACE if _full() else _DATABASE


def _line(what: str, error: BaseException, chain: list[BaseException]) -> str:
    path = _path(error, what)
    where = f" in {path}" if path and what in (_SPACE, _QUOTA, _SIZE) else f" at {path}" if path else ""
    name = (setting_of(path) or ("",))[0] if path else ""
    remedy = _REMEDIES[what].format(setting=f" in {name}" if name else "")
    notes = [note.removeprefix(AT) for one in chain for note in getattr(one, "__notes__", ()) if note.startswith(AT)]
    at = f", {notes[-1]}" if notes else ""
    return f"{what}{where}{at} ({brief(_why(error))}); {remedy}. {KEPT}"


def _why(error: BaseException) -> str:
    lines = str(error).strip().split("\n")
    telling = (line for line in lines if any(words.search(line) for words in _WORDS.values()))
    return getattr(error, "strerror", None) or next(telling, lines[0]) or type(error).__name__


def _path(error: BaseException, what: str) -> Path | None:
    name = getattr(error, "filename", None)
    if isinstance(name, str | os.PathLike) and str(name):
        return Path(name)
    return _full() if what == _SPACE else None


def _full() -> Path | None:
    """The first of the project's folders whose disk has no room left, or the one for temporary files."""
    for folder in (*(folder for _, folder in state_folders()), Path(os.environ.get("TMPDIR") or "/tmp")):
        try:
            if shutil.disk_usage(folder).free < _FULL:
                return folder
        except OSError:
            continue
    return None
