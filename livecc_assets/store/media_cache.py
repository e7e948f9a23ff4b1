"""Local copies of remote media: a folder with a bound, which the processes of a machine share."""

import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from filelock import FileLock, Timeout

from livecc_assets.core.errors import UserError
from livecc_assets.core.text import shortened

#: Environment variable with the bound, in bytes, and the bound without it.
VARIABLE, DEFAULT_BYTES = "LIVECC_MEDIA_CACHE_BYTES", 20 * 1024**3
#: Seconds for which a copy that was asked for is left alone: whoever asked may not have opened it yet.
MOMENTS_SEC = 60.0
#: Part of the bound that is filled after copies were deleted, so that they are not looked at for every new one.
_AFTERWARDS = 0.9
_NAME_BYTES = 200


def media_cache() -> Path:
    """Folder for local copies of remote media (``LIVECC_HOME``/cache/media)."""
    return Path(os.environ.get("LIVECC_HOME", ".livecc")).resolve() / "cache" / "media"


def cache_bytes() -> int:
    """The bound, in bytes. Raises UserError when the environment holds no such number."""
    text = os.environ.get(VARIABLE, "").strip()
    if not text:
        return DEFAULT_BYTES
    if not (text.isascii() and text.isdecimal() and int(text)):
        raise UserError(f"{VARIABLE}={text}: is no number of bytes; write one such as {DEFAULT_BYTES}, or unset it")
    return int(text)


def cached(identity: str, name: str, size: int, fill: Callable[[BinaryIO], object]) -> Path:
    """A local file with the content that ``identity`` stands for; the first who asks has ``fill`` write its ``size`` bytes.

    Where it would pass the bound, copies that were not asked for the longest are deleted first, but none that is open in a
    process of this machine or was asked for less than ``MOMENTS_SEC`` ago: then the bound is passed. So open the file at once,
    and ask anew before opening it anew, or keep it :func:`held`. Processes and threads that ask for the same file wait for its
    first copy.
    """
    cache, key = media_cache(), sha256(identity.encode()).hexdigest()[:32]
    target = cache / key / (shortened(name, _NAME_BYTES) or "object")
    for folder in (target.parent.parent, _partial(cache), _locks(cache)):
        folder.mkdir(parents=True, exist_ok=True)
    with _all(cache):
        if _used_now(target):
            return target
    with _filling(cache, key):
        with _all(cache):
            if _used_now(target):
                return target
            _make_room(cache, key, size)
            staged = _partial(cache) / f"{key}-{size}-{secrets.token_hex(4)}"
            staged.touch()
        try:
            with staged.open("wb") as file:
                fill(file)
            with _all(cache):
                target.parent.mkdir(exist_ok=True)
                staged.replace(target)
        finally:
            staged.unlink(missing_ok=True)
    return target


@contextmanager
def held(path: str | Path) -> Iterator[None]:
    """While this lasts a copy is not deleted: it is open here. Whatever else a path or an address names is let be."""
    if media_cache() not in Path(path).parents:
        yield
        return
    with open(path, "rb"):
        yield


def _partial(cache: Path) -> Path:
    """Where copies are written; a name says whose and how large the copy will be."""
    return cache / ".partial"


def _locks(cache: Path) -> Path:
    return cache / ".locks"


def _all(cache: Path) -> FileLock:
    """Held for moments: while copies are counted, deleted, marked as used and given their names."""
    return FileLock(_locks(cache) / "all", poll_interval=0.01)


def _filling(cache: Path, key: str) -> FileLock:
    """Held while a copy is written; its death frees it. A few files serve all copies, so that none has to be deleted."""
    return FileLock(_locks(cache) / key[:2])


def _used_now(target: Path) -> bool:
    """Whether there is such a copy, which then counts as used."""
    try:
        os.utime(target)
    except FileNotFoundError:
        return False
    return True


@dataclass(frozen=True, order=True)
class _Copy:
    used: float
    size: int
    path: Path


def _copies(cache: Path) -> Iterator[_Copy]:
    """Copies that are whole."""
    for folder in os.scandir(cache):
        if folder.name.startswith("."):
            continue
        with suppress(OSError):  # whatever else lies there
            for file in os.scandir(folder.path):
                about = file.stat(follow_symlinks=False)
                yield _Copy(about.st_mtime, about.st_size, Path(file.path))


def _reserved(cache: Path, own: str) -> int:
    """Bytes of the copies that others are writing. What a process left that died meanwhile is deleted.

    ``own`` is a key whose lock is held here: nobody else writes what belongs to that lock.
    """
    total = 0
    for file in _partial(cache).glob("*-*-*"):
        key, size, _ = file.name.split("-")
        if key[:2] == own[:2]:
            file.unlink(missing_ok=True)
            continue
        try:
            with _filling(cache, key).acquire(blocking=False):
                file.unlink(missing_ok=True)
        except Timeout:
            total += int(size)
    return total


def _make_room(cache: Path, key: str, size: int) -> None:
    """Count ``size`` bytes more. The copies themselves are looked at only when the noted sum would pass the bound.

    The sum is never too small: what fails to come, or is taken away by others, stays in it until then.
    """
    note, bound = cache / ".bytes", cache_bytes()
    try:
        total = int(note.read_text()) + size
    except (FileNotFoundError, ValueError):
        total = bound + 1
    if total > bound:
        copies = sorted(_copies(cache))
        total = sum(copy.size for copy in copies) + _reserved(cache, key) + size
        if total > bound:
            total -= _delete(copies, total - int(bound * _AFTERWARDS))
    note.write_text(str(total))


def _delete(copies: list[_Copy], excess: int) -> int:
    """Delete the first of ``copies`` that are not in use, until they had ``excess`` bytes; returns their bytes."""
    in_use, now, gone = _open_files(), time.time(), 0
    for copy in copies:
        if gone >= excess or now - copy.used < MOMENTS_SEC:
            break
        if str(copy.path) in in_use:
            continue
        with suppress(OSError):  # of another user, it is not ours to delete
            copy.path.unlink()
            gone += copy.size
            copy.path.parent.rmdir()
    return gone


def _open_files() -> set[str]:
    """Paths of the files that are open in this process, and in others as far as the system shows them."""
    found: set[str] = set()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it ended, or is another user's
            for number in os.scandir(process / "fd"):
                with suppress(OSError):
                    found.add(os.readlink(number.path))
    return found
